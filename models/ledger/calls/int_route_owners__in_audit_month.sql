-- One row per route: the team that spent most on it in the audit month.
with

monthly as (

    select
        owners.route_id,
        owners.team_id,
        sum(owners.cost_usd) as cost_usd
    from {{ ref('int_route_owners__daily') }} as owners
    cross join {{ ref('int_audit__period') }} as period
    where cast(date_trunc('month', owners.request_date) as date) = period.audit_month
    group by
        owners.route_id,
        owners.team_id

),

ranked as (

    select
        *,
        row_number() over (partition by route_id order by cost_usd desc, team_id) as cost_rank
    from monthly

)

select
    route_id,
    team_id
from ranked
where cost_rank = 1
