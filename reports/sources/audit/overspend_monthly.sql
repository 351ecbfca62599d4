-- One row per month and provider, and one for all providers (provider_id '*').
select
    month,
    strftime(month, '%Y-%m') as month_id,
    strftime(month, '%b %Y') as month_name,
    coalesce(provider, '*') as provider_id,
    sum(current_cost_usd) as cost_usd,
    coalesce(sum(overspend_usd) filter (where verdict = 'proven'), 0) as proven_usd,
    coalesce(sum(overspend_usd) filter (where verdict = 'candidate'), 0) as candidate_usd,
    sum(justified_premium_usd) as justified_usd
from marts.fct_route_overspend_monthly
group by grouping sets ((month), (month, provider))
order by month, provider_id
