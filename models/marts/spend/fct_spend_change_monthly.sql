with

monthly as (

    select
        cast(date_trunc('month', date) as date) as month,
        team_id,
        cost_layer,
        model,
        feature_name,
        sum(cost_usd) as cost_usd,
        sum(request_count) as request_count,
        sum(unpriced_request_count) as unpriced_request_count,
        sum(unpriced_gpu_hours) as unpriced_gpu_hours
    from {{ ref('fct_cost_daily') }}
    group by
        cast(date_trunc('month', date) as date),
        team_id,
        cost_layer,
        model,
        feature_name

),

months as (

    select distinct month
    from monthly

),

-- What a month and the month before it spent on: what stopped has a row that says so.
spine as (

    select
        month,
        team_id,
        cost_layer,
        model,
        feature_name
    from monthly
    union
    select
        months.month,
        monthly.team_id,
        monthly.cost_layer,
        monthly.model,
        monthly.feature_name
    from monthly
    inner join months on cast(monthly.month + interval '1' month as date) = months.month

),

compared as (

    select
        spine.month,
        spine.team_id,
        spine.cost_layer,
        spine.model,
        spine.feature_name,
        -- No row: nothing was spent. A row without a cost: what was used has no price.
        case when monthly.month is not null then monthly.cost_usd else 0 end as cost_usd,
        -- Null in the first month of the data: there is nothing to compare with.
        case
            when previous.month is not null then previous.cost_usd
            when months.month is not null then 0
        end as previous_cost_usd,
        -- What has no price adds nothing, as in every sum, so that the rows add up to the change of their team.
        case
            when months.month is not null and coalesce(monthly.cost_usd, previous.cost_usd) is not null
                then coalesce(monthly.cost_usd, 0) - coalesce(previous.cost_usd, 0)
        end as change_usd,
        coalesce(monthly.request_count, 0) as request_count,
        coalesce(monthly.unpriced_request_count, 0) as unpriced_request_count,
        coalesce(monthly.unpriced_gpu_hours, 0) as unpriced_gpu_hours
    from spine
    left join monthly
        on
            spine.month = monthly.month
            and spine.team_id = monthly.team_id
            and spine.cost_layer = monthly.cost_layer
            and spine.model = monthly.model
            and spine.feature_name = monthly.feature_name
    left join months on cast(spine.month - interval '1' month as date) = months.month
    left join monthly as previous
        on
            months.month = previous.month
            and spine.team_id = previous.team_id
            and spine.cost_layer = previous.cost_layer
            and spine.model = previous.model
            and spine.feature_name = previous.feature_name

)

select
    month,
    team_id,
    cost_layer,
    model,
    feature_name,
    cast(cost_usd as decimal(38, 12)) as cost_usd,
    cast(previous_cost_usd as decimal(38, 12)) as previous_cost_usd,
    cast(change_usd as decimal(38, 12)) as change_usd,
    cast(request_count as bigint) as request_count,
    cast(unpriced_request_count as bigint) as unpriced_request_count,
    cast(unpriced_gpu_hours as decimal(38, 12)) as unpriced_gpu_hours
from compared
