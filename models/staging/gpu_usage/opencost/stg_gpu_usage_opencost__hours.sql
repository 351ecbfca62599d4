{{ config(enabled = 'opencost' in var('formats').get('gpu_usage', [])) }}

{%- set fields = {
    'started': '$.start',
    'ended': '$.end',
    'window_started': '$.window.start',
    'window_ended': '$.window.end',
    'gpu_hours_text': '$.gpuHours',
    'gpu_cost_text': '$.gpuCost',
    'gpu_cost_adjustment_text': '$.gpuCostAdjustment',
    'usage_average': '$.gpuAllocation.gpuUsageAverage',
    'older_usage_average': '$.gpuUsageAverage',
    'gpu_model': '$.gpuAllocation.gpuModel',
    'cluster': '$.properties.cluster',
    'node': '$.properties.node',
    'namespace_name': '$.properties.namespace',
    'controller': '$.properties.controller',
    'controller_kind': '$.properties.controllerKind',
    'labels': '$.properties.labels',
    'annotations': '$.properties.annotations',
    'namespace_labels': '$.properties.namespaceLabels',
} %}

with

source as (

    select * from {{ landed_texts('gpu_usage', 'opencost', {'code': '$.code', 'response_message': '$.message'}) }}

),

-- A response is a list of steps (windows), each an object of allocations by name.
responses as (

    select
        * exclude (_record),
        left(_record, 1000) as _record,
        case
            when _unreadable is null and json_type(_record, '$.data') = 'ARRAY' then json_extract(_record, '$.data[*]')
            else []
        end as steps
    from source

),

stepped as (

    select
        * exclude (steps),
        unnest(case when len(steps) > 0 then steps else [null] end) as step,
        cast(generate_subscripts(case when len(steps) > 0 then steps else [null] end, 1) as bigint) as step_number
    from responses

),

named_allocations as (

    select
        * exclude (step),
        case when json_type(step) = 'OBJECT' then map_entries(cast(step as map (varchar, json))) else [] end as allocations
    from stepped

),

-- An empty step yields nothing, a response without any allocation keeps one row.
unnested as (

    select
        * exclude (allocations),
        unnest(case when len(allocations) > 0 then allocations else [null] end) as allocation,
        cast(generate_subscripts(case when len(allocations) > 0 then allocations else [null] end, 1) as bigint)
            as allocation_number
    from (
        select
            *,
            max(len(allocations)) over (partition by _source_file, _source_row) as most_allocations
        from named_allocations
    ) as counted
    where len(allocations) > 0 or (most_allocations = 0 and step_number = 1)

),

extracted as (

    select
        * exclude (allocation, _record),
        struct_extract(allocation, 'key') as name,
        coalesce(cast(struct_extract(allocation, 'value') as varchar), _record) as _record,
        case
            when json_type(struct_extract(allocation, 'value')) = 'OBJECT'
                then json_extract_string(
                    struct_extract(allocation, 'value'),
                    [{% for path in fields.values() %}'{{ path }}'{{ ', ' if not loop.last }}{% endfor %}]
                )
        end as _values
    from unnested

),

named as (

    select
        * exclude (_values),
        {%- for field in fields %}
        nullif(_values[{{ loop.index }}], '') as {{ field }},
        {%- endfor %}
        coalesce(ends_with(name, '__idle__'), false) as is_idle,
        _values is null as is_no_object
    from extracted

),

timed as (

    select
        *,
        coalesce({{ utc('started') }}, {{ utc('window_started') }}) as started_at,
        coalesce({{ utc('ended') }}, {{ utc('window_ended') }}) as ended_at,
        coalesce({{ utc('window_started') }}, {{ utc('started') }}) as window_started_at,
        coalesce({{ utc('window_ended') }}, {{ utc('ended') }}) as window_ended_at,
        try_cast(gpu_hours_text as decimal(18, 6)) as stated_gpu_hours,
        try_cast(gpu_cost_text as decimal(18, 6)) + coalesce(try_cast(gpu_cost_adjustment_text as decimal(18, 6)), 0)
            as gpu_cost
    from named

),

checked as (

    select
        *,
        {{ reject_reason(
            [
                [
                    "name is null and code is not null and code != '200'",
                    "'the response is an error of code ' || left(" ~ masked('code') ~ ", 40)",
                ],
                ["name is null", "'the response holds no allocation'"],
                ["is_no_object", "'the allocation is not a JSON object'"],
            ]
            + type_checks(['started', 'ended', 'window_started', 'window_ended'], 'timestamptz', 'an ISO 8601 time')
            + [
                ["started_at is null or ended_at is null", "'the allocation has neither start and end nor window'"],
                ["ended_at < started_at", "'the allocation ends before it starts'"],
                ["ended_at > started_at + interval '366' day", "'the allocation is longer than 366 days'"],
                ["gpu_hours_text is null", "'required field gpuHours is missing'"],
            ]
            + type_checks(
                ['gpu_hours_text', 'gpu_cost_text', 'gpu_cost_adjustment_text', 'usage_average', 'older_usage_average'],
                'decimal(18, 6)', 'a number'
            )
            + [
                ["stated_gpu_hours < 0", "'gpuHours is negative: ' || left(gpu_hours_text, 40)"],
                ["stated_gpu_hours > 10000000", "'gpuHours is too large: ' || left(gpu_hours_text, 40)"],
                ["gpu_cost not between -1000000000 and 1000000000", "'gpuCost is too large: ' || left(gpu_cost_text, 40)"],
                ["try_cast(usage_average as decimal(18, 6)) < 0", "'gpuUsageAverage is negative: ' || left(usage_average, 40)"],
            ]
        ) }} as _reject_reason
    from timed

),

