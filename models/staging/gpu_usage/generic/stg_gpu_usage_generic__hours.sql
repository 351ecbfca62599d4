{{ config(enabled = 'generic' in var('formats').get('gpu_usage', [])) }}

{%- set fields = {
    'hour_start_at': '$.hour_start_at',
    'pool_id': '$.pool_id',
    'node_id': '$.node_id',
    'gpu_id': '$.gpu_id',
    'gpu_model': '$.gpu_model',
    'is_allocated': '$.is_allocated',
    'utilization_share': '$.utilization_share',
    'memory_used_share': '$.memory_used_share',
    'running_requests': '$.running_requests',
    'tokens': '$.tokens',
    'team_id': '$.team_id',
    'job_id': '$.job_id',
    'sample_count': '$.sample_count',
    'expected_sample_count': '$.expected_sample_count',
} %}

with

source as (

    select * from {{ landed_records('gpu_usage', 'generic', fields) }}

),

checked as (

    select
        *,
        {{ reject_reason(
            required_checks(['hour_start_at', 'pool_id', 'gpu_id'])
            + type_checks(['hour_start_at'], 'timestamptz', 'an ISO 8601 time')
            + type_checks(['is_allocated'], 'boolean', 'true or false')
            + type_checks(['utilization_share', 'memory_used_share'], 'decimal(9, 6)', 'a number')
            + count_checks(['running_requests', 'tokens', 'sample_count', 'expected_sample_count'])
            + [[
                utc('hour_start_at') ~ " != date_trunc('hour', " ~ utc('hour_start_at') ~ ")",
                "'hour_start_at is not the start of an hour: ' || left(hour_start_at, 40)",
            ], [
                "try_cast(utilization_share as decimal(9, 6)) not between 0 and 1",
                "'utilization_share is not between 0 and 1: ' || left(utilization_share, 40)",
            ], [
                "try_cast(memory_used_share as decimal(9, 6)) not between 0 and 1",
                "'memory_used_share is not between 0 and 1: ' || left(memory_used_share, 40)",
            ]]
        ) }} as _reject_reason
    from source

),

renamed as (

    select
        ---------- ids
        {{ utc('hour_start_at') }} as hour_start_at,
        {{ without_email('pool_id', is_person=false) }} as pool_id,
        {{ without_email('node_id', is_person=false) }} as node_id,
        {{ without_email('gpu_id', is_person=false) }} as gpu_id,
        cast(null as varchar) as gpu_part,
        {{ masked_name('gpu_model') }} as gpu_model,
        cast(null as varchar) as cluster_id,
        cast(null as varchar) as namespace,
        cast(null as varchar) as node_pool,

        ---------- booleans
        try_cast(is_allocated as boolean) as is_allocated,

        ---------- numerics
        cast(null as varchar) as measure,
        try_cast(utilization_share as decimal(9, 6)) as utilization_share,
        try_cast(memory_used_share as decimal(9, 6)) as memory_used_share,
        cast(null as decimal(18, 6)) as memory_mib,
        try_cast(running_requests as bigint) as running_requests,
        try_cast(tokens as bigint) as tokens,

        ---------- ids
        {{ without_email('team_id', is_person=false) }} as team_id,
        {{ without_email('job_id', is_person=false) }} as job_id,

        ---------- numerics
        try_cast(sample_count as bigint) as sample_count,
        try_cast(expected_sample_count as bigint) as expected_sample_count,
        cast(1 as decimal(18, 6)) as gpu_count,
        true as is_physical_gpu,
        cast(null as decimal(38, 12)) as reported_cost_usd,

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
