{{ config(materialized='view') }}

select
    hours.hour_start_at,
    cast(date_trunc('month', {{ business_date('hours.hour_start_at') }}) as date) as usage_month,
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
