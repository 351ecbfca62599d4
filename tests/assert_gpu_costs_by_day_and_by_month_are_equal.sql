-- Every dollar of a pool's month lies on one of its days, in one layer and with one team.
with

days as (

    select
        cast(date_trunc('month', cost_date) as date) as month,
        pool_id,
        sum(gpu_hours) as gpu_hours,
        sum(cost_usd) as cost_usd
    from {{ ref('int_gpu_costs__daily') }}
    group by
        cast(date_trunc('month', cost_date) as date),
        pool_id

),

pools as (

    select * from {{ ref('fct_gpu_pools_monthly') }}

)

select
    coalesce(pools.month, days.month) as month,
    coalesce(pools.pool_id, days.pool_id) as pool_id,
    pools.cost_usd as monthly_cost_usd,
    days.cost_usd as daily_cost_usd
from pools
full outer join days on pools.month = days.month and pools.pool_id = days.pool_id
where
    pools.pool_id is null
    or days.pool_id is null
    or pools.gpu_hours != days.gpu_hours
    or coalesce(pools.cost_usd, -1) != coalesce(days.cost_usd, -1)
