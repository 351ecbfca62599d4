{{ config(materialized='view') }}

select
    *,
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
    end as class
from {{ ref('int_gpu_hours__gaps_filled') }}
