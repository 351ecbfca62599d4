-- How fine a provider's bill could be matched in a month, and why not finer.
select distinct
    strftime(month, '%Y-%m') as month_id,
    provider as provider_id,
    match_grain,
    coarser_because
from marts.fct_three_way_match
order by all
