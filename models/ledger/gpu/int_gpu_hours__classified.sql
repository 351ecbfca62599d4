with

pooled as (

    select
        hours.hour_start_at,
        {{ business_date('hours.hour_start_at') }} as usage_date,
        coalesce(hours.pool_id, places.pool_id) as pool_id,
        hours.node_id,
        hours.gpu_id,
        {{ gpu_model_name('hours.gpu_model') }} as gpu_model,
        hours.is_allocated,
        hours.utilization_share,
        hours.running_requests,
        hours.tokens,
        hours.team_id,
        hours.job_id,
        hours.sample_count,
        hours.expected_sample_count,
        hours.gpu_count,
        hours.is_physical_gpu,
        hours.reported_cost_usd,
        hours._source_file,
        hours._source_row
    from {{ ref('int_gpu_hours__merged') }} as hours
    left join {{ ref('int_gpu_places__pooled') }} as places
        on
            hours.pool_id is null
            and {{ place_id([
                'hours.source', 'hours.cluster_id', 'cast(null as string)', 'hours.node_id', 'hours.namespace',
                'hours.node_pool', 'hours.gpu_model',
            ]) }} = places.place_id

),

-- A GPU's hour counts once, also when two formats tell of it: the later delivery wins.
deliveries as (

    select
        *,
        cast(date_trunc('month', usage_date) as date) as usage_month,
        row_number() over (
            partition by hour_start_at, pool_id, node_id, gpu_id
            order by _source_file desc, _source_row desc
        ) as delivery_number
    from pooled

),

measured_months as (

    select distinct
        pool_id,
        usage_month
    from deliveries
    where is_physical_gpu

),

-- Telemetry of the GPUs themselves counts what was there; what was allocated of the same GPUs is not added to it.
counted as (

    select deliveries.*
    from deliveries
    left join measured_months
        on deliveries.pool_id = measured_months.pool_id and deliveries.usage_month = measured_months.usage_month
    where deliveries.delivery_number = 1 and (deliveries.is_physical_gpu or measured_months.pool_id is null)

),

captured as (

    select
        *,
        lead(hour_start_at) over (partition by pool_id, node_id, gpu_id order by hour_start_at) as next_hour_start_at,
        lead(team_id) over (partition by pool_id, node_id, gpu_id order by hour_start_at) as next_team_id,
        lead(job_id) over (partition by pool_id, node_id, gpu_id order by hour_start_at) as next_job_id
    from counted

),

-- Hours between two reports of a GPU were paid for although nothing was measured. They belong to a team or a job only
-- where the reports on both sides agree. In a longer gap the GPU was not there: an autoscaled one comes and goes. An
-- allocation has ended in such an hour, and an instance of a partitioned GPU may have become another.
missing as (

    select
        {{ each_hour("hour_start_at + interval '1' hour", "next_hour_start_at - interval '1' hour") }} as hour_start_at,
        pool_id,
        node_id,
        gpu_id,
        gpu_model,
        case when team_id = next_team_id then team_id end as team_id,
        case when job_id = next_job_id then job_id end as job_id,
        gpu_count
    from captured
    where
        is_physical_gpu
        and gpu_count = 1
        and next_hour_start_at > hour_start_at + interval '1' hour
        and {{ seconds_between('hour_start_at', 'next_hour_start_at') }}
        <= ({{ var('gpu_longest_telemetry_gap_hours', 24) }} + 1) * 3600

),

judged as (

    select
        hour_start_at,
        pool_id,
        node_id,
        gpu_id,
        gpu_model,
        team_id,
        job_id,
        utilization_share,
        running_requests,
        tokens,
        case
            when sample_count = 0 or sample_count * 2 < expected_sample_count then 'stale_telemetry'
            -- No signal at all says nothing about the hour.
            when utilization_share is null and running_requests is null and tokens is null then 'stale_telemetry'
            when
                coalesce(utilization_share, 0) >= {{ var('gpu_idle_utilization') }}
                or coalesce(running_requests, 0) > 0
                or coalesce(tokens, 0) > 0
                then 'productive'
            when coalesce(is_allocated, job_id is not null) then 'allocated_idle'
            else 'unallocated_idle'
        end as class,
        gpu_count,
        reported_cost_usd,
        _source_file,
        _source_row
    from captured
    union all
    select
        hour_start_at,
        pool_id,
        node_id,
        gpu_id,
        gpu_model,
        team_id,
        job_id,
        cast(null as decimal(9, 6)) as utilization_share,
        cast(null as bigint) as running_requests,
        cast(null as bigint) as tokens,
        'stale_telemetry' as class,
        gpu_count,
        cast(null as decimal(38, 12)) as reported_cost_usd,
        cast(null as string) as _source_file,
        cast(null as bigint) as _source_row
    from missing

),

-- The pool's own rate, else the on-demand price of its GPU model that was in force, else no price: never zero.
priced as (

    select
        judged.*,
        gpu_pools.gpu_model as pool_gpu_model,
        coalesce(gpu_pools.usd_per_gpu_hour, prices.usd_per_gpu_hour) as usd_per_gpu_hour
    from judged
    left join {{ ref('gpu_pools') }} as gpu_pools on judged.pool_id = gpu_pools.pool_id
    left join {{ ref('int_gpu_prices__in_force') }} as prices
        on
            coalesce(gpu_pools.gpu_model, judged.gpu_model) = prices.gpu_model
            and judged.hour_start_at >= prices.effective_from
            and judged.hour_start_at < prices.effective_until

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
    cast(usd_per_gpu_hour as decimal(18, 12)) as usd_per_gpu_hour,
    cast(cast(usd_per_gpu_hour as decimal(18, 12)) * gpu_count as decimal(38, 12)) as cost_usd,
    cast(reported_cost_usd as decimal(38, 12)) as reported_cost_usd,
    usd_per_gpu_hour is null as is_unpriced,
    case when class != 'stale_telemetry' then utilization_share end as utilization_share,
    running_requests,
    tokens,
    _source_file,
    _source_row
from priced
