{%- set levels = [1, 2, 3, 4] %}

with

rows_with_spans as (

    select
        gateway,
        trace_id,
        span_id,
        parent_span_id,
        row_kind,
        {{ counted_tokens() }} as tokens,
        _source_file,
        _source_row
    from {{ ref('int_attempts__unioned') }}
    where span_id is not null

),

spans as (

    select
        gateway,
        trace_id,
        span_id,
        min(parent_span_id) as parent_span_id
    from rows_with_spans
    group by
        gateway,
        trace_id,
        span_id

),

-- The spans above each call, four levels up: the libraries that stand between an agent and its provider.
above_1 as (

    select
        gateway,
        trace_id,
        parent_span_id as span_id,
        tokens,
        _source_file,
        _source_row
    from rows_with_spans
    where row_kind != 'context' and parent_span_id is not null

),

{%- for level in levels[1:] %}

above_{{ level }} as (

    select
        below.gateway,
        below.trace_id,
        spans.parent_span_id as span_id,
        below.tokens,
        below._source_file,
        below._source_row
    from above_{{ level - 1 }} as below
    inner join spans on below.gateway = spans.gateway and below.trace_id = spans.trace_id and below.span_id = spans.span_id
    where spans.parent_span_id is not null

),
{%- endfor %}

above as (

    {%- for level in levels %}
    select * from above_{{ level }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

below_each as (

    select
        *,
        sum(tokens) over (partition by gateway, trace_id, span_id) as tokens_below,
        row_number() over (partition by gateway, trace_id, span_id order by tokens desc, _source_file, _source_row) as number
    from above

)

select distinct
    calls.gateway,
    calls.trace_id,
    calls.span_id,
    below_each._source_file as below_source_file,
    below_each._source_row as below_source_row
from rows_with_spans as calls
inner join below_each
    on
        calls.gateway = below_each.gateway
        and calls.trace_id = below_each.trace_id
        and calls.span_id = below_each.span_id
        and below_each.number = 1
where calls.row_kind != 'context' and calls.tokens <= below_each.tokens_below
