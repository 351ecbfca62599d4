with

by_team as (

    select
        cast(date_trunc('month', request_date) as date) as month,
        coalesce(tenant_id, '(none)') as tenant_id,
        coalesce(user_id, 'unattributed') as user_id,
        coalesce(team_id, 'unattributed') as team_id,
        sum(coalesce(request_cost_usd, 0)) as cost_usd,
        sum(request_count) as request_count
    from {{ ref('fct_requests') }}
    group by
        cast(date_trunc('month', request_date) as date),
        coalesce(tenant_id, '(none)'),
        coalesce(user_id, 'unattributed'),
        coalesce(team_id, 'unattributed')

),

ranked as (

    select
        *,
        row_number() over (
            partition by month, tenant_id, user_id
            order by cost_usd desc, request_count desc, team_id
        ) as team_rank
    from by_team

),

monthly as (

    select
        month,
        tenant_id,
        user_id,
        -- Requests without a user are those of all teams: no team has them.
        max(case when team_rank = 1 and user_id != 'unattributed' then team_id end) as primary_team_id,
        sum(cost_usd) as cost_usd,
        sum(request_count) as request_count
    from ranked
    group by
        month,
        tenant_id,
        user_id

),

months as (

    select distinct month
    from monthly

),

-- Users of a month and of the month before it: one who stopped has a row that says so.
spine as (

    select
        month,
        tenant_id,
        user_id
    from monthly
    union
    select
        months.month,
        monthly.tenant_id,
        monthly.user_id
    from monthly
    inner join months on cast(monthly.month + interval '1' month as date) = months.month

),

compared as (

    select
        spine.month,
        spine.tenant_id,
        spine.user_id,
        coalesce(monthly.primary_team_id, previous.primary_team_id) as primary_team_id,
        coalesce(monthly.cost_usd, 0) as cost_usd,
        coalesce(monthly.request_count, 0) as request_count,
        case when months.month is not null then coalesce(previous.cost_usd, 0) end as previous_cost_usd
    from spine
    left join monthly
        on spine.month = monthly.month and spine.tenant_id = monthly.tenant_id and spine.user_id = monthly.user_id
    left join months on cast(spine.month - interval '1' month as date) = months.month
    left join monthly as previous
        on
            months.month = previous.month
            and spine.tenant_id = previous.tenant_id
            and spine.user_id = previous.user_id

)

select
    month,
    tenant_id,
    user_id,
    primary_team_id,
    cast(cost_usd as decimal(38, 12)) as cost_usd,
    cast(previous_cost_usd as decimal(38, 12)) as previous_cost_usd,
    cast(cost_usd - previous_cost_usd as decimal(38, 12)) as change_usd,
    cast(request_count as bigint) as request_count,
    {{ per_unit('cost_usd', 'request_count') }} as cost_per_request_usd
from compared
