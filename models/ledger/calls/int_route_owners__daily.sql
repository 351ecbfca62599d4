-- One row per business day, route and team, with the route's whole cost beside the team's: who answers for a route.
select
    request_date,
    route_id,
    coalesce(team_id, 'unattributed') as team_id,
    cast(sum(coalesce(request_cost_usd, 0)) as decimal(38, 12)) as cost_usd,
    cast(
        sum(sum(coalesce(request_cost_usd, 0))) over (partition by request_date, route_id) as decimal(38, 12)
    ) as route_cost_usd
from {{ ref('fct_requests') }}
group by
    request_date,
    route_id,
    coalesce(team_id, 'unattributed')
