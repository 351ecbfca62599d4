{{ config(enabled = 'generic' in var('formats').get('gpu_jobs', [])) }}

{%- set fields = {
    'job_id': '$.job_id',
    'pool_id': '$.pool_id',
    'team_id': '$.team_id',
    'user_id': '$.user_id',
    'state': '$.state',
    'submitted_at': '$.submitted_at',
    'started_at': '$.started_at',
    'ended_at': '$.ended_at',
    'gpu_count': '$.gpu_count',
    'gpu_model': '$.gpu_model',
    'time_limit_hours': '$.time_limit_hours',
    'has_auto_stop': '$.has_auto_stop',
    'last_progress_at': '$.last_progress_at',
} %}

with

source as (

    select * from {{ landed_records('gpu_jobs', 'generic', fields) }}

),

checked as (

    select
        *,
        {{ reject_reason(
            required_checks(['job_id', 'pool_id', 'state', 'submitted_at', 'gpu_count'])
            + type_checks(['submitted_at', 'started_at', 'ended_at', 'last_progress_at'], 'timestamptz', 'an ISO 8601 time')
            + type_checks(['has_auto_stop'], 'boolean', 'true or false')
            + type_checks(['time_limit_hours'], 'decimal(18, 6)', 'a number')
            + count_checks(['gpu_count'])
            + [[
                "try_cast(time_limit_hours as decimal(18, 6)) < 0",
                "'time_limit_hours is negative: ' || left(time_limit_hours, 40)",
            ], [
                "try_cast(ended_at as timestamptz) < try_cast(started_at as timestamptz)",
                "'ended_at is before started_at'",
            ], [
                "try_cast(last_progress_at as timestamptz) < try_cast(started_at as timestamptz)",
                "'last_progress_at is before started_at'",
            ], [
                utc('ended_at') ~ " > " ~ utc('started_at') ~ " + interval '366' day",
                "'ended_at is more than 366 days after started_at: ' || left(ended_at, 40)",
            ], [
                utc('last_progress_at') ~ " > " ~ utc('started_at') ~ " + interval '366' day",
                "'last_progress_at is more than 366 days after started_at: ' || left(last_progress_at, 40)",
            ], [
                "started_at is null and " ~ utc('ended_at') ~ " > " ~ utc('submitted_at') ~ " + interval '366' day",
                "'ended_at is more than 366 days after submitted_at: ' || left(ended_at, 40)",
            ], [
                "try_cast(gpu_count as bigint) > 999999",
                "'gpu_count is too large: ' || left(gpu_count, 40)",
            ], [
                "ended_at is not null and started_at is null and lower(state) = 'completed'",
                "'a completed job has no started_at'",
            ]]
        ) }} as _reject_reason
    from source

),

renamed as (

    select
        ---------- ids
        {{ without_email('job_id', is_person=false) }} as job_id,
        {{ without_email('pool_id', is_person=false) }} as pool_id,
        cast(null as varchar) as cluster_id,
        cast(null as varchar) as partition_id,
        cast(null as varchar) as node_id,
        {{ without_email('team_id', is_person=false) }} as team_id,
        {{ without_email('user_id') }} as user_id,

        ---------- strings
        lower({{ masked_name('state') }}) as state,

        ---------- timestamps
        {{ utc('submitted_at') }} as submitted_at,
        {{ utc('started_at') }} as started_at,
        {{ utc('ended_at') }} as ended_at,

        ---------- numerics
        try_cast(gpu_count as bigint) as gpu_count,
        {{ masked_name('gpu_model') }} as gpu_model,
        try_cast(time_limit_hours as decimal(18, 6)) as time_limit_hours,

        ---------- booleans
        try_cast(has_auto_stop as boolean) as has_auto_stop,
        true as tells_progress,

        ---------- timestamps
        {{ utc('last_progress_at') }} as last_progress_at,

        ---------- provenance
        _source_file,
        _source_row,
        cast(1 as bigint) as _source_item,
        _file_version,
        _reject_reason,
        {{ rejected_text(may_hold_prompts=false) }} as _rejected_record
    from checked

)

select * from renamed
