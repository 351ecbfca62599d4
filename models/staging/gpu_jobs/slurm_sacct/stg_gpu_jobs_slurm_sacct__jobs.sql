{{ config(enabled = 'slurm_sacct' in var('formats').get('gpu_jobs', [])) }}

{%- set fields = {
    'job_name_id': '$.JobID',
    'cluster': '$.Cluster',
    'partition_name': '$.Partition',
    'node_list': '$.NodeList',
    'user_name': '$.User',
    'account': '$.Account',
    'state_text': '$.State',
    'submitted': '$.Submit',
    'started': '$.Start',
    'ended': '$.End',
    'elapsed_raw': '$.ElapsedRaw',
    'elapsed_clock': '$.Elapsed',
    'time_limit_raw': '$.TimelimitRaw',
    'time_limit_clock': '$.Timelimit',
    'alloc_tres': '$.AllocTRES',
    'req_tres': '$.ReqTRES',
} %}
{%- set words = "a time of the form 2026-09-01T12:00:00 (leave SLURM_TIME_FORMAT unset)" %}

with

source as (

    select * from {{ landed_texts('gpu_jobs', 'slurm_sacct', fields) }}

),

-- A step (1234.batch, 1234.0) is a part of its job and holds no GPUs of its own.
valued as (

    select
        * replace (
            {%- for field in fields if field != 'state_text' %}
            {{ slurm_value(field) }} as {{ field }}{{ ',' if not loop.last }}
            {%- endfor %}
        ),
        coalesce(contains(job_name_id, '.'), false) as is_step
    from source

),

counted as (

    select
        *,
        -- What was allocated counts; a job that has not started says only what it asked for.
        coalesce({{ tres_gpus('alloc_tres') }}, case when alloc_tres is null then {{ tres_gpus('req_tres') }} end)
            as gpu_count,
        coalesce({{ tres_gpu_model('alloc_tres') }}, {{ tres_gpu_model('req_tres') }}) as gpu_model,
        lower(regexp_extract({{ trimmed('state_text') }}, '^[A-Za-z_]+')) as state,
        coalesce({{ count('elapsed_raw') }}, {{ slurm_seconds('elapsed_clock') }}) as elapsed_seconds
    from valued

),

timed as (

    select
        *,
        {{ slurm_utc('submitted') }} as submitted_at,
        {{ slurm_utc('started') }} as started_at,
        case
            when state not in ('pending', 'running', 'suspended', 'resizing', 'configuring', 'completing')
                then {{ slurm_utc('ended') }}
        end as clock_ended_at
    from counted

),

-- In the hour that autumn repeats, a local time is one of two: there the elapsed seconds tell which.
ended as (

    select
        *,
        case
            when abs({{ seconds_between('started_at', 'clock_ended_at') }} - elapsed_seconds) = 3600
                then started_at + to_seconds(elapsed_seconds)
            else clock_ended_at
        end as ended_at
    from timed

),

checked as (

    select
        *,
        {{ reject_reason(
            [[
                "job_name_id is null and state_text is null and submitted is null",
                "'no columns JobID, State and Submit: export with the header (sacct --parsable2, without --noheader)'",
            ], [
                "job_name_id is null", "'required field JobID is missing'",
            ], [
                "coalesce(state, '') = ''", "'required field State is missing'",
            ], [
                "submitted is null", "'required field Submit is missing'",
            ]]
            + type_checks(['submitted', 'started', 'ended'], 'timestamptz', words)
            + count_checks(['elapsed_raw', 'gpu_count'], limit=999999999)
            + [[
                "try_cast(time_limit_raw as bigint) not between 0 and 999999999",
                "'TimelimitRaw is no such number of minutes: ' || left(time_limit_raw, 40)",
            ], [
                "try_cast(gpu_count as bigint) > 999999", "'gpu_count is too large: ' || left(gpu_count, 40)",
            ], [
                "partition_name is null and cluster is null and try_cast(gpu_count as bigint) > 0",
                "'a job with GPUs names neither Partition nor Cluster'",
            ], [
                "ended_at < started_at", "'End is before Start'",
            ], [
                "ended_at > coalesce(started_at, submitted_at) + interval '366' day",
                "'End is more than 366 days after Start: ' || left(ended, 40)",
            ], [
                "ended_at is not null and started_at is null and state = 'completed'", "'a completed job has no Start'",
            ]]
        ) }} as _reject_reason
    from ended

),

-- With --duplicates a requeued job comes once for each of its runs: the last keeps the job's number.
runs as (

    select
        *,
        row_number() over (
            partition by _source_file, cluster, job_name_id, _reject_reason is null
            order by started_at nulls last, submitted_at, _source_row
        ) as run_number,
        count(*) over (partition by _source_file, cluster, job_name_id, _reject_reason is null) as run_count
    from checked

),

renamed as (

    select
        ---------- ids
        {{ without_email('job_name_id', is_person=false) }}
        || case when run_number < run_count and not is_step then ' run ' || run_number else '' end as job_id,
        cast(null as varchar) as pool_id,
        {{ without_email('cluster', is_person=false) }} as cluster_id,
        {{ without_email('partition_name', is_person=false) }} as partition_id,
        {{ without_email('node_list', is_person=false) }} as node_id,
        {{ without_email('account', is_person=false) }} as team_id,
        {{ without_email('user_name') }} as user_id,

        ---------- strings
        state,

        ---------- timestamps
        submitted_at,
        started_at,
        ended_at,

        ---------- numerics
        case
            when is_step then cast(0 as bigint)
            when gpu_count is null then cast(0 as bigint)
            else {{ count('gpu_count') }}
        end as gpu_count,
        {{ masked_name('gpu_model') }} as gpu_model,
        cast(
            coalesce(
                {{ count('time_limit_raw') }} * 60,
                {{ slurm_seconds('time_limit_clock') }}
            ) / 3600 as decimal(18, 6)
        ) as time_limit_hours,

        ---------- booleans: the time limit ends a job whether or not it makes progress
        cast(null as boolean) as has_auto_stop,
        false as tells_progress,

        ---------- timestamps
        cast(null as timestamp) as last_progress_at,

        ---------- provenance
        _source_file,
        _source_row,
        cast(1 as bigint) as _source_item,
        _file_version,
        _reject_reason,
        {{ rejected_text(may_hold_prompts=false) }} as _rejected_record
    from runs

)

select * from renamed
