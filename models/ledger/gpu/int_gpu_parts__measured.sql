{{ config(materialized='view') }}

-- One value of each measure: the mean of its series, weighed by their samples. GPUs that are shared in time come with the
-- same samples once for each holder, so no measure has more samples than were expected.
select
    source, hour_start_at, pool_id, node_id, gpu_id, gpu_part,
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
    case when measure is null then sum(gpu_count) else max(gpu_count) end as gpu_count,
    min(case when is_physical_gpu then 1 else 0 end) as is_physical_gpu,
    sum(reported_cost_usd) as reported_cost_usd,
    max(_source_file) as _source_file,
    max(_source_row) as _source_row
from {{ ref('int_gpu_parts__counted') }}
group by source, hour_start_at, pool_id, node_id, gpu_id, gpu_part, measure
