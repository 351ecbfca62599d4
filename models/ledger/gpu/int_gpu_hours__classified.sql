with

-- The pool's own rate, else the on-demand price of its GPU model that was in force, else no price: never zero.
priced as (

    select
        hours.*,
        gpu_pools.gpu_model as pool_gpu_model,
        cast(coalesce(gpu_pools.usd_per_gpu_hour, prices.usd_per_gpu_hour) as decimal(18, 12)) as usd_per_gpu_hour
    from {{ ref('int_gpu_hours__judged') }} as hours
    left join {{ ref('gpu_pools') }} as gpu_pools on hours.pool_id = gpu_pools.pool_id
    left join {{ ref('int_gpu_prices__in_force') }} as prices
        on
            coalesce(gpu_pools.gpu_model, hours.gpu_model) = prices.gpu_model
            and hours.hour_start_at >= prices.effective_from
            and hours.hour_start_at < prices.effective_until

)

select
    hour_start_at,
    {{ business_date('hour_start_at') }} as usage_date,
    pool_id,
    node_id,
    gpu_id,
    coalesce(pool_gpu_model, gpu_model) as gpu_model,
    team_id,
    job_id,
    class,
    cast(gpu_count as decimal(38, 12)) as gpu_hours,
    usd_per_gpu_hour,
    cast(usd_per_gpu_hour * gpu_count as decimal(38, 12)) as cost_usd,
    reported_cost_usd,
    usd_per_gpu_hour is null as is_unpriced,
    case when class != 'stale_telemetry' then utilization_share end as utilization_share,
    running_requests,
    tokens,
    _source_file,
    _source_row
from priced
