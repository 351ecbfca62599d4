with

pooled as (

    select
        jobs.job_id,
        coalesce(jobs.pool_id, places.pool_id) as pool_id,
        jobs.team_id,
        jobs.user_id,
        jobs.state,
        jobs.submitted_at,
        jobs.started_at,
        jobs.ended_at,
        jobs.gpu_count,
        {{ gpu_model_name('jobs.gpu_model') }} as gpu_model,
        jobs.time_limit_hours,
        jobs.has_auto_stop,
        jobs.tells_progress,
        jobs.last_progress_at,
        jobs._source_file,
        jobs._source_row
    from {{ ref('int_training_jobs__unioned') }} as jobs
    left join {{ ref('int_gpu_places__pooled') }} as places
        on
            jobs.pool_id is null
            and {{ place_id([
                'jobs.source', 'jobs.cluster_id', 'jobs.partition_id', 'jobs.node_id', 'cast(null as string)',
                'cast(null as string)', 'jobs.gpu_model',
            ]) }} = places.place_id

),

-- Each pool's scheduler counts its own job numbers: a job is known by both.
deliveries as (

    select
        *,
        row_number() over (
            partition by pool_id, job_id
            order by _source_file desc, _source_row desc
        ) as delivery_number
    from pooled

),

jobs as (

    select * from deliveries
    where delivery_number = 1

),

-- A job that has not ended ran until the last instant that any GPU data speaks of.
last_seen as (

    select max(seen_at) as last_seen_at
    from (
        select max(hour_start_at) + interval '1' hour as seen_at from {{ ref('int_gpu_hours__merged') }}
        union all
        select max(submitted_at) as seen_at from jobs
        union all
        select max(started_at) as seen_at from jobs
        union all
        select max(ended_at) as seen_at from jobs
        union all
        select max(last_progress_at) as seen_at from jobs
    ) as instants

),

-- No job is longer than 366 days: an open one that is was forgotten by its source.
runs as (

    select
        jobs.*,
        case
            when jobs.started_at is null then cast(null as timestamp)
            when jobs.ended_at is not null then greatest(jobs.started_at, jobs.ended_at)
            else greatest(jobs.started_at, least(last_seen.last_seen_at, jobs.started_at + interval '366' day))
        end as run_ended_at
    from jobs
    cross join last_seen

),

-- A job that reports no progress made its last one when it completed; one that did not complete made none.
progress as (

    select
        *,
        case
            when started_at is null then cast(null as timestamp)
            when last_progress_at is not null then greatest(started_at, least(last_progress_at, run_ended_at))
            when lower(state) in ('completed', 'succeeded') then run_ended_at
            else started_at
        end as progress_ended_at
    from runs

)

select
    job_id,
    pool_id,
    team_id,
    user_id,
    state,
    submitted_at,
    started_at,
    ended_at,
    gpu_count,
    gpu_model,
    time_limit_hours,
    has_auto_stop,
    last_progress_at,
    run_ended_at,
    progress_ended_at,
    coalesce(
        {{ seconds_between('progress_ended_at', 'run_ended_at') }} > {{ var('orphan_hours_without_progress') }} * 3600,
        false
    )
    and not coalesce(has_auto_stop, false)
    -- A scheduler that never hears of progress cannot say that there was none.
    and coalesce(tells_progress, true) as is_orphaned,
    _source_file,
    _source_row
from progress
