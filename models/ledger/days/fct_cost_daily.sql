with

requests as (

    select
        request_date as date,
        case when provider = 'self_hosted' then 'self_hosted_inference' else 'managed_api' end as cost_layer,
        provider as provider_or_pool,
        coalesce(team_id, 'unattributed') as team_id,
        coalesce(feature_name, '(none)') as feature_name,
        model,
        request_cost_usd as cost_usd,
        uncached_input_tokens + cache_read_tokens + cache_write_tokens + output_tokens as tokens,
        request_count,
        case when pricing_status = 'unpriced' then request_count else 0 end as unpriced_request_count
    from {{ ref('fct_requests') }}

),

gpu_costs as (

    select
        cost_date as date,
        cost_layer,
        pool_id,
        coalesce(team_id, 'unattributed') as team_id,
        cost_usd,
        gpu_hours,
        unpriced_gpu_hours
    from {{ ref('int_gpu_costs__daily') }}

)

select
    date,
    cost_layer,
    provider_or_pool,
    team_id,
    feature_name,
    model,
    cast(sum(cost_usd) as decimal(38, 12)) as cost_usd,
    cast(sum(tokens) as bigint) as tokens,
    cast(0 as decimal(38, 12)) as gpu_hours,
    cast(sum(request_count) as bigint) as request_count,
    cast(sum(unpriced_request_count) as bigint) as unpriced_request_count,
    cast(0 as decimal(38, 12)) as unpriced_gpu_hours
from requests
group by
    date,
    cost_layer,
    provider_or_pool,
    team_id,
    feature_name,
    model
union all
-- The tokens that a pool serves are those of its requests; they are not counted a second time here.
select
    date,
    cost_layer,
    pool_id as provider_or_pool,
    team_id,
    '(none)' as feature_name,
    '(gpu hours)' as model,
    cast(sum(cost_usd) as decimal(38, 12)) as cost_usd,
    cast(0 as bigint) as tokens,
    cast(sum(gpu_hours) as decimal(38, 12)) as gpu_hours,
    cast(0 as bigint) as request_count,
    cast(0 as bigint) as unpriced_request_count,
    cast(sum(unpriced_gpu_hours) as decimal(38, 12)) as unpriced_gpu_hours
from gpu_costs
group by
    date,
    cost_layer,
    pool_id,
    team_id
