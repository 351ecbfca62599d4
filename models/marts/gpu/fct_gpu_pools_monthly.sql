with

pool_months as (

    select
        cast(date_trunc('month', cost_date) as date) as month,
        pool_id,
        max(cost_basis) as cost_basis,
        sum(gpu_hours) as gpu_hours,
        sum(cost_usd) as cost_usd,
        sum(unpriced_gpu_hours) as unpriced_gpu_hours,
        sum(tokens) as tokens
    from {{ ref('int_gpu_costs__daily') }}
    group by
        cast(date_trunc('month', cost_date) as date),
        pool_id

),

-- The idle hours of an orphaned job are its waste, counted there and not here.
idle as (

    select
        cast(date_trunc('month', hours.usage_date) as date) as month,
        hours.pool_id,
        max(hours.gpu_model) as gpu_model,
        max(hours.usd_per_gpu_hour) as usd_per_gpu_hour,
        sum(hours.utilization_share * hours.gpu_hours) as utilization_sum,
        sum(case when hours.utilization_share is not null then hours.gpu_hours end) as utilization_count,
        sum(
            case when hours.class in ('allocated_idle', 'unallocated_idle') and orphans.job_id is null then hours.cost_usd end
        ) as idle_usd,
        sum(case when hours.class = 'allocated_idle' and hours.job_id is null then hours.cost_usd end) as idle_without_job_usd
    from {{ ref('int_gpu_hours__classified') }} as hours
    left join {{ ref('int_training_jobs__timed') }} as orphans
        on hours.pool_id = orphans.pool_id and hours.job_id = orphans.job_id and orphans.is_orphaned
    group by
        cast(date_trunc('month', hours.usage_date) as date),
        hours.pool_id

),

jobs_in_telemetry as (

    select distinct
        pool_id,
        job_id
    from {{ ref('int_gpu_hours__classified') }}
    where job_id is not null

),

-- Waste falls in the months in which its hours fall, not in the month in which the job ended.
orphaned as (

    select
        cast(date_trunc('month', hours.usage_date) as date) as month,
        hours.pool_id,
        max(hours.gpu_model) as gpu_model,
        max(hours.usd_per_gpu_hour) as usd_per_gpu_hour,
        sum(hours.waste_usd) as waste_usd,
        sum(case when jobs_in_telemetry.job_id is null then hours.waste_usd end) as waste_without_telemetry_usd
    from {{ ref('int_training_jobs__hours') }} as hours
    left join jobs_in_telemetry
        on hours.pool_id = jobs_in_telemetry.pool_id and hours.job_id = jobs_in_telemetry.job_id
    group by
        cast(date_trunc('month', hours.usage_date) as date),
        hours.pool_id

),

described as (

    select
        pool_months.month,
        pool_months.pool_id,
        pool_months.cost_basis,
        pool_months.gpu_hours,
        pool_months.cost_usd,
        pool_months.unpriced_gpu_hours,
        pool_months.tokens,
        gpu_pools.purpose,
        gpu_pools.team_id,
        gpu_pools.purchase,
        gpu_pools.utilization_floor,
        case when gpu_pools.required_gpu_model != gpu_pools.gpu_model then gpu_pools.required_gpu_model end
            as required_gpu_model,
        case
            when gpu_pools.required_gpu_model != gpu_pools.gpu_model
                then coalesce(gpu_pools.required_usd_per_gpu_hour, prices.usd_per_gpu_hour)
        end as required_usd_per_gpu_hour,
        coalesce(gpu_pools.gpu_model, idle.gpu_model, orphaned.gpu_model) as gpu_model,
        coalesce(gpu_pools.usd_per_gpu_hour, idle.usd_per_gpu_hour, orphaned.usd_per_gpu_hour) as usd_per_gpu_hour,
        {{ share('idle.utilization_sum', 'idle.utilization_count') }} as utilization_share,
        coalesce(idle.idle_usd, 0) as all_idle_usd,
        coalesce(orphaned.waste_usd, 0) as waste_usd,
        -- An orphan whose hours the telemetry does not name may well be the idle hours without a job: counted once.
        least(coalesce(idle.idle_without_job_usd, 0), coalesce(orphaned.waste_without_telemetry_usd, 0)) as overlap_usd
    from pool_months
    left join {{ ref('gpu_pools') }} as gpu_pools on pool_months.pool_id = gpu_pools.pool_id
    left join {{ ref('int_gpu_prices__in_force') }} as prices
        on
            gpu_pools.required_gpu_model = prices.gpu_model
            and pool_months.month >= prices.effective_from
            and pool_months.month < prices.effective_until
    left join idle on pool_months.month = idle.month and pool_months.pool_id = idle.pool_id
    left join orphaned on pool_months.month = orphaned.month and pool_months.pool_id = orphaned.pool_id

),

