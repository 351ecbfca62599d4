-- One row per month, provider and team ('*' is all of them). The team is the one that spent most on a route in the audit month.
select
    month,
    strftime(month, '%Y-%m') as month_id,
    strftime(month, '%b %Y') as month_name,
    coalesce(provider, '*') as provider_id,
    case when grouping(owner_team_id) = 1 then '*' else owner_team_id end as team_id,
    sum(current_cost_usd) as cost_usd,
    coalesce(sum(overspend_usd) filter (where verdict = 'proven'), 0) as proven_usd,
    coalesce(sum(overspend_usd) filter (where verdict = 'candidate'), 0) as candidate_usd,
    sum(justified_premium_usd) as justified_usd
from marts.fct_route_overspend_monthly as overspend
inner join marts.dim_routes as routes on overspend.route_id = routes.route_id
group by month, cube (provider, owner_team_id)
order by month, provider_id, team_id
