{%- set gpu_hour = ['source', 'hour_start_at', 'pool_id', 'node_id', 'gpu_id', 'gpu_part'] %}

with

-- A record that tells a GPU's whole hour: the later delivery wins.
whole_hours as (

    select
        *,
        row_number() over (
            partition by hour_start_at, pool_id, node_id, gpu_id
            order by _source_file desc, _source_row desc
        ) as delivery_number
    from {{ ref('int_gpu_hours__unioned') }}
    where measure is null and is_physical_gpu

),

-- Records that tell a part of it: one measure of one holder (dcgm), or what one allocation held (opencost).
parts as (

    select * from {{ ref('int_gpu_hours__unioned') }}
    where measure is not null or not is_physical_gpu

),

-- Exports overlap: of each measure the delivery with the most samples counts, as a whole; of equal ones the later.
deliveries as (

    select
        {{ gpu_hour | join(',\n        ') }},
        measure,
        _source_file,
        _source_row,
        row_number() over (
            partition by {{ gpu_hour | join(', ') }}, measure
            order by sum(sample_count) desc, _source_file desc, _source_row desc
        ) as delivery_number
    from parts
    group by
        {{ gpu_hour | join(',\n        ') }},
        measure,
        _source_file,
        _source_row

),

counted_parts as (

    select parts.*
    from parts
    inner join deliveries
        on
            parts._source_file = deliveries._source_file
            and parts._source_row = deliveries._source_row
            and parts.source = deliveries.source
            and parts.hour_start_at = deliveries.hour_start_at
            and parts.gpu_id = deliveries.gpu_id
            and coalesce(parts.pool_id, '') = coalesce(deliveries.pool_id, '')
            and coalesce(parts.node_id, '') = coalesce(deliveries.node_id, '')
            and coalesce(parts.gpu_part, '') = coalesce(deliveries.gpu_part, '')
            and coalesce(parts.measure, '') = coalesce(deliveries.measure, '')
    where deliveries.delivery_number = 1

),

-- One value of each measure: the mean of its series, weighed by their samples. GPUs that are shared in time come with the
-- same samples once for each holder, so no measure has more samples than were expected.
measured as (

    select
        {{ gpu_hour | join(',\n        ') }},
        measure,
        max(gpu_model) as gpu_model,
        max(cluster_id) as cluster_id,
        max(node_pool) as node_pool,
        sum(case when is_allocated then sample_count else 0 end) as held_samples,
        sum(sample_count) as all_samples,
        count(is_allocated) as holder_rows,
        least(sum(sample_count), coalesce(max(expected_sample_count), sum(sample_count))) as sample_count,
        max(expected_sample_count) as expected_sample_count,
        {{ weighted_mean('utilization_share') }} as utilization_share,
        {{ weighted_mean('memory_mib') }} as memory_mib,
        case when max(measure) is null then sum(gpu_count) else max(gpu_count) end as gpu_count,
        min(case when is_physical_gpu then 1 else 0 end) = 1 as is_physical_gpu,
        sum(reported_cost_usd) as reported_cost_usd,
        max(_source_file) as _source_file,
        max(_source_row) as _source_row
    from counted_parts
    group by
        {{ gpu_hour | join(',\n        ') }},
        measure

),

-- Whoever held the GPU for the most samples has the hour; of several with as many, nobody.
holders as (

    select
        {{ gpu_hour | join(',\n        ') }},
        case when min(coalesce(team_id, '')) = max(coalesce(team_id, '')) then max(team_id) end as team_id,
        case when min(coalesce(job_id, '')) = max(coalesce(job_id, '')) then max(job_id) end as job_id,
        case when min(coalesce(namespace, '')) = max(coalesce(namespace, '')) then max(namespace) end as namespace
    from (
        select
            {{ gpu_hour | join(',\n            ') }},
            team_id,
            job_id,
            namespace,
            rank() over (partition by {{ gpu_hour | join(', ') }} order by sum(sample_count) desc) as place
        from counted_parts
        where is_allocated
        group by
            {{ gpu_hour | join(',\n            ') }},
            team_id,
            job_id,
            namespace
    ) as ranked
    where place = 1
    group by
        {{ gpu_hour | join(',\n        ') }}

),