-- A dollar is claimed once, in this order: idle, orphaned, oversized. Without a cost none is claimed.
counted_once as (

    select
        *,
        case when cost_usd is not null then all_idle_usd - overlap_usd end as idle_usd,
        least(waste_usd, cost_usd - all_idle_usd + overlap_usd) as capped_waste_usd
    from described

),

left_over as (

    select
        *,
        case when cost_usd is not null then capped_waste_usd end as orphaned_usd,
        cost_usd - idle_usd - capped_waste_usd as rest_usd,
        {{ per_unit('required_usd_per_gpu_hour', 'usd_per_gpu_hour') }} as required_price_share
    from counted_once

),

resized as (

    select
        *,
        case
            when rest_usd is null then cast(null as decimal(38, 12))
            when required_gpu_model is null then cast(0 as decimal(38, 12))
            when required_price_share is null then cast(null as decimal(38, 12))
            when required_price_share >= 1 then cast(0 as decimal(38, 12))
            else
                least(
                    cast(rest_usd as decimal(38, 12)),
                    cast(rest_usd * cast(1 - required_price_share as decimal(18, 12)) as decimal(38, 12))
                )
        end as oversize_usd
    from left_over

),

recoverable as (

    select
        *,
        idle_usd + orphaned_usd + coalesce(oversize_usd, 0) as recoverable_usd,
        greatest(idle_usd, orphaned_usd, coalesce(oversize_usd, 0)) as largest_usd
    from resized

),

driven as (

    select
        *,
        case
            when cost_usd is null then 'unpriced'
            when largest_usd = 0 then 'none'
            when largest_usd = orphaned_usd then 'orphaned_no_auto_stop'
            when largest_usd = idle_usd and purpose = 'dev' then 'left_running'
            when largest_usd = idle_usd then 'idle_hours'
            else 'oversized_gpu'
        end as waste_driver
    from recoverable

)

select
    driven.month,
    driven.pool_id,
    driven.purpose,
    driven.team_id,
    driven.gpu_model,
    driven.purchase,
    cast(driven.usd_per_gpu_hour as decimal(18, 12)) as usd_per_gpu_hour,
    bands.min_usd_per_gpu_hour as lowest_plausible_usd_per_gpu_hour,
    bands.max_usd_per_gpu_hour as highest_plausible_usd_per_gpu_hour,
    driven.usd_per_gpu_hour < bands.min_usd_per_gpu_hour or driven.usd_per_gpu_hour > bands.max_usd_per_gpu_hour
        as is_rate_outlier,
    driven.required_gpu_model,
    cast(driven.required_usd_per_gpu_hour as decimal(18, 12)) as required_usd_per_gpu_hour,
    driven.utilization_share,
    cast(driven.utilization_floor as decimal(18, 6)) as utilization_floor,
    {{ share(1, 'driven.utilization_share') }} as hardware_multiple,
    driven.cost_basis,
    cast(driven.gpu_hours as decimal(38, 12)) as gpu_hours,
    cast(driven.unpriced_gpu_hours as decimal(38, 12)) as unpriced_gpu_hours,
    cast(driven.tokens as bigint) as tokens,
    cast(driven.cost_usd as decimal(38, 12)) as cost_usd,
    cast(driven.idle_usd as decimal(38, 12)) as idle_usd,
    cast(driven.orphaned_usd as decimal(38, 12)) as orphaned_usd,
    cast(driven.oversize_usd as decimal(38, 12)) as oversize_usd,
    driven.waste_driver,
    case driven.waste_driver
        when 'idle_hours' then 'no batching, idle nights'
        when 'left_running' then 'left running 24/7'
        when 'orphaned_no_auto_stop' then 'orphaned, no auto-stop'
        when 'oversized_gpu' then 'oversized for model'
        when 'unpriced' then 'no price for this GPU model'
        else 'none'
    end as waste_driver_text,
    {{ share('driven.recoverable_usd', 'driven.cost_usd') }} as recoverable_share,
    cast(driven.recoverable_usd as decimal(38, 12)) as recoverable_usd
from driven
left join {{ ref('gpu_price_bands') }} as bands on driven.gpu_model = bands.gpu_model
