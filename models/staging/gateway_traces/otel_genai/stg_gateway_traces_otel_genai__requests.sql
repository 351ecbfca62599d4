{{ config(enabled = 'otel_genai' in var('formats').get('gateway_traces', [])) }}

{#-
    OTLP JSON, as the collector's file exporter writes it (one {"resourceSpans": [...]} a line) or as one document. A span
    becomes a row: a request when it is a model call, else context. Prompts, answers and tool arguments are not read.
-#}

{#- The names of one thing, newest first: GenAI conventions 1.41 and later, 1.37, 1.27 and before, OpenLLMetry, Pydantic AI. -#}
{%- set attribute_names = {
    'operation_name': ['gen_ai.operation.name'],
    'request_type': ['llm.request.type'],
    'provider': ['gen_ai.provider.name', 'gen_ai.system'],
    'request_model': ['gen_ai.request.model'],
    'response_model': ['gen_ai.response.model'],
    'response_id': ['gen_ai.response.id'],
    'input_tokens': ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens'],
    'output_tokens': ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'],
    'total_tokens': ['gen_ai.usage.total_tokens', 'llm.usage.total_tokens'],
    'cache_read_tokens': [
        'gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_read_input_tokens',
        'gen_ai.usage.details.cache_read_tokens', 'gen_ai.usage.details.cache_read_input_tokens',
    ],
    'cache_write_tokens': [
        'gen_ai.usage.cache_creation.input_tokens', 'gen_ai.usage.cache_creation_input_tokens',
        'gen_ai.usage.cache_write.input_tokens',
        'gen_ai.usage.details.cache_write_tokens', 'gen_ai.usage.details.cache_creation_input_tokens',
    ],
    'cache_write_1h_tokens': ['anthropic.usage.cache_creation.ephemeral_1h_input_tokens'],
    'reasoning_tokens': [
        'gen_ai.usage.reasoning.output_tokens', 'gen_ai.usage.reasoning_tokens', 'llm.usage.reasoning_tokens',
        'gen_ai.usage.details.reasoning_tokens',
    ],
    'input_audio_tokens': ['gen_ai.usage.audio.input_tokens', 'gen_ai.usage.details.input_audio_tokens'],
    'input_image_tokens': ['gen_ai.usage.image.input_tokens'],
    'output_audio_tokens': ['gen_ai.usage.audio.output_tokens', 'gen_ai.usage.details.output_audio_tokens'],
    'cost': ['gen_ai.usage.cost', 'operation.cost'],
    'service_tier': [
        'openai.response.service_tier', 'gen_ai.openai.response.service_tier',
        'anthropic.response.service_tier', 'openai.request.service_tier', 'gen_ai.openai.request.service_tier',
    ],
    'stream': ['gen_ai.request.stream', 'gen_ai.request.is_stream', 'gen_ai.is_streaming', 'llm.is_streaming'],
    'stated_geo': ['anthropic.inference_geo', 'gen_ai.response.inference_geo', 'aws.region', 'gcp.location'],
    'server_address': ['server.address'],
    'http_status': ['http.response.status_code', 'http.status_code'],
    'error_type': ['error.type'],
} %}

{#- The JSON paths of all names of the attributes, and per column the first of them that says something. -#}
{%- set attribute_paths, attribute_firsts = [], {} %}
{%- for column, names in attribute_names.items() %}
{%- set values = [] %}
{%- for name in names %}
{%- do attribute_paths.append("'$.\"" ~ name ~ "\"'") %}
{%- do values.append("nullif(attribute_values[" ~ attribute_paths | length ~ "], '')") %}
{%- endfor %}
{%- do attribute_firsts.update({column: 'coalesce(' ~ values | join(', ') ~ ')'}) %}
{%- endfor %}

{%- set span_fields = {
    'trace_id': '$.traceId',
    'span_id': '$.spanId',
    'parent_span_id': '$.parentSpanId',
    'start_time_unix_nano': '$.startTimeUnixNano',
    'end_time_unix_nano': '$.endTimeUnixNano',
    'status': '$.status.code',
} %}

{%- set counts = [
    'input_tokens', 'output_tokens', 'total_tokens', 'cache_read_tokens', 'cache_write_tokens', 'cache_write_1h_tokens',
    'reasoning_tokens', 'input_audio_tokens', 'input_image_tokens', 'output_audio_tokens',
] %}
{%- set uncached = uncached_input('input_tokens_count', 'cache_read_tokens_count', 'cache_write_tokens_count') %}

with

semantics as (

    select
        endpoint,
        is_cache_read_in_input,
        is_cache_write_in_input,
        is_reasoning_in_output,
        usd_per_money_unit
    from {{ ref('usage_semantics') }}
    where entity = 'gateway_traces' and format = 'otel_genai'

),

source as (

    select * from {{ landed_texts('gateway_traces', 'otel_genai', {'resource_spans': '$.resourceSpans'}) }}

),

gathered as (

    select
        *,
        case
            when _unreadable is null and json_valid(resource_spans)
                then flatten(list_transform(
                    json_extract(resource_spans, '$[*]'),
                    lambda resource: flatten(list_transform(
                        json_extract(resource, '$.scopeSpans[*]'),
                        lambda scope: list_transform(
                            json_extract(scope, '$.spans[*]'),
                            lambda span: struct_pack(
                                resource := cast(json_extract(resource, '$.resource') as varchar),
                                scope_name := json_extract_string(scope, '$.scope.name'),
                                span := cast(span as varchar)
                            )
                        )
                    ))
                ))
            else []
        end as spans
    from source

),

unnested as (

    select
        * exclude (spans, resource_spans, _unreadable, _record),
        unnest(case when len(spans) > 0 then spans else [null] end) as item,
        generate_subscripts(case when len(spans) > 0 then spans else [null] end, 1) as _source_item,
        case
            when _unreadable is not null then _unreadable
            when resource_spans is null
                then 'the record holds no resourceSpans; it has ' || {{ field_names({'spans': '$.resourceSpans'}) }}
            when len(spans) = 0 then 'the record holds no span'
        end as problem,
        _record as whole_record
    from gathered

),

{# Attributes as one JSON object, key to value; OpenLLMetry puts what the caller says below a name of its own. #}
with_attributes as (

    select
        * exclude (item, problem, whole_record),
        coalesce(item['span'], whole_record) as _record,
        case
            when item is not null and json_type(item['span']) != 'OBJECT' then 'the span is not a JSON object'
            else problem
        end as _unreadable,
        item['scope_name'] as scope_name,
        {%- for part in ['span', 'resource'] %}
        '{' || array_to_string(list_transform(
            list_filter(
                json_extract(item['{{ part }}'], '$.attributes[*]'), lambda pair: json_type(pair, '$.key') = 'VARCHAR'
            ),
            lambda pair: concat(
                to_json(regexp_replace(
                    json_extract_string(pair, '$.key'), '^traceloop[.]association[.]properties[.]', ''
                )),
                ':',
                coalesce(json_extract(pair, '$.value.*')[1], 'null')
            )
        ), ',') || '}' as {{ part }}_attributes,
        {%- endfor %}
        json_extract_string(
            item['span'], [{% for path in span_fields.values() %}'{{ path }}'{{ ', ' if not loop.last }}{% endfor %}]
        ) as span_values
    from unnested

),

looked_up as (

    select
        *,
        json_extract_string(span_attributes, [{{ attribute_paths | join(', ') }}]) as attribute_values
    from with_attributes

),

extracted as (

    select
        {%- for name in span_fields %}
        nullif(span_values[{{ loop.index }}], '') as {{ name }},
        {%- endfor %}
        {%- for name, value in attribute_firsts.items() %}
        {{ value }} as {{ name }},
        {%- endfor %}
        * exclude (span_values, attribute_values)
    from looked_up

),

named as (

    select
        *,
        {%- for name, column in {'start_time_unix_nano': 'started_at', 'end_time_unix_nano': 'ended_at'}.items() %}
        case
            when try_cast({{ name }} as bigint) between 946684800000000000 and 4102444800000000000
                then make_timestamp(try_cast({{ name }} as bigint) // 1000)
        end as {{ column }},
        {%- endfor %}
        {%- for name in counts %}
        {{ count(name) }} as {{ name }}_count,
        {%- endfor %}
        {%- for column in var('caller_names') %}
        {{ caller_said(column, ['span_attributes', 'resource_attributes']) }} as said_{{ column }},
        {%- endfor %}
        input_tokens is not null or output_tokens is not null as states_usage,
        coalesce(
            case
                when operation_name is not null
                    then lower(operation_name) in ('chat', 'text_completion', 'generate_content', 'embeddings')
                when request_type is not null then lower(request_type) in ('chat', 'completion', 'embedding')
                else
                    coalesce(request_model, response_model) is not null
                    and (input_tokens is not null or output_tokens is not null)
            end, false
        ) as is_call,
        coalesce(lower(coalesce(operation_name, request_type)) in ('embeddings', 'embedding'), false) as is_embedding
    from extracted

),

{#
    A call around a call is often one call reported twice, by a framework and by the client below it. Where only one of them
    states its usage, that counts; where both do, the inner one, if it fills the outer one's time: frameworks add up wrong.
    An outer call with time of its own may have worked itself: it is a request too, and later layers leave it out if it
    states no more than the calls below it. Looked for within a file: spans of a trace are exported together.
#}
calls as (

    select
        _source_file,
        trace_id,
        span_id,
        is_embedding,
        bool_or(states_usage) as states_usage,
        max(epoch_us(ended_at) - epoch_us(started_at)) as microseconds
    from named
    where is_call
    group by all

),

inner_calls as (

    select
        _source_file,
        trace_id,
        parent_span_id as span_id,
        is_embedding,
        bool_or(states_usage) as inner_states_usage,
        sum(case when states_usage then epoch_us(ended_at) - epoch_us(started_at) end) as inner_microseconds
    from named
    where is_call and parent_span_id is distinct from span_id
    group by all

),

around_calls as (

    select
        calls.*,
        inner_calls.inner_states_usage,
        coalesce(inner_calls.inner_microseconds >= 0.9 * calls.microseconds, false) as is_filled
    from calls
    inner join inner_calls
        on
            calls._source_file = inner_calls._source_file
            and calls.trace_id = inner_calls.trace_id
            and calls.span_id = inner_calls.span_id
            and calls.is_embedding = inner_calls.is_embedding

),

ruled as (

    select
        named.*,
        case
            when not named.is_call then 'context'
            when not own.states_usage or own.is_filled then 'context'
            when enclosing.states_usage and not enclosing.inner_states_usage then 'context'
            else 'request'
        end as row_kind,
        {#- Which rule of usage_semantics counts: by the instrumentation, or by the figures where they leave no doubt. #}
        case
            when named.scope_name = 'opentelemetry.instrumentation.bedrock' then 'openllmetry_bedrock'
            when
                named.scope_name in (
                    'opentelemetry.instrumentation.google_generativeai', 'opentelemetry.instrumentation.vertexai'
                ) then 'openllmetry_google'
            when
                starts_with(named.scope_name, 'openlit') and lower(named.provider) in ('anthropic', 'aws.bedrock')
                then 'openlit_anthropic_bedrock'
            when
                coalesce(named.cache_read_tokens_count, 0) + coalesce(named.cache_write_tokens_count, 0)
                > named.input_tokens_count
                or (
                    coalesce(named.cache_read_tokens_count, 0) + coalesce(named.cache_write_tokens_count, 0) > 0
                    and named.total_tokens_count
                    = named.input_tokens_count + named.output_tokens_count
                    + coalesce(named.cache_read_tokens_count, 0) + coalesce(named.cache_write_tokens_count, 0)
                ) then 'cache_beyond_input'
            when
                named.reasoning_tokens_count > named.output_tokens_count
                or (
                    named.reasoning_tokens_count > 0
                    and named.total_tokens_count
                    = named.input_tokens_count + named.output_tokens_count + named.reasoning_tokens_count
                ) then 'reasoning_beyond_output'
            else 'any'
        end as endpoint
    from named
    left join around_calls as own
        on
            named._source_file = own._source_file
            and named.trace_id = own.trace_id
            and named.span_id = own.span_id
            and named.is_embedding = own.is_embedding
    left join around_calls as enclosing
        on
            named._source_file = enclosing._source_file
            and named.trace_id = enclosing.trace_id
            and named.parent_span_id = enclosing.span_id
            and named.is_embedding = enclosing.is_embedding

),

with_semantics as (

    select
        ruled.*,
        semantics.is_cache_read_in_input,
        semantics.is_cache_write_in_input,
        semantics.is_reasoning_in_output,
        semantics.usd_per_money_unit
    from ruled
    left join semantics on ruled.endpoint = semantics.endpoint

),

checked as (

    select
        *,
        row_kind = 'request' as is_request,
        {#- OpenLLMetry's Google spans count the answer without its thoughts, which only the total holds. #}
        case
            when
                endpoint = 'openllmetry_google'
                and total_tokens_count > input_tokens_count + output_tokens_count
                then greatest(
                    total_tokens_count - input_tokens_count - output_tokens_count,
                    coalesce(reasoning_tokens_count, 0)
                )
            else reasoning_tokens_count
        end as reasoning,
        case when is_embedding then coalesce(output_tokens_count, 0) else output_tokens_count end as answer,
        {{ reject_reason(
            required_checks(['trace_id', 'span_id', 'start_time_unix_nano'], span_fields)
            + [
                ["started_at is null", "'startTimeUnixNano is not a time in unix nanoseconds'"],
                ["end_time_unix_nano is not null and end_time_unix_nano != '0' and ended_at is null",
                 "'endTimeUnixNano is not a time in unix nanoseconds'"],
            ]
            + count_checks(counts, limit=1000000000, may_hold_prompts=true)
            + request_cost_checks(['cost'])
            + [[
                "cache_write_1h_tokens_count > coalesce(cache_write_tokens_count, 0)",
                "'cache writes of one hour exceed the cache writes, of which they are a part'",
            ], [
                "row_kind = 'request' and coalesce(input_audio_tokens_count, 0) + coalesce(input_image_tokens_count, 0) > "
                ~ uncached ~ " + coalesce(cache_read_tokens_count, 0) + coalesce(cache_write_tokens_count, 0)",
                "'audio and image tokens exceed the input, of which they are parts'",
            ], [
                "row_kind = 'request' and output_audio_tokens_count > "
                ~ whole_output('output_tokens_count', 'reasoning_tokens_count'),
                "'audio tokens exceed the output, of which they are a part'",
            ]]
        ) }} as _reject_reason
    from with_semantics

),

renamed as (

    select
        ---------- ids
        'otel_genai' as gateway,
        {{ without_email("trace_id || '-' || span_id", is_person=false) }} as request_id,
        case when is_request then {{ without_email(name_or_null('response_id'), is_person=false) }} end as provider_request_id,
        row_kind,
        {%- for column, is_person in [
            ('team_id', false), ('user_id', true), ('tenant_id', true), ('session_id', false),
        ] %}
        {{ without_email('said_' ~ column, is_person=is_person) }} as {{ column }},
        {%- endfor %}
        {{ without_email('trace_id', is_person=false) }} as trace_id,
        {{ without_email("trace_id || '-' || parent_span_id", is_person=false) }} as parent_request_id,
        {{ without_email('span_id', is_person=false) }} as span_id,
        {{ without_email('parent_span_id', is_person=false) }} as parent_span_id,

        ---------- strings
        {%- for column in ['feature_name', 'workflow_name', 'environment'] %}
        {{ without_email('said_' ~ column, is_person=false) }} as {{ column }},
        {%- endfor %}
        case
            when is_request  -- the AI SDK adds the kind of interface: openai.responses
                then nullif(regexp_replace(
                    lower({{ masked_name(trimmed('provider')) }}),
                    '[.](responses|chat|completion|embedding|messages|generative-ai)$',
                    ''
                ), '')
        end as provider,
        case when is_request then {{ masked(first_name(['response_model', 'request_model'])) }} end as model,
        case when is_request then {{ masked(first_name(['request_model', 'response_model'])) }} end as requested_model,
        case when is_request then lower({{ masked_name(name_or_null('service_tier')) }}) end as service_tier,
        case
            when is_request
                then lower(coalesce(
                    {{ masked_name(name_or_null('stated_geo')) }},
                    nullif(regexp_extract(server_address, '^bedrock-runtime(?:-fips)?[.]([a-z0-9-]+)[.]amazonaws[.]com', 1), ''),
                    nullif(regexp_extract(server_address, '^([a-z0-9-]+)-aiplatform[.]googleapis[.]com$', 1), '')
                ))
        end as inference_geo,
        {{ without_email('said_prompt_template_version', is_person=false) }} as prompt_template_version,
        {{ without_email('said_prompt_fingerprint', is_person=false) }} as prompt_fingerprint,
        {{ without_email(first_name(['http_status', 'error_type']), is_person=false) }} as status_code,

        ---------- numerics
        case when is_request then {{ uncached }} end as uncached_input_tokens,
        -- Only Anthropic's own SDK tells a lifetime: what is not stated as an hour stands with the default one.
        {%- for count_of, column in [
            ('cache_read_tokens_count', 'cache_read_tokens'),
            ('cache_write_tokens_count - coalesce(cache_write_1h_tokens_count, 0)', 'cache_write_5m_tokens'),
            ('cast(null as bigint)', 'cache_write_30m_tokens'),
            ('cache_write_1h_tokens_count', 'cache_write_1h_tokens'),
            ('cast(null as bigint)', 'cache_write_12h_tokens'),
        ] %}
        case
            when is_request then coalesce({{ count_of }}, case when input_tokens_count is not null then 0 end)
        end as {{ column }},
        {%- endfor %}
        case when is_request then {{ whole_output('answer', 'reasoning') }} end as output_tokens,
        case when is_request then reasoning end as reasoning_tokens,
        case when is_request then {{ part_of('input_audio_tokens_count', uncached) }} end as input_audio_tokens,
        case
            when is_request
                then {{ part_of('input_image_tokens_count', uncached ~ ' - coalesce(input_audio_tokens_count, 0)') }}
        end as input_image_tokens,
        case when is_request then output_audio_tokens_count end as output_audio_tokens,
        case
            when
                is_request
                and not (
                    not is_cache_read_in_input
                    and coalesce(cache_read_tokens_count, 0) + coalesce(cache_write_tokens_count, 0) > 0
                    and total_tokens_count = input_tokens_count + output_tokens_count
                )
                then total_tokens_count  -- a sum that leaves the cache out is no total
        end as reported_total_tokens,
        case when is_request then cast(1 as bigint) else cast(0 as bigint) end as request_count,
        case
            when ended_at >= started_at
                then (try_cast(end_time_unix_nano as bigint) - try_cast(start_time_unix_nano as bigint)) / 1000000.0
        end as latency_ms,
        case when is_request then {{ reported_usd('cost') }} end as reported_cost_usd,

        ---------- booleans
        coalesce(status in ('2', 'STATUS_CODE_ERROR'), false) as is_error,
        try_cast(stream as boolean) as is_streaming,

        ---------- timestamps
        started_at as requested_at,

        ---------- provenance
        _source_file,
        _source_row,
        _source_item,
        _file_version,
        _reject_reason,
        {{ rejected_text(may_hold_prompts=true) }} as _rejected_record
    from checked

)

{{ as_requests('renamed') }}
