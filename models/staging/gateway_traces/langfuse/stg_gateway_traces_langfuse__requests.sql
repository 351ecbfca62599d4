{{ config(enabled = 'langfuse' in var('formats').get('gateway_traces', [])) }}

{#-
    Rows of a Langfuse export (observations, observations_v2, traces; snake_case), pages of its API ({"data": [...]}) and
    trace documents ({"trace": {...}, "observations": [...]}; camelCase). A GENERATION or EMBEDDING is a request; every
    other observation, and each trace, is context. Inputs, outputs and status messages are not read.
-#}
{%- set item_fields = {
    'id': ['id'],
    'trace_id': ['trace_id', 'traceId'],
    'parent_id': ['parent_observation_id', 'parentObservationId'],
    'type': ['type'],
    'start_time': ['start_time', 'startTime', 'timestamp'],
    'is_observed': ['start_time', 'startTime'],
    'end_time': ['end_time', 'endTime'],
    'completion_started': ['completion_start_time', 'completionStartTime'],
    'level': ['level'],
    'environment': ['environment'],
    'trace_name': ['trace_name', 'traceName'],
    'item_name': ['name'],
    'user_id': ['user_id', 'userId'],
    'session_id': ['session_id', 'sessionId'],
    'tags': ['tags'],
    'model': ['provided_model_name', 'providedModelName', 'model'],
    'model_parameters': ['model_parameters', 'modelParameters'],
    'usage_details': ['usage_details', 'usageDetails'],
    'cost_details': ['cost_details', 'costDetails'],
    'total_cost': ['total_cost', 'totalCost'],
    'prompt_name': ['prompt_name', 'promptName'],
    'prompt_version': ['prompt_version', 'promptVersion'],
    'metadata': ['metadata'],
} %}

{#- Langfuse's own name first; then the names that callers and older versions pass through unchanged. -#}
{%- set usage_names = {
    'input_tokens': ['input', 'input_tokens', 'prompt_tokens', 'promptTokens'],
    'output_tokens': ['output', 'output_tokens', 'completion_tokens', 'completionTokens'],
    'total_tokens': ['total', 'total_tokens', 'totalTokens'],
    'cache_read_tokens': [
        'input_cached_tokens', 'input_cache_read', 'cache_read_input_tokens', 'prompt_details.cache_read', 'cached_tokens',
    ],
    'cache_write_rest': ['input_cache_creation', 'input_cache_write', 'prompt_details.cache_write', 'cache_write_tokens'],
    'cache_write_total': ['cache_creation_input_tokens'],
    'cache_write_5m': ['input_cache_creation_5m', 'ephemeral_5m_input_tokens'],
    'cache_write_1h': ['input_cache_creation_1h', 'ephemeral_1h_input_tokens'],
    'reasoning_tokens': ['output_reasoning_tokens', 'output_reasoning', 'reasoning_tokens', 'completion_details.reasoning'],
    'input_audio_tokens': ['input_audio_tokens', 'input_audio', 'prompt_details.audio'],
    'input_image_tokens': ['input_image_tokens', 'input_image'],
    'output_audio_tokens': ['output_audio_tokens', 'output_audio', 'completion_details.audio'],
} %}

{#- What a reject may name of its fields. -#}
{%- set named_in_rejects = {} %}
{%- for name in [
    'id', 'type', 'traceId', 'trace_id', 'start_time', 'startTime', 'timestamp', 'name', 'data_type', 'value', 'error',
] %}
{%- do named_in_rejects.update({name: '$.' ~ name}) %}
{%- endfor %}

{#- Langfuse names no provider: it is what an instrumentation says, a prefix of the model, or the maker of the model. -#}
{%- set model_providers = {
    '^((us|eu|apac|ap|global)[.])?(anthropic|amazon|meta|mistral|cohere|ai21|deepseek)[.]': 'bedrock',
    'claude': 'anthropic',
    '^(ft:)?(gpt|chatgpt|codex|o[0-9]|davinci|babbage|text-embedding-(3|ada)|whisper|tts|dall-e|sora)': 'openai',
    'gemini|^(models/)?(text-embedding-00|imagen|veo)': 'google',
    '^(open-)?(mistral|mixtral|codestral|ministral|magistral|devstral|pixtral)': 'mistral',
    '^(command|embed-|rerank-)': 'cohere',
    '^grok': 'xai',
    '^deepseek': 'deepseek',
} %}

{#- What instrumentations leave in the metadata, below `attributes` when it came over OpenTelemetry. -#}
{%- set metadata_names = {
    'said_provider': [
        'gen_ai.provider.name', 'llm.provider', 'ls_provider', 'ai.model.provider', 'gen_ai.system',
    ],
    'response_id': ['gen_ai.response.id', 'ai.response.id'],
    'asked_model': ['gen_ai.request.model', 'ai.model.id'],
    'served_tier': ['openai.response.service_tier', 'gen_ai.openai.response.service_tier'],
    'said_geo': ['inference_geo', 'aws.region', 'gcp.location'],
    'key_hash': ['user_api_key_hash', 'api_key_hash'],
} %}

{#- The JSON paths of all names of an observation or trace, and per column the first of them that says something. -#}
{%- set item_paths, item_firsts = [], {} %}
{%- for column, names in item_fields.items() %}
{%- set values = [] %}
{%- for name in names %}
{%- do item_paths.append("'$." ~ name ~ "'") %}
{%- do values.append("nullif(item_values[" ~ item_paths | length ~ "], '')") %}
{%- endfor %}
{%- do item_firsts.update({column: 'coalesce(' ~ values | join(', ') ~ ')'}) %}
{%- endfor %}

{#- The JSON paths of all names of the usage counters, and per column the first of them that says something. -#}
{%- set usage_paths, usage_firsts = [], {} %}
{%- for column, names in usage_names.items() %}
{%- set values = [] %}
{%- for name in names %}
{%- do usage_paths.append("'$.\"" ~ name ~ "\"'") %}
{%- do values.append("nullif(usage_values[" ~ usage_paths | length ~ "], '')") %}
{%- endfor %}
{%- do usage_firsts.update({column: 'coalesce(' ~ values | join(', ') ~ ')'}) %}
{%- endfor %}

{#- The JSON paths of all names of the metadata, and per column the first of them that says something. -#}
{%- set said_paths, said_firsts = [], {} %}
{%- for column, names in metadata_names.items() %}
{%- set values = [] %}
{%- for name in names %}
{%- do said_paths.append("'$.\"" ~ name ~ "\"'") %}
{%- for part in ['metadata_values', 'attribute_values'] %}
{%- do values.append('nullif(' ~ part ~ '[' ~ said_paths | length ~ "], '')") %}
{%- endfor %}
{%- endfor %}
{%- do said_firsts.update({column: 'coalesce(' ~ values | join(', ') ~ ')'}) %}
{%- endfor %}

{%- set uncached = uncached_input('whole_input', 'cache_read_tokens_count', 'written') %}

{#- What a caller says: in the metadata of the observation or trace, else in a tag `name:value`. -#}
{%- set said = {} %}
{%- for column in var('caller_names') %}
{%- do said.update({column: 'coalesce(' ~ caller_said(column, ['metadata', 'span_attributes', 'resource_attributes'])
    ~ ", nullif(regexp_extract(tags, '\"(?:" ~ var('caller_names')[column] | join('|') | replace('.', '[.]')
    ~ ")[:=] ?([^\"]+)\"', 1), ''))"}) %}
{%- endfor %}

with

semantics as (

    select
        endpoint,
        is_cache_read_in_input,
        is_cache_write_in_input,
        is_reasoning_in_output,
        usd_per_money_unit
    from {{ ref('usage_semantics') }}
    where entity = 'gateway_traces' and format = 'langfuse'

),

source as (

    select * from {{ landed_texts('gateway_traces', 'langfuse', {'page': '$.data'}) }}

),

gathered as (

    select
        *,
        case
            when _unreadable is not null then []
            when json_type(_record, '$.data') = 'ARRAY' then json_extract(_record, '$.data[*]')
            when json_type(_record, '$.trace') = 'OBJECT' or json_type(_record, '$.observations[0]') = 'OBJECT'
                then list_prepend(
                    coalesce(json_extract(_record, '$.trace'), cast(_record as json)),
                    json_extract(_record, '$.observations[*]')
                )
            else [cast(_record as json)]
        end as items
    from source

),

unnested as (

    select
        * exclude (items, page, _unreadable, _record),
        unnest(case when len(items) > 0 then items else [null] end) as item,
        generate_subscripts(case when len(items) > 0 then items else [null] end, 1) as _source_item,
        case
            when _unreadable is not null then _unreadable
            when len(items) = 0 then 'the page holds no result'
        end as problem,
        _record as whole_record
    from gathered

),

extracted as (

    select
        * exclude (item, problem, whole_record),
        coalesce(cast(item as varchar), whole_record) as _record,
        case
            when item is not null and json_type(item) != 'OBJECT' then 'the observation is not a JSON object'
            else problem
        end as _unreadable,
        json_extract_string(item, [{{ item_paths | join(', ') }}]) as item_values
    from unnested

),

read as (

    select
        {%- for name, value in item_firsts.items() %}
        {{ value }} as {{ name }},
        {%- endfor %}
        * exclude (item_values)
    from extracted

),

{# Maps are objects, or JSON text in csv files; attributes within the metadata may be JSON text once more. #}
with_maps as (

    select
        * exclude (usage_details, cost_details, model_parameters, metadata),
        {%- for name in ['usage_details', 'cost_details', 'model_parameters', 'metadata'] %}
        case
            when case when json_valid({{ name }}) then json_type({{ name }}) = 'OBJECT' end then {{ name }}
        end as {{ name }},
        {%- endfor %}
        usage_details is not null
        and not coalesce(
            case when json_valid(usage_details) then json_type(usage_details) in ('OBJECT', 'NULL') end, false
        ) as is_usage_damaged
    from read

),

with_attributes as (

    select
        *,
        case
            when json_valid(json_extract_string(metadata, '$.attributes')) then json_extract_string(metadata, '$.attributes')
        end as span_attributes,
        case
            when json_valid(json_extract_string(metadata, '$.resourceAttributes'))
                then json_extract_string(metadata, '$.resourceAttributes')
        end as resource_attributes
    from with_maps

),

looked_up as (

    select
        *,
        json_extract_string(usage_details, [{{ usage_paths | join(', ') }}]) as usage_values,
        json_extract_string(metadata, [{{ said_paths | join(', ') }}]) as metadata_values,
        json_extract_string(span_attributes, [{{ said_paths | join(', ') }}]) as attribute_values
    from with_attributes

),

named as (

    select
        * exclude (model_parameters, usage_values, metadata_values, attribute_values),
        {%- for name, value in dict(usage_firsts, **said_firsts).items() %}
        {{ value }} as {{ name }},
        {%- endfor %}
        {%- for column, value in said.items() %}
        {{ value }} as said_{{ column }},
        {%- endfor %}
        nullif(nullif(lower(json_extract_string(model_parameters, '$.service_tier')), ''), 'auto') as asked_tier,
        coalesce(
            try_cast(json_extract_string(model_parameters, '$.stream') as boolean),
            try_cast(json_extract_string(model_parameters, '$.is_stream') as boolean)
        ) as asked_stream,
        {{ utc('start_time') }} as started_at,
        {{ utc('end_time') }} as ended_at,
        case when type is not null then id end as observation_id,
        coalesce(upper(type) in ('GENERATION', 'EMBEDDING'), false) as is_call,
        coalesce(upper(type) = 'EMBEDDING', false) as is_embedding
    from looked_up

),

counted as (

    select
        *,
        {%- for name in usage_names %}
        {{ count(name) }} as {{ name }}_count,
        {%- endfor %}
        input_tokens is not null or output_tokens is not null or total_tokens is not null as states_usage
    from named

),

{#
    A call around a call is often one call reported twice, by a framework and by the client below it. Where only one of them
    states its usage, that counts; where both do, the inner one, if it fills the outer one's time: frameworks add up wrong.
    An outer call with time of its own may have worked itself: it is a request too, and later layers leave it out if it
    states no more than the calls below it. Looked for within a file: a trace is exported in one piece.
#}
calls as (

    select
        _source_file,
        trace_id,
        observation_id,
        is_embedding,
        bool_or(states_usage) as states_usage,
        max(epoch_us(ended_at) - epoch_us(started_at)) as microseconds
    from counted
    where is_call
    group by all

),

inner_calls as (

    select
        _source_file,
        trace_id,
        parent_id as observation_id,
        is_embedding,
        bool_or(states_usage) as inner_states_usage,
        sum(case when states_usage then epoch_us(ended_at) - epoch_us(started_at) end) as inner_microseconds
    from counted
    where is_call and parent_id is distinct from observation_id
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
            and calls.observation_id = inner_calls.observation_id
            and calls.is_embedding = inner_calls.is_embedding

),

with_kind as (

    select
        counted.*,
        case
            when not counted.is_call then 'context'
            when not own.states_usage or own.is_filled then 'context'
            when enclosing.states_usage and not enclosing.inner_states_usage then 'context'
            else 'request'
        end as row_kind
    from counted
    left join around_calls as own
        on
            counted._source_file = own._source_file
            and counted.trace_id = own.trace_id
            and counted.observation_id = own.observation_id
            and counted.is_embedding = own.is_embedding
    left join around_calls as enclosing
        on
            counted._source_file = enclosing._source_file
            and counted.trace_id = enclosing.trace_id
            and counted.parent_id = enclosing.observation_id
            and counted.is_embedding = enclosing.is_embedding

),

summed as (

    select
        *,
        coalesce(cache_write_5m_count, 0) + coalesce(cache_write_1h_count, 0) as write_with_lifetime,
        {#- Langfuse's own counter holds what has no lifetime, Anthropic's all writes. #}
        coalesce(
            cache_write_rest_count,
            case
                when cache_write_total_count is not null
                    then greatest(
                        cache_write_total_count - coalesce(cache_write_5m_count, 0) - coalesce(cache_write_1h_count, 0), 0
                    )
            end
        ) as write_without_lifetime,
        coalesce(input_audio_tokens_count, 0) + coalesce(input_image_tokens_count, 0) as media_input,
        coalesce(output_audio_tokens_count, 0) as media_output
    from with_kind

),

{#
    Langfuse's counters are disjoint, but usage that a caller states itself passes through as it is. The total shows which:
    it is the sum of all counters, or of those that hold the others.
#}
ruled as (

    select
        *,
        write_with_lifetime + coalesce(write_without_lifetime, 0) as written,
        coalesce(reasoning_tokens_count, 0) as thought,
        coalesce(cache_read_tokens_count, 0) + write_with_lifetime + coalesce(write_without_lifetime, 0) as cached,
        coalesce(input_tokens_count, 0) + coalesce(output_tokens_count, 0) as two,
        case
            when total_tokens_count is null or total_tokens_count = two + cached + media_input + media_output + thought
                then 'any'
            when total_tokens_count = two + media_output + thought then 'cache_in_input'
            when total_tokens_count = two + cached + media_input then 'reasoning_in_output'
            when total_tokens_count = two then 'all_in_two'
            else 'any'
        end as endpoint
    from summed

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
        {#- Audio and images stand beside a disjoint input or output, and within one that holds everything. #}
        input_tokens_count + case when is_cache_read_in_input then 0 else media_input end as whole_input,
        case
            when is_embedding and output_tokens_count is null and input_tokens_count is not null then 0
            else
                output_tokens_count
                + case when is_reasoning_in_output then 0 else media_output end
        end as answer,
        {{ reject_reason(
            [
                [
                    "type is null and (trace_id is not null or start_time is null)",
                    "'neither an observation nor a trace; the record has ' || " ~ field_names(named_in_rejects)
                ],
                ["type is not null and is_observed is null", "'required field start_time is missing'"],
            ]
            + required_checks(['id'], named_in_rejects)
            + type_checks(['start_time', 'end_time'], 'timestamptz', 'an ISO 8601 time', may_hold_prompts=true)
            + [["is_usage_damaged", "'usage_details is not a JSON object'"]]
            + count_checks(usage_names.keys() | list, limit=1000000000, may_hold_prompts=true)
            + request_cost_checks(['total_cost'])
            + [[
                "is_request and is_cache_read_in_input and input_tokens_count < greatest(cached, media_input)",
                "'cached tokens, or audio and image tokens, exceed the input, which includes them'",
            ], [
                "is_request and is_reasoning_in_output and output_tokens_count < thought",
                "'reasoning tokens exceed the output, which includes them'",
            ]]
        ) }} as _reject_reason
    from with_semantics

),

renamed as (

    select
        ---------- ids
        'langfuse' as gateway,
        {{ without_email(trimmed('id'), is_person=false) }} as request_id,
        case when is_request then {{ without_email(name_or_null('response_id'), is_person=false) }} end as provider_request_id,
        row_kind,
        {{ without_email('said_team_id', is_person=false) }} as team_id,
        {{ without_email('coalesce(' ~ name_or_null('user_id') ~ ', ' ~ 'said_user_id' ~ ')') }} as user_id,
        {{ without_email('said_tenant_id') }} as tenant_id,
        {{ without_email(
            'coalesce(' ~ name_or_null('session_id') ~ ', ' ~ 'said_session_id' ~ ')', is_person=false
        ) }} as session_id,
        {{ without_email(name_or_null('case when type is null then id else trace_id end'), is_person=false) }} as trace_id,
        {{ without_email(name_or_null('parent_id'), is_person=false) }} as parent_request_id,
        {{ without_email(name_or_null('observation_id'), is_person=false) }} as span_id,
        {{ without_email(name_or_null('parent_id'), is_person=false) }} as parent_span_id,
        {{ without_email(without_raw_key(name_or_null('key_hash')), is_person=false) }} as api_key_hash,

        ---------- strings
        {{ without_email('said_feature_name', is_person=false) }} as feature_name,
        {{ without_email(
            'coalesce(' ~ 'said_workflow_name' ~ ', ' ~ name_or_null('trace_name')
            ~ ', case when type is null then ' ~ name_or_null('item_name') ~ ' end)', is_person=false
        ) }} as workflow_name,
        {{ without_email(
            "coalesce(nullif(" ~ name_or_null('environment') ~ ", 'default'), " ~ 'said_environment' ~ ')', is_person=false
        ) }} as environment,
        case
            when is_request
                then coalesce(
                    {#- The AI SDK adds the kind of interface: openai.responses. #}
                    nullif(regexp_replace(
                        lower({{ masked_name(trimmed('said_provider')) }}),
                        '[.](responses|chat|completion|embedding|messages|generative-ai)$',
                        ''
                    ), ''),
                    {%- set name = "lower(" ~ trimmed('model') ~ ")" %}
                    case
                        when
                            regexp_matches({{ name }}, '^[a-z][a-z0-9_-]*/')
                            and not regexp_matches({{ name }}, '^(models|accounts|publishers)/')
                            then split_part({{ name }}, '/', 1)
                        {%- for pattern, provider in model_providers.items() %}
                        when regexp_matches({{ name }}, '{{ pattern }}') then '{{ provider }}'
                        {%- endfor %}
                    end
                )
        end as provider,
        case when is_request then {{ masked_name(name_or_null('model')) }} end as model,
        case when is_request then {{ masked(first_name(['asked_model', 'model'])) }} end as requested_model,
        case when is_request then lower({{ masked(first_name(['served_tier', 'asked_tier'])) }}) end as service_tier,
        case when is_request then lower({{ masked_name(name_or_null('said_geo')) }}) end as inference_geo,
        {{ without_email(
            'coalesce(' ~ name_or_null('prompt_name') ~ " || ':' || " ~ name_or_null('prompt_version') ~ ', '
            ~ name_or_null('prompt_version') ~ ', ' ~ 'said_prompt_template_version' ~ ')', is_person=false
        ) }} as prompt_template_version,
        {{ without_email('said_prompt_fingerprint', is_person=false) }} as prompt_fingerprint,

        ---------- numerics
        case when is_request then {{ uncached }} end as uncached_input_tokens,
        {%- for amount, column in {
            'cache_read_tokens_count': 'cache_read_tokens',
            'coalesce(write_without_lifetime + coalesce(cache_write_5m_count, 0), cache_write_5m_count)': 'cache_write_5m_tokens',
            'cast(null as bigint)': 'cache_write_30m_tokens',
            'cache_write_1h_count': 'cache_write_1h_tokens',
            'cast(null as bigint) ': 'cache_write_12h_tokens',
        }.items() %}
        case
            when is_request then coalesce({{ amount | trim }}, case when input_tokens_count is not null then 0 end)
        end as {{ column }},
        {%- endfor %}
        case when is_request then {{ whole_output('answer', 'thought') }} end as output_tokens,
        case when is_request then reasoning_tokens_count end as reasoning_tokens,
        case when is_request then {{ part_of('input_audio_tokens_count', uncached) }} end as input_audio_tokens,
        case
            when is_request
                then {{ part_of('input_image_tokens_count', uncached ~ ' - coalesce(input_audio_tokens_count, 0)') }}
        end as input_image_tokens,
        case when is_request then output_audio_tokens_count end as output_audio_tokens,
        case
            when is_request and (answer is null) = (input_tokens_count is null) then total_tokens_count
        end as reported_total_tokens,  -- of one count alone Langfuse makes a total itself
        case when is_request then cast(1 as bigint) else cast(0 as bigint) end as request_count,
        case
            when ended_at >= started_at then (epoch_us(ended_at) - epoch_us(started_at)) / 1000.0
        end as latency_ms,  -- the field latency is seconds in one export and milliseconds in another
        case
            when is_request and coalesce(cost_details, '') != '{}' then {{ reported_usd('total_cost') }}
        end as reported_cost_usd,  -- without cost details the total of 0 means no price

        ---------- booleans
        coalesce(upper(level) = 'ERROR', false) as is_error,
        case when completion_started is not null then true else asked_stream end as is_streaming,

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
