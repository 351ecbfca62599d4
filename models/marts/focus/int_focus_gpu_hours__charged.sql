{{ config(materialized='view') }}

with

costs as (

    select
        costs.cost_date as starts_on,
        costs.cost_layer,
        costs.pool_id,
        costs.team_id,
        costs.cost_usd,
        costs.gpu_hours - costs.unpriced_gpu_hours as priced_gpu_hours,
        costs.unpriced_gpu_hours,
        pools.gpu_model,
        pools.purchase
    from {{ ref('int_gpu_costs__daily') }} as costs
    left join {{ ref('gpu_pools') }} as pools on costs.pool_id = pools.pool_id

),

hours as (

    select
        *,
        'gpu_hours' as charge_kind,
        'priced' as pricing_status,
        'gpu_pool' as price_source,
        priced_gpu_hours as quantity,
        cost_usd as charged_usd
    from costs
    where priced_gpu_hours > 0
    union all
    select
        *,
        'unpriced_usage' as charge_kind,
        'unpriced' as pricing_status,
        cast(null as string) as price_source,
        unpriced_gpu_hours as quantity,
        cast(null as decimal(38, 12)) as charged_usd
    from costs
    where unpriced_gpu_hours > 0

)

select
    charge_kind,
    starts_on,
    false as is_monthly,
    'self_hosted' as provider,
    gpu_model as model,
    'gpu_hour' as meter,
    'GPU pool ' || pool_id || ', ' || replace(cost_layer, '_', ' ') as description,
    pool_id,
    purchase,
    team_id,
    pricing_status,
    price_source,
    'gpu_pool/' || pool_id as sku_id,
    'gpu_pool/' || pool_id as sku_price_id,
    quantity,
    'GPU-Hours' as unit,
    {{ per_unit('charged_usd', 'quantity') }} as list_unit_price,
    {{ per_unit('charged_usd', 'quantity') }} as unit_price,
    charged_usd as list_usd,
    charged_usd as cost_usd
from hours
