{{ config(enabled = 'dcgm' in var('formats').get('gpu_usage', [])) }}

{#- What each metric measures, and the largest value that it can have. Every other metric is left out. -#}
{%- set measures = {
    'DCGM_FI_DEV_GPU_UTIL': {'measure': 'gpu_utilization', 'largest': 100},
    'DCGM_FI_PROF_GR_ENGINE_ACTIVE': {'measure': 'engine_active', 'largest': 1},
    'DCGM_FI_DEV_FB_USED': {'measure': 'memory_used', 'largest': 100000000},
    'DCGM_FI_DEV_FB_FREE': {'measure': 'memory_free', 'largest': 100000000},
    'DCGM_FI_DEV_FB_RESERVED': {'measure': 'memory_reserved', 'largest': 100000000},
} %}

with

source as (

    select * from {{ landed_texts('gpu_usage', 'dcgm', {
        'status': '$.status',
        'error_type': '$.errorType',
        'result_type': '$.data.resultType',
    }) }}

),

-- One answer is one query: a range ('matrix': each series has values) or an instant ('vector': each has one value).
answers as (

    select
        * exclude (_record),
        left(_record, 1000) as _record,
        case
            when _unreadable is null and json_type(_record, '$.data.result') = 'ARRAY' and result_type in ('matrix', 'vector')
                then json_transform(
                    json_extract(_record, '$.data.result'), '[{"metric":"JSON","values":[["VARCHAR"]],"value":["VARCHAR"]}]'
                )
        end as results
    from source

),

numbered as (

    select
        * exclude (results),
        unnest(case when len(results) > 0 then results else [null] end) as result,
        cast(generate_subscripts(case when len(results) > 0 then results else [null] end, 1) as bigint) as series_number
    from answers

),

labelled as (

    select
        * exclude (result),
        cast(struct_extract(result, 'metric') as varchar) as labels,
        coalesce(struct_extract(result, 'values'), [struct_extract(result, 'value')]) as points
    from numbered

),

-- A scrape that does not honour the exporter's labels keeps its own pod in `pod` and the GPU's in `exported_pod`.
answered as (

    select
        *,
        json_extract_string(labels, '$.__name__') as metric,
        bool_or(json_exists(labels, '$.exported_pod') or json_exists(labels, '$.exported_namespace'))
            over (partition by _source_file, _source_row) as is_exporters_own
    from labelled

),

named as (

    select
        *,
        case metric
            {%- for name, each in measures.items() %}
            when '{{ name }}' then '{{ each.measure }}'
            {%- endfor %}
        end as measure,
        {{ first_name([
            "json_extract_string(labels, '$.hostname')", "json_extract_string(labels, '$.Hostname')",
            "json_extract_string(labels, '$.node')", "json_extract_string(labels, '$.instance')",
        ]) }} as node_id,
        {{ first_name(["json_extract_string(labels, '$.UUID')", "json_extract_string(labels, '$.uuid')"]) }} as gpu_uuid,
        {{ name_or_null("json_extract_string(labels, '$.gpu')") }} as gpu_number,
        case
            when {{ name_or_null("json_extract_string(labels, '$.GPU_I_PROFILE')") }} is not null
                then {{ name_or_null("json_extract_string(labels, '$.GPU_I_ID')") }}
        end as gpu_part,
        json_extract_string(labels, '$.GPU_I_PROFILE') as part_profile,
        {{ name_or_null("json_extract_string(labels, '$.hpc_job')") }} as hpc_job,
        case
            when is_exporters_own then {{ name_or_null("json_extract_string(labels, '$.exported_pod')") }}
            when
                coalesce(json_extract_string(labels, '$.pod'), json_extract_string(labels, '$.pod_name'))
                not like '%dcgm-exporter%'
                then {{ first_name([
                    "json_extract_string(labels, '$.pod')", "json_extract_string(labels, '$.pod_name')",
                ]) }}
        end as pod
    from answered

),

described as (

    select
        *,
        coalesce(gpu_uuid, node_id || '/' || gpu_number) as gpu_id,
        case
            when pod is null then null
            when is_exporters_own then {{ name_or_null("json_extract_string(labels, '$.exported_namespace')") }}
            else {{ first_name([
                "json_extract_string(labels, '$.namespace')", "json_extract_string(labels, '$.pod_namespace')",
            ]) }}
        end as namespace,
        coalesce(pod, hpc_job) is not null as is_held,
        bool_or(coalesce(pod, hpc_job) is not null) over (partition by _source_file, _source_row) as tells_holders,
        bool_or(measure is not null) over (partition by _source_file, _source_row) as has_measure
    from named

),

checked as (

    select
        *,
        case
            when _unreadable is not null then _unreadable
            when status = 'error' then 'the answer is an error of Prometheus: ' || coalesce(error_type, 'unnamed')
            when coalesce(result_type, '') not in ('matrix', 'vector')
                then 'not the answer of a Prometheus query: data.resultType is neither matrix nor vector'
            when labels is null then 'the answer holds no series'
            when metric is null
                then 'a series does not name its metric (__name__): query the metric itself, not a function of it'
            when measure is null
                then
                'the answer holds none of the metrics read here ({{ measures.keys() | join(", ") }}) but '
                || left({{ masked('metric') }}, 80)
            when gpu_id is null then 'a series of ' || metric || ' names no GPU: neither UUID nor hostname and gpu'
            when len(list_filter(points, lambda point: point is not null)) = 0
                then 'a series of ' || metric || ' holds no sample'
        end as problem
    from described
    -- Metrics that are not read are passed over, unless the answer holds nothing else: that is somebody's mistake.
    where measure is not null or metric is null or (not has_measure and series_number = 1)

),

-- Blanks are no samples: NaN, infinities, and the driver's "not supported" values (from 2^31 - 16 on, all types). There are
-- many samples and doubles are read ten times as fast as wide decimals; what is added up is a decimal again.
samples as (

    select
        * exclude (sample_seconds),
        case
            when sample_seconds between 946684800 and 4102444800  -- the years 2000 to 2100
                then make_timestamp(cast(round(sample_seconds * 1000000) as bigint))
        end as sample_at,
        coalesce(isnan(number) or isinf(number) or number >= 2147483632, false) as is_blank
    from (
        select
            _source_file,
            _source_row,
            series_number,
            try_cast(point[1] as double) as sample_seconds,
            try_cast(point[2] as double) as number
        from (
            select
                _source_file,
                _source_row,
                series_number,
                unnest(points) as point
            from checked
            where problem is null
        ) as unnested
    ) as typed

),

-- The step is not in the answer: it is the smallest gap between two of its times.
steps as (

    select
        _source_file,
        _source_row,
        min(gap_seconds) as step_seconds
    from (
        select
            _source_file,
            _source_row,
            epoch(sample_at) - lag(epoch(sample_at)) over (partition by _source_file, _source_row order by sample_at)
                as gap_seconds
        from (select distinct _source_file, _source_row, sample_at from samples) as times
    ) as gaps
    group by
        _source_file,
        _source_row

),

hours as (

    select
        _source_file,
        _source_row,
        series_number,
        date_trunc('hour', sample_at) as hour_start_at,
        count(number) filter (not is_blank) as sample_count,
        sum(try_cast(number as decimal(18, 9))) filter (not is_blank) / count(number) filter (not is_blank) as mean,
        min(number) filter (not is_blank) as smallest,
        max(number) filter (not is_blank) as largest,
        count(*) - count(number) as mistyped_count
    from samples
    group by
        _source_file,
        _source_row,
        series_number,
        date_trunc('hour', sample_at)

),

judged as (

    select
        checked.labels,
        checked.node_id,
        checked.gpu_id,
        checked.gpu_part,
        checked.part_profile,
        checked.namespace,
        checked.hpc_job,
        checked.pod,
        checked.is_held,
        checked.tells_holders,
        checked.measure,
        checked.series_number,
        checked._source_file,
        checked._source_row,
        checked._file_version,
        hours.hour_start_at,
        hours.sample_count,
        hours.mean,
        steps.step_seconds,
        case when checked.problem is null then checked.labels else coalesce(checked.labels, checked._record) end as _record,
        {{ masked("case
            when checked.problem is not null then checked.problem
            when hours.hour_start_at is null then 'a sample of ' || checked.metric || ' has no time in unix seconds'
            when hours.mistyped_count > 0 then 'a sample of ' || checked.metric || ' is not a number'
            when hours.smallest < 0 then checked.metric || ' is negative: ' || left(cast(hours.smallest as varchar), 40)
            " ~ largest_checks(measures) ~ "
        end") }} as _reject_reason
    from checked
    left join hours
        on
            checked._source_file = hours._source_file
            and checked._source_row = hours._source_row
            and checked.series_number = hours.series_number
    left join steps on checked._source_file = steps._source_file and checked._source_row = steps._source_row

),

renamed as (

    select
        ---------- ids
        cast(hour_start_at as timestamp) as hour_start_at,
        cast(null as varchar) as pool_id,
        {{ without_email('node_id', is_person=false) }} as node_id,
        {{ without_email('gpu_id', is_person=false) }} as gpu_id,
        {{ without_email('gpu_part', is_person=false) }} as gpu_part,
        {{ masked_name(name_or_null("json_extract_string(labels, '$.modelName')")) }} as gpu_model,
        {{ without_email(name_or_null("json_extract_string(labels, '$.cluster')"), is_person=false) }} as cluster_id,
        {{ without_email('namespace', is_person=false) }} as namespace,
        {{ masked(node_pool_label('labels')) }} as node_pool,

        ---------- booleans
        case when is_held then true when tells_holders then false end as is_allocated,

        ---------- numerics
        measure,
        try_cast(case measure when 'gpu_utilization' then mean * 0.01 when 'engine_active' then mean end as decimal(9, 6))
            as utilization_share,
        cast(null as decimal(9, 6)) as memory_used_share,
        try_cast(case when measure like 'memory_%' then mean end as decimal(18, 6)) as memory_mib,
        cast(null as bigint) as running_requests,
        cast(null as bigint) as tokens,

        ---------- ids
        case
            when is_held then {{ without_email(
                "coalesce(" ~ caller_said('team_id', 'labels') ~ ", "
                ~ name_or_null("json_extract_string(labels, '$.label_team')") ~ ", namespace)", is_person=false
            ) }}
        end as team_id,
        {{ without_email('coalesce(hpc_job, pod)', is_person=false) }} as job_id,

        ---------- numerics
        cast(sample_count as bigint) as sample_count,
        case when step_seconds > 0 then cast(greatest(1, floor(3600 / step_seconds)) as bigint) end as expected_sample_count,
        -- An instance of a partitioned GPU is named by its slices, of seven: 3g.40gb.
        case
            when gpu_part is null then cast(1 as decimal(18, 6))
            else cast(coalesce(try_cast(regexp_extract(part_profile, '([1-7])g[.]', 1) as integer), 1) / 7 as decimal(18, 6))
        end as gpu_count,
        true as is_physical_gpu,
        cast(null as decimal(38, 12)) as reported_cost_usd,

        ---------- provenance
        _source_file,
        _source_row,
        cast(
            row_number() over (partition by _source_file, _source_row order by series_number, hour_start_at) as bigint
        ) as _source_item,
        _file_version,
        _reject_reason,
        {{ rejected_text(may_hold_prompts=false) }} as _rejected_record
    from judged

)

select * from renamed