-- What a GPU hour costs here, on OpenCost's word: in the same step and cluster, else in the response.
rated as (

    select
        *,
        {{ held_rate('step_number, cluster') }} as cluster_rate,
        {{ held_rate() }} as response_rate
    from checked

),

-- The hours of __idle__ are not told, only their cost: it is divided by that rate.
measured as (

    select
        *,
        case
            when _reject_reason is not null then 0
            when is_idle and stated_gpu_hours = 0 and gpu_cost > 0
                then cast(coalesce(gpu_cost / nullif(coalesce(cluster_rate, response_rate), 0), 0) as decimal(18, 6))
            else stated_gpu_hours
        end as gpu_hours,
        {{ seconds_between('started_at', 'ended_at') }} as run_seconds
    from rated

),

-- An allocation's GPU hours are spread evenly over the clock hours of its run; one without GPU hours keeps one row.
spread as (

    select
        *,
        unnest(
            case
                when gpu_hours > 0 and run_seconds > 0
                    then generate_series(
                        {{ hour_of('started_at') }}, {{ hour_of("ended_at - interval '1' second") }}, interval '1' hour
                    )
                else [{{ hour_of('started_at') }}]
            end
        ) as hour_start_at
    from measured

),

parts as (

    select
        *,
        least(greatest({{ seconds_between('started_at', 'hour_start_at') }}, 0), run_seconds) as seconds_before,
        least({{ seconds_between('started_at', "hour_start_at + interval '1' hour") }}, run_seconds) as seconds_after,
        {{ seconds_between('greatest(window_started_at, hour_start_at)',
            "least(window_ended_at, hour_start_at + interval '1' hour)") }} as covered_seconds
    from spread

),

renamed as (

    select
        ---------- ids
        hour_start_at,
        cast(null as varchar) as pool_id,
        {{ without_email(name_or_null('node'), is_person=false) }} as node_id,
        coalesce({{ without_email(name_or_null('cluster'), is_person=false) }} || '/', '')
        || {{ without_email('name', is_person=false) }} as gpu_id,
        cast(null as varchar) as gpu_part,
        {{ masked_name('gpu_model') }} as gpu_model,
        {{ without_email(name_or_null('cluster'), is_person=false) }} as cluster_id,
        {{ without_email(name_or_null('namespace_name'), is_person=false) }} as namespace,
        {{ masked(node_pool_label('labels')) }} as node_pool,

        ---------- booleans
        case when _reject_reason is null then not is_idle end as is_allocated,

        ---------- numerics
        cast(null as varchar) as measure,
        cast(
            case
                when is_idle then 0
                -- Above 1 it is no share of the time. An older version writes 0 where it measured nothing.
                when try_cast(usage_average as decimal(18, 6)) <= 1 then try_cast(usage_average as decimal(18, 6))
                when try_cast(older_usage_average as decimal(18, 6)) between 0.000001 and 1
                    then try_cast(older_usage_average as decimal(18, 6))
            end as decimal(9, 6)
        ) as utilization_share,
        cast(null as decimal(9, 6)) as memory_used_share,
        cast(null as decimal(18, 6)) as memory_mib,
        cast(null as bigint) as running_requests,
        cast(null as bigint) as tokens,

        ---------- ids
        case
            when not is_idle then {{ without_email(
                "coalesce(" ~ caller_said('team_id', ['labels', 'annotations', 'namespace_labels']) ~ ", "
                ~ name_or_null('namespace_name') ~ ")", is_person=false
            ) }}
        end as team_id,
        case when lower(controller_kind) = 'job' then {{ without_email('controller', is_person=false) }} end as job_id,

        ---------- numerics: the minutes of the hour that the step's window covers; how many were measured is not told
        cast(ceil(greatest(covered_seconds, 0) / 60) as bigint) as sample_count,
        cast(null as bigint) as expected_sample_count,
        {{ part_of_run('gpu_hours') }} as gpu_count,
        false as is_physical_gpu,
        cast({{ part_of_run('gpu_cost') }} as decimal(38, 12)) as reported_cost_usd,

        ---------- provenance
        _source_file,
        _source_row,
        cast(
            row_number()
                over (partition by _source_file, _source_row order by step_number, allocation_number, hour_start_at)
            as bigint
        ) as _source_item,
        _file_version,
        _reject_reason,
        {{ rejected_text(may_hold_prompts=false) }} as _rejected_record
    from parts

)

select * from renamed
