with

models as (

    select * from {{ ref('int_routes__right_sized') }}

),

ranked as (

    select
        *,
        row_number() over (partition by month, route_id order by cost_usd desc, provider, model) as cost_rank,
        row_number() over (
            partition by month, route_id
            order by cost_usd - candidate_cost_usd desc, cost_usd desc, provider, model
        ) as overspend_rank
    from models

),

by_route as (

    select
        month,
        route_id,
        max(case when cost_rank = 1 then provider end) as provider,
        max(case when cost_rank = 1 then model end) as model,
        max(case when overspend_rank = 1 then candidate_model end) as candidate_model,
        cast(sum(tokens) as bigint) as tokens,
        sum(cost_usd) as cost_usd,
        sum(candidate_cost_usd) as candidate_cost_usd,
        max(case when overspend_rank = 1 and is_proven then 1 else 0 end) = 1 as is_proven,
        max(case when overspend_rank = 1 then evidence_level end) as evidence_level
    from ranked
    group by
        month,
        route_id

),

judged as (

    select
        by_route.*,
        routes.feature_name,
        routes.workflow_name,
        routes.task_class,
        routes.minimum_tier,
        routes.justification,
        routes.justified_until,
        coalesce(
            routes.justification is not null
            and (routes.justified_until is null or routes.justified_until >= by_route.month),
            false
        ) as is_justified
    from by_route
    inner join {{ ref('dim_routes') }} as routes on by_route.route_id = routes.route_id

)

select
    month,
    route_id,
    feature_name,
    workflow_name,
    task_class,
    minimum_tier,
    provider,
    model,
    case when is_justified then model else coalesce(candidate_model, model) end as right_sized_model,
    tokens,
    cast(cost_usd as decimal(38, 12)) as current_cost_usd,
    cast(case when is_justified then cost_usd else candidate_cost_usd end as decimal(38, 12)) as right_sized_cost_usd,
    cast(case when is_justified then 0 else cost_usd - candidate_cost_usd end as decimal(38, 12)) as overspend_usd,
    coalesce(
        {{ share('cost_usd', 'case when is_justified then cost_usd else candidate_cost_usd end') }}, 1
    ) as overspend_multiple,
    -- What a justified route pays above the smaller model: known, accepted and kept out of the overspend.
    cast(case when is_justified then cost_usd - candidate_cost_usd else 0 end as decimal(38, 12)) as justified_premium_usd,
    case
        when is_justified then 'justified'
        when minimum_tier is null then 'unclassified'
        when cost_usd <= candidate_cost_usd then 'right_sized'
        when is_proven then 'proven'
        else 'candidate'
    end as verdict,
    case when not is_justified and cost_usd > candidate_cost_usd then cast(evidence_level as integer) end as evidence_level,
    justification,
    justified_until
from judged
