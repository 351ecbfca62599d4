-- One row per month: what all teams are charged.
select
    strftime(month, '%Y-%m') as month_id,
    strftime(month, '%b %Y') as month_name,
    sum(total_usd) as total_usd,
    sum(booked_usd) as booked_usd,
    sum(direct_cost_usd) as direct_cost_usd,
    summed_usd(sum(shared_cost_usd)) as shared_cost_usd,
    summed_usd(sum(unattributed_share_usd)) as unattributed_share_usd
from marts.fct_chargeback_monthly
group by all
order by month_id
