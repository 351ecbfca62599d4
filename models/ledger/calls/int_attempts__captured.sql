with

attempts as (

    select * from {{ ref('int_attempts__unioned') }}
    where row_kind != 'context'

),

traces as (

    select * from {{ ref('int_traces__context') }}

),

repeating as (

    select * from {{ ref('int_spans__repeating') }}

),

providers as (

    select * from {{ ref('provider_aliases') }}

),

-- One event logged twice has the same request, attempt and event time. A request sent again has another time: it was
-- billed again and is an attempt of its own. A batch job is settled once, however often the gateway logs that it was.
numbered as (

    select
        attempts.*,
        coalesce(providers.provider, attempts.provider, 'unknown') as canonical_provider,  -- failed before it was routed
        -- Zeros and words like 'unknown-unknown' are no id of an answer.
        length(attempts.provider_request_id) >= 12
        and replace(
            replace(replace(translate(lower(attempts.provider_request_id), '0-_ ', ''), 'unknown', ''), 'none', ''),
            'null',
            ''
        ) != '' as is_answer_id,
        row_number() over same_event as capture_number,
        first_value(attempts._source_file) over same_event as first_source_file,
        first_value(attempts._source_row) over same_event as first_source_row
    from attempts
    left join providers on attempts.provider = providers.alias
    window
        same_event as (
            partition by
                attempts.gateway,
                attempts.request_id,
                attempts.row_kind,
                attempts.attempt_number,
                case when attempts.row_kind != 'settlement' then attempts.requested_at end
            order by attempts._source_file, attempts._source_row, attempts._source_item
        )

),

-- One answer of a provider that two gateways report, or two spans of one trace (an SDK that traces itself, and an
-- instrumentation around it), by the provider's own id of it. The report with token counts is kept, then that of the
-- gateway that the variable `formats` lists first, then the one that tells how long the cache is written for.
answered as (

    select
        *,
        first_value(gateway) over same_answer as answer_gateway,
        first_value(trace_id) over same_answer as answer_trace_id,
        first_value(span_id) over same_answer as answer_span_id,
        first_value(requested_at) over same_answer as answer_at,
        first_value(output_tokens) over same_answer as answer_output_tokens,
        first_value(_source_file) over same_answer as answer_source_file,
        first_value(_source_row) over same_answer as answer_source_row
    from numbered
    window
        same_answer as (
            partition by
                case
                    when row_kind = 'request' and is_answer_id then provider_request_id
                    else _source_file || ' ' || cast(_source_row as string) || ' ' || cast(_source_item as string)
                end
            order by
                case when output_tokens is null then 1 else 0 end,
                gateway_rank,
                case when cache_write_1h_tokens > 0 then 0 else 1 end,
                _source_file,
                _source_row,
                _source_item
        )

),

judged as (

    select
        answered.*,
        {%- for column in ['team_id', 'user_id', 'tenant_id', 'session_id', 'feature_name', 'workflow_name', 'environment'] %}
        coalesce(answered.{{ column }}, traces.{{ column }}) as known_{{ column }},
        {%- endfor %}
        repeating.below_source_file,
        repeating.below_source_row,
        case
            when answered.capture_number > 1 then 'same_event'
            when repeating.span_id is not null then 'repeats_calls_below'
            when
                (
                    answered.gateway != answered.answer_gateway
                    or (answered.trace_id = answered.answer_trace_id and answered.span_id != answered.answer_span_id)
                )
                -- Two readings of one answer count its output alike, give or take what a client estimates.
                and coalesce(
                    abs(answered.output_tokens - answered.answer_output_tokens) <= 2 + answered.answer_output_tokens * 0.05, true
                )
                and answered.requested_at >= answered.answer_at - interval '1' hour
                and answered.requested_at <= answered.answer_at + interval '1' hour
                then 'same_answer'
        end as duplicate_kind
    from answered
    left join traces on answered.gateway = traces.gateway and answered.trace_id = traces.trace_id
    left join repeating
        on
            answered.gateway = repeating.gateway
            and answered.trace_id = repeating.trace_id
            and answered.span_id = repeating.span_id

)

select
    gateway,
    request_id,
    provider_request_id,
    attempt_number as reported_attempt_number,
    row_kind,
    known_team_id as team_id,
    known_user_id as user_id,
    known_tenant_id as tenant_id,
    known_session_id as session_id,
    trace_id,
    parent_request_id,
    span_id,
    parent_span_id,
    api_key_hash,
    known_feature_name as feature_name,
    known_workflow_name as workflow_name,
    known_environment as environment,
    canonical_provider as provider,
    coalesce(model, 'unknown') as model,
    requested_model,
    service_tier,
    -- Azure's data zone may stand in the name alone: azure/eu/gpt-4o.
    coalesce(
        inference_geo,
        case
            when lower(model) like 'azure/eu/%' then 'eu'
            when lower(model) like 'azure/us/%' then 'us'
        end
    ) as inference_geo,
    prompt_template_version,
    prompt_fingerprint,
    status_code,
    uncached_input_tokens,
    -- A class that the source does not tell apart is inside the uncached input: nothing is left over for it.
    case when uncached_input_tokens is not null then coalesce(cache_read_tokens, 0) end as cache_read_tokens,
    case when uncached_input_tokens is not null then coalesce(cache_write_5m_tokens, 0) end as cache_write_5m_tokens,
    case when uncached_input_tokens is not null then coalesce(cache_write_30m_tokens, 0) end as cache_write_30m_tokens,
    case when uncached_input_tokens is not null then coalesce(cache_write_1h_tokens, 0) end as cache_write_1h_tokens,
    case when uncached_input_tokens is not null then coalesce(cache_write_12h_tokens, 0) end as cache_write_12h_tokens,
    output_tokens,
    reasoning_tokens,
    input_audio_tokens,
    input_image_tokens,
    output_audio_tokens,
    reported_total_tokens,
    system_prompt_tokens,
    context_tokens,
    web_search_count,
    request_count,
    retry_count,
    latency_ms,
    tool_cost_usd,
    reported_cost_usd,
    is_error,
    is_streaming,
    requested_at,
    duplicate_kind is not null as is_duplicate_capture,
    duplicate_kind,
    case duplicate_kind
        when 'repeats_calls_below' then below_source_file
        when 'same_answer' then answer_source_file
        else first_source_file
    end as kept_source_file,
    case duplicate_kind
        when 'repeats_calls_below' then below_source_row
        when 'same_answer' then answer_source_row
        else first_source_row
    end as kept_source_row,
    _source_file,
    _source_row,
    _source_item
from judged
