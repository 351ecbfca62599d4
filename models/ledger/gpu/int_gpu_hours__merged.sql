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
from {{ ref('int_gpu_hours__told_whole') }}
union all
select
    hours.source,
    hours.hour_start_at,
    hours.pool_id,
    hours.node_id,
    hours.gpu_id || coalesce('/' || hours.gpu_part, '') as gpu_id,
    hours.gpu_model,
    hours.cluster_id,
    holders.namespace,
    hours.node_pool,
    hours.is_allocated,
    hours.utilization_share,
    hours.memory_used_share,
    cast(null as bigint) as running_requests,
    cast(null as bigint) as tokens,
    case when hours.is_allocated then holders.team_id end as team_id,
    case when hours.is_allocated then holders.job_id end as job_id,
    hours.sample_count,
    hours.expected_sample_count,
    hours.exact_gpu_count as gpu_count,
    hours.is_physical_gpu,
    hours.reported_cost_usd,
    hours._source_file,
    hours._source_row
from {{ ref('int_gpu_hours__apportioned') }} as hours
left join {{ ref('int_gpu_hours__held') }} as holders
    on
        hours.source = holders.source
        and hours.hour_start_at = holders.hour_start_at
        and hours.gpu_id = holders.gpu_id
        and coalesce(hours.pool_id, '') = coalesce(holders.pool_id, '')
        and coalesce(hours.node_id, '') = coalesce(holders.node_id, '')
        and coalesce(hours.gpu_part, '') = coalesce(holders.gpu_part, '')