-- The engine's activity says more than "any kernel ran", so it comes first.
gpu_hours as (

    select
        {{ gpu_hour | join(',\n        ') }},
        max(gpu_model) as gpu_model,
        max(cluster_id) as cluster_id,
        max(node_pool) as node_pool,
        case when sum(holder_rows) > 0 then sum(held_samples) * 2 >= sum(all_samples) and sum(held_samples) > 0 end
            as is_allocated,
        coalesce({{ of_measure('utilization_share', 'engine_active') }}, max(utilization_share)) as utilization_share,
        coalesce({{ of_measure('memory_mib', 'memory_used') }}, 0) as memory_used_mib,
        {{ of_measure('memory_mib', 'memory_used') }} is not null
        and {{ of_measure('memory_mib', 'memory_free') }} is not null as is_memory_known,
        coalesce({{ of_measure('memory_mib', 'memory_free') }}, 0)
        + coalesce({{ of_measure('memory_mib', 'memory_reserved') }}, 0) as memory_unused_mib,
        coalesce(
            case
                when {{ of_measure('utilization_share', 'engine_active') }} is not null
                    then {{ of_measure('sample_count', 'engine_active') }}
            end,
            max(case when utilization_share is not null then sample_count end),
            max(sample_count)
        ) as sample_count,
        max(expected_sample_count) as expected_sample_count,
        max(gpu_count) as gpu_count,
        min(case when is_physical_gpu then 1 else 0 end) = 1 as is_physical_gpu,
        sum(reported_cost_usd) as reported_cost_usd,
        max(_source_file) as _source_file,
        max(_source_row) as _source_row
    from measured
    group by
        {{ gpu_hour | join(',\n        ') }}

),

-- A partitioned GPU is paid for as a whole: its instances share one GPU by their slices, and it is not counted beside them.
partitioned as (

    select
        *,
        sum(case when gpu_part is not null then gpu_count end)
            over (partition by source, hour_start_at, pool_id, node_id, gpu_id) as part_sum
    from gpu_hours

),

shared_out as (

    select
        *,
        case
            when gpu_part is null then gpu_count
            else cast(cast(gpu_count as double) / cast(part_sum as double) as decimal(18, 6))
        end as gpu_share
    from partitioned
    where gpu_part is not null or part_sum is null

),

-- The rounding goes to the first instance, so that they add up to one GPU.
rounded as (

    select
        *,
        gpu_share + case
            when gpu_part is not null and part_number = 1 then 1 - share_sum
            else 0
        end as exact_gpu_count
    from (
        select
            *,
            sum(gpu_share) over (partition by source, hour_start_at, pool_id, node_id, gpu_id) as share_sum,
            row_number() over (partition by source, hour_start_at, pool_id, node_id, gpu_id order by gpu_part) as part_number
        from shared_out
    ) as numbered

)

select
    source,
    hour_start_at,
    pool_id,
    node_id,
    gpu_id,
    gpu_model,
    cluster_id,
    namespace,
    node_pool,
    is_allocated,
    utilization_share,
    memory_used_share,
    running_requests,
    tokens,
    team_id,
    job_id,
    sample_count,
    expected_sample_count,
    gpu_count,
    is_physical_gpu,
    reported_cost_usd,
    _source_file,
    _source_row
from whole_hours
where delivery_number = 1
union all
select
    rounded.source,
    rounded.hour_start_at,
    rounded.pool_id,
    rounded.node_id,
    rounded.gpu_id || coalesce('/' || rounded.gpu_part, '') as gpu_id,
    rounded.gpu_model,
    rounded.cluster_id,
    holders.namespace,
    rounded.node_pool,
    rounded.is_allocated,
    cast(rounded.utilization_share as decimal(9, 6)) as utilization_share,
    case
        when rounded.is_memory_known
            then {{ share('rounded.memory_used_mib', '(rounded.memory_used_mib + rounded.memory_unused_mib)') }}
    end as memory_used_share,
    cast(null as bigint) as running_requests,
    cast(null as bigint) as tokens,
    case when rounded.is_allocated then holders.team_id end as team_id,
    case when rounded.is_allocated then holders.job_id end as job_id,
    cast(rounded.sample_count as bigint) as sample_count,
    rounded.expected_sample_count,
    cast(rounded.exact_gpu_count as decimal(18, 6)) as gpu_count,
    rounded.is_physical_gpu,
    cast(rounded.reported_cost_usd as decimal(38, 12)) as reported_cost_usd,
    rounded._source_file,
    rounded._source_row
from rounded
left join holders
    on
        rounded.source = holders.source
        and rounded.hour_start_at = holders.hour_start_at
        and rounded.gpu_id = holders.gpu_id
        and coalesce(rounded.pool_id, '') = coalesce(holders.pool_id, '')
        and coalesce(rounded.node_id, '') = coalesce(holders.node_id, '')
        and coalesce(rounded.gpu_part, '') = coalesce(holders.gpu_part, '')
