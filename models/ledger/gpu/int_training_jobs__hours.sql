with

jobs as (

    select * from {{ ref('int_training_jobs__timed') }}
    where run_ended_at > started_at

),

clock_hours as (

    select
        {{ each_hour(hour_of('started_at'), hour_of('run_ended_at')) }} as hour_start_at,
        job_id,
        pool_id,
        team_id,
        gpu_model,
        gpu_count,
        started_at,
        run_ended_at,
        progress_ended_at,
        is_orphaned
    from jobs

),

parts as (

    select
        *,
        greatest(hour_start_at, started_at) as part_started_at,
        least(hour_start_at + interval '1' hour, run_ended_at) as part_ended_at
    from clock_hours
    where run_ended_at > hour_start_at

),

measured as (

    select
        *,
        gpu_count * {{ seconds_between('part_started_at', 'part_ended_at') }} as gpu_seconds,
        case
            when is_orphaned and part_ended_at > progress_ended_at
                then gpu_count * {{ seconds_between('greatest(part_started_at, progress_ended_at)', 'part_ended_at') }}
            else 0
        end as waste_gpu_seconds
    from parts

),

-- The pool's own rate, else the on-demand price of its GPU model that was in force, else no price: never zero.
priced as (

    select
        measured.hour_start_at,
        measured.job_id,
        measured.pool_id,
        measured.team_id,
        coalesce(gpu_pools.gpu_model, measured.gpu_model) as gpu_model,
        {{ hours_of_seconds('measured.gpu_seconds') }} as gpu_hours,
        {{ hours_of_seconds('measured.waste_gpu_seconds') }} as waste_gpu_hours,
        cast(coalesce(gpu_pools.usd_per_gpu_hour, prices.usd_per_gpu_hour) as decimal(18, 12)) as usd_per_gpu_hour
    from measured
    left join {{ ref('gpu_pools') }} as gpu_pools on measured.pool_id = gpu_pools.pool_id
    left join {{ ref('int_gpu_prices__in_force') }} as prices
        on
            coalesce(gpu_pools.gpu_model, measured.gpu_model) = prices.gpu_model
            and measured.hour_start_at >= prices.effective_from
            and measured.hour_start_at < prices.effective_until

)

select
    hour_start_at,
    {{ business_date('hour_start_at') }} as usage_date,
    job_id,
    pool_id,
    team_id,
    gpu_model,
    cast(gpu_hours as decimal(38, 12)) as gpu_hours,
    cast(waste_gpu_hours as decimal(38, 12)) as waste_gpu_hours,
    usd_per_gpu_hour,
    cast(gpu_hours * usd_per_gpu_hour as decimal(38, 12)) as cost_usd,
    cast(waste_gpu_hours * usd_per_gpu_hour as decimal(38, 12)) as waste_usd,
    usd_per_gpu_hour is null as is_unpriced
from priced
