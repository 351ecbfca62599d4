{{ config(materialized='view') }}

with

followed as (

    select
        *,
        lead(hour_start_at) over next_hour as next_hour_start_at,
        lead(team_id) over next_hour as next_team_id,
        lead(job_id) over next_hour as next_job_id
    from {{ ref('int_gpu_hours__counted') }}
    window next_hour as (partition by pool_id, node_id, gpu_id order by hour_start_at)

)

select
    hour_start_at,
    pool_id,
    node_id,
    gpu_id,
    gpu_model,
    team_id,
    job_id,
    is_allocated,
    utilization_share,
    running_requests,
    tokens,
    sample_count,
    expected_sample_count,
    gpu_count,
    reported_cost_usd,
    _source_file,
    _source_row
from followed
union all
-- Hours between two reports of a GPU were paid for although nothing was measured. They belong to a team or a job only
-- where the reports on both sides agree. In a longer gap the GPU was not there: an autoscaled one comes and goes. An
-- allocation has ended in such an hour, and an instance of a partitioned GPU may have become another.
select
    {{ each_hour("hour_start_at + interval '1' hour", "next_hour_start_at - interval '1' hour") }} as hour_start_at,
    pool_id,
    node_id,
    gpu_id,
    gpu_model,
    case when team_id = next_team_id then team_id end as team_id,
    case when job_id = next_job_id then job_id end as job_id,
    cast(null as boolean) as is_allocated,
    cast(null as decimal(9, 6)) as utilization_share,
    cast(null as bigint) as running_requests,
    cast(null as bigint) as tokens,
    cast(null as bigint) as sample_count,
    cast(null as bigint) as expected_sample_count,
    gpu_count,
    cast(null as decimal(38, 12)) as reported_cost_usd,
    cast(null as string) as _source_file,
    cast(null as bigint) as _source_row
from followed
where
    is_physical_gpu
    and gpu_count = 1
    and next_hour_start_at > hour_start_at + interval '1' hour
    and {{ seconds_between('hour_start_at', 'next_hour_start_at') }}
    <= ({{ var('gpu_longest_telemetry_gap_hours', 24) }} + 1) * 3600
