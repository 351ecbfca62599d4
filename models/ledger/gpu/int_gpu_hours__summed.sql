{{ config(materialized='view') }}

with

-- The measures of an hour side by side.
hours as (

    select
        source, hour_start_at, pool_id, node_id, gpu_id, gpu_part,
        max(gpu_model) as gpu_model,
        max(cluster_id) as cluster_id,
        max(node_pool) as node_pool,
        sum(holder_rows) as holder_rows,
        sum(held_samples) as held_samples,
        sum(all_samples) as all_samples,
        max(case when measure = 'engine_active' then utilization_share end) as engine_share,
        max(case when measure = 'engine_active' and utilization_share is not null then sample_count end) as engine_samples,
        max(utilization_share) as utilization_share,
        max(case when utilization_share is not null then sample_count end) as utilization_samples,
        max(case when measure = 'memory_used' then memory_mib end) as used_mib,
        max(case when measure = 'memory_free' then memory_mib end) as free_mib,
        max(case when measure = 'memory_reserved' then memory_mib end) as reserved_mib,
        max(sample_count) as sample_count,
        max(expected_sample_count) as expected_sample_count,
        max(gpu_count) as gpu_count,
        min(is_physical_gpu) = 1 as is_physical_gpu,
        cast(sum(reported_cost_usd) as decimal(38, 12)) as reported_cost_usd,
        max(_source_file) as _source_file,
        max(_source_row) as _source_row
    from {{ ref('int_gpu_parts__measured') }}
    group by source, hour_start_at, pool_id, node_id, gpu_id, gpu_part

)

select
    source, hour_start_at, pool_id, node_id, gpu_id, gpu_part,
    gpu_model,
    cluster_id,
    node_pool,
    case when holder_rows > 0 then held_samples * 2 >= all_samples and held_samples > 0 end as is_allocated,
    -- The engine's activity says more than "any kernel ran", so it comes first.
    cast(coalesce(engine_share, utilization_share) as decimal(9, 6)) as utilization_share,
    {{ share('used_mib', '(used_mib + free_mib + coalesce(reserved_mib, 0))') }} as memory_used_share,
    cast(coalesce(engine_samples, utilization_samples, sample_count) as bigint) as sample_count,
    expected_sample_count,
    gpu_count,
    is_physical_gpu,
    reported_cost_usd,
    _source_file,
    _source_row
from hours
