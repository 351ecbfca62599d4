with

attempts as (

    select
        gateway,
        gateway_rank,
        request_id,
        coalesce(row_kind, '') as row_kind,
        coalesce(attempt_number, 0) as attempt_number,
        -- A batch job is settled once, however often the gateway logs that it was. Another attempt has another time.
        case when row_kind = 'settlement' then timestamp '1970-01-01' else requested_at end as event_at,
        provider_request_id,
        trace_id,
        span_id,
        requested_at,
        output_tokens,
        {% for meter in meters('token') if meter.cost == 'cache_write' and meter.meter != 'cache_write_5m' -%}
        coalesce({{ meter.usage }}, 0){{ ' + ' if not loop.last }}
        {%- endfor %} > 0 as tells_lifetime,  -- five minutes stand for an unknown one too
        _source_file,
        _source_row,
        _source_item
    from {{ ref('int_attempts__unioned') }}
    where row_kind != 'context'

),

-- Only what stands several times is looked at row by row.
repeated_events as (

    select
        gateway,
        request_id,
        row_kind,
        attempt_number,
        event_at
    from attempts
    group by
        gateway,
        request_id,
        row_kind,
        attempt_number,
        event_at
    having count(*) > 1

),

-- One event logged twice has the same request, attempt and event time. A request sent again has another time: it was
-- billed again and is an attempt of its own.
events as (

    select
        attempts.*,
        row_number() over same_event as capture_number,
        first_value(attempts._source_file) over same_event as kept_source_file,
        first_value(attempts._source_row) over same_event as kept_source_row
    from attempts
    inner join repeated_events
        on
            attempts.gateway = repeated_events.gateway
            and attempts.request_id = repeated_events.request_id
            and attempts.row_kind = repeated_events.row_kind
            and attempts.attempt_number = repeated_events.attempt_number
            and attempts.event_at = repeated_events.event_at
    window
        same_event as (
            partition by
                attempts.gateway, attempts.request_id, attempts.row_kind, attempts.attempt_number, attempts.event_at
            order by attempts._source_file, attempts._source_row, attempts._source_item
        )

),

-- Zeros and words like 'unknown-unknown' are no id of an answer.
repeated_answers as (

    select provider_request_id
    from attempts
    where row_kind = 'request' and length(provider_request_id) >= 12
    group by provider_request_id
    having
        count(*) > 1
        and replace(
            replace(replace(translate(lower(provider_request_id), '0-_ ', ''), 'unknown', ''), 'none', ''), 'null', ''
        ) != ''

),

-- One answer of a provider that two gateways report, or two spans of one trace (an SDK that traces itself, and an
-- instrumentation around it), by the provider's own id of it. The report with token counts is kept, then that of the
-- gateway that the variable `formats` lists first, then the one that tells how long the cache is written for.
answers as (

    select
        attempts.*,
        first_value(attempts.gateway) over same_answer as kept_gateway,
        first_value(attempts.trace_id) over same_answer as kept_trace_id,
        first_value(attempts.span_id) over same_answer as kept_span_id,
        first_value(attempts.requested_at) over same_answer as kept_at,
        first_value(attempts.output_tokens) over same_answer as kept_output_tokens,
        first_value(attempts._source_file) over same_answer as kept_source_file,
        first_value(attempts._source_row) over same_answer as kept_source_row
    from attempts
    inner join repeated_answers on attempts.provider_request_id = repeated_answers.provider_request_id
    where attempts.row_kind = 'request'
    window
        same_answer as (
            partition by attempts.provider_request_id
            order by
                case when attempts.output_tokens is null then 1 else 0 end,
                attempts.gateway_rank,
                case when attempts.tells_lifetime then 0 else 1 end,
                attempts._source_file,
                attempts._source_row,
                attempts._source_item
        )

),

found as (

    select
        1 as preference,
        'same_event' as duplicate_kind,
        kept_source_file,
        kept_source_row,
        _source_file,
        _source_row,
        _source_item
    from events
    where capture_number > 1
    union all
    select
        2 as preference,
        'repeats_calls_below' as duplicate_kind,
        repeating.below_source_file as kept_source_file,
        repeating.below_source_row as kept_source_row,
        attempts._source_file,
        attempts._source_row,
        attempts._source_item
    from attempts
    inner join {{ ref('int_spans__repeating') }} as repeating
        on
            attempts.gateway = repeating.gateway
            and attempts.trace_id = repeating.trace_id
            and attempts.span_id = repeating.span_id
    union all
    select
        3 as preference,
        'same_answer' as duplicate_kind,
        kept_source_file,
        kept_source_row,
        _source_file,
        _source_row,
        _source_item
    from answers
    where
        (gateway != kept_gateway or (trace_id = kept_trace_id and span_id != kept_span_id))
        -- Two readings of one answer count its output alike, give or take what a client estimates.
        and coalesce(abs(output_tokens - kept_output_tokens) <= 2 + kept_output_tokens * 0.05, true)
        and requested_at >= kept_at - interval '1' hour
        and requested_at <= kept_at + interval '1' hour

),

preferred as (

    select
        *,
        row_number() over (partition by _source_file, _source_row, _source_item order by preference) as choice
    from found

)

select
    duplicate_kind,
    kept_source_file,
    kept_source_row,
    _source_file,
    _source_row,
    _source_item
from preferred
where choice = 1
