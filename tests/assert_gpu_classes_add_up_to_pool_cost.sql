-- Promise 5: the classes of a pool's GPU hours, or the hours of its jobs where it has no telemetry, are its cost, exactly.
-- A pool and month on one side only is a failure as well.
with

classes as (

    select
        cast(date_trunc('month', {{ business_date('hour') }}) as date) as month,
        pool_id,
        sum(gpu_hours) as gpu_hours,
        sum(cost_usd) as cost_usd
    from {{ ref('fct_gpu_hours_classified') }}
    group by
        cast(date_trunc('month', {{ business_date('hour') }}) as date),
        pool_id

),

jobs as (

    select
        cast(date_trunc('month', usage_date) as date) as month,
        pool_id,
        sum(gpu_hours) as gpu_hours,
        sum(cost_usd) as cost_usd
    from {{ ref('int_training_jobs__hours') }}
    group by
        cast(date_trunc('month', usage_date) as date),
        pool_id

),

parts as (

    select * from classes
    union all
    select jobs.*
    from jobs
    left join classes on jobs.month = classes.month and jobs.pool_id = classes.pool_id
    where classes.pool_id is null

),

pools as (

    select * from {{ ref('fct_gpu_pools_monthly') }}

)

select
    coalesce(pools.month, parts.month) as month,
    coalesce(pools.pool_id, parts.pool_id) as pool_id,
    pools.cost_usd as pool_cost_usd,
    parts.cost_usd as parts_cost_usd,
    pools.gpu_hours as pool_gpu_hours,
    parts.gpu_hours as parts_gpu_hours
from pools
full outer join parts on pools.month = parts.month and pools.pool_id = parts.pool_id
where
    pools.pool_id is null
    or parts.pool_id is null
    or pools.gpu_hours != parts.gpu_hours
    or coalesce(pools.cost_usd, -1) != coalesce(parts.cost_usd, -1)
