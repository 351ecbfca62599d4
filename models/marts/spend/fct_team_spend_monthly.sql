with

monthly as (

    select
        cast(date_trunc('month', date) as date) as month,
        team_id,
        sum(cost_usd) as cost_usd,
        sum(case when cost_layer = 'managed_api' then cost_usd else 0 end) as managed_api_cost_usd,
        sum(case when cost_layer = 'self_hosted_inference' then cost_usd else 0 end) as self_hosted_inference_cost_usd,
        sum(case when cost_layer = 'training' then cost_usd else 0 end) as training_cost_usd,
        sum(tokens) as tokens,
        sum(request_count) as request_count,
        sum(unpriced_request_count) as unpriced_request_count,
        sum(unpriced_gpu_hours) as unpriced_gpu_hours
    from {{ ref('fct_cost_daily') }}
    group by
        cast(date_trunc('month', date) as date),
        team_id

),

months as (

    select distinct month
    from monthly

),

teams as (

    select distinct team_id
    from monthly

),

-- A team that stopped spending still has a row: its change is what it no longer costs. Unattributed always has one.
spine as (

    select
        months.month,
        teams.team_id
    from months
    cross join teams
    union
    select
        month,
        'unattributed' as team_id
    from months

),

filled as (

    select
        spine.month,
        spine.team_id,
        -- No row: nothing was spent. A row without a cost: what was used has no price.
        case when monthly.team_id is not null then monthly.cost_usd else 0 end as cost_usd,
        coalesce(monthly.managed_api_cost_usd, 0) as managed_api_cost_usd,
        coalesce(monthly.self_hosted_inference_cost_usd, 0) as self_hosted_inference_cost_usd,
        coalesce(monthly.training_cost_usd, 0) as training_cost_usd,
        coalesce(monthly.tokens, 0) as tokens,
        coalesce(monthly.request_count, 0) as request_count,
        coalesce(monthly.unpriced_request_count, 0) as unpriced_request_count,
        coalesce(monthly.unpriced_gpu_hours, 0) as unpriced_gpu_hours,
        coalesce(previous_monthly.cost_usd, 0) as earlier_cost_usd,
        -- Null in the first month of the data: there is nothing to compare with.
        case
            when previous_monthly.team_id is not null then previous_monthly.cost_usd
            when previous.month is not null then 0
        end as previous_cost_usd,
        sum(coalesce(monthly.cost_usd, 0)) over (partition by spine.month) as total_cost_usd
    from spine
    left join monthly on spine.month = monthly.month and spine.team_id = monthly.team_id
    left join months as previous on cast(spine.month - interval '1' month as date) = previous.month
    left join monthly as previous_monthly
        on previous.month = previous_monthly.month and spine.team_id = previous_monthly.team_id

)

select
    filled.month,
    filled.team_id,
    case when filled.team_id = 'unattributed' then 'Unattributed' else coalesce(teams.team_name, filled.team_id) end as team_name,
    teams.cost_center,
    cast(filled.cost_usd as decimal(38, 12)) as cost_usd,
    cast(filled.managed_api_cost_usd as decimal(38, 12)) as managed_api_cost_usd,
    cast(filled.self_hosted_inference_cost_usd as decimal(38, 12)) as self_hosted_inference_cost_usd,
    cast(filled.training_cost_usd as decimal(38, 12)) as training_cost_usd,
    cast(filled.previous_cost_usd as decimal(38, 12)) as previous_cost_usd,
    cast(filled.cost_usd - filled.previous_cost_usd as decimal(38, 12)) as change_usd,
    {{ share('filled.cost_usd - filled.previous_cost_usd', 'filled.previous_cost_usd') }} as change_share,
    {{ share('filled.cost_usd', 'filled.total_cost_usd') }} as share_of_total,
    cast(filled.tokens as bigint) as tokens,
    cast(filled.request_count as bigint) as request_count,
    cast(filled.unpriced_request_count as bigint) as unpriced_request_count,
    cast(filled.unpriced_gpu_hours as decimal(38, 12)) as unpriced_gpu_hours
from filled
left join {{ ref('dim_teams') }} as teams on filled.team_id = teams.team_id
where
    filled.cost_usd != 0
    or filled.earlier_cost_usd != 0
    or filled.cost_usd is null
    or filled.request_count > 0
    or filled.team_id = 'unattributed'
