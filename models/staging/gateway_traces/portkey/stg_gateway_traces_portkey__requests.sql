{{ config(enabled = 'portkey' in var('formats').get('gateway_traces', [])) }}

{#-
    A log export. Cached and reasoning tokens stand only in the usage object of the response's body, which has the shape
    of the provider's wire, or Portkey's translation of it into OpenAI's shape. Without a body (administrators may
    withhold it) req_units and res_units are all that is known. Of the bodies nothing but counts and names is read.
-#}
{%- set fields = {
    'id': '$.id',
    'created_at': '$.created_at',
    'trace_id': '$.trace_id',
    'ai_org': '$.ai_org',
    'ai_provider': '$.ai_provider',
    'ai_model': '$.ai_model',
    'req_units': '$.req_units',
    'request_tokens': '$.request_tokens',
    'res_units': '$.res_units',
    'response_tokens': '$.response_tokens',
    'total_units': '$.total_units',
    'log_total_tokens': '$.total_tokens',
    'cost': '$.cost',
    'cost_currency': '$.cost_currency',
    'response_time': '$.response_time',
    'response_status_code': '$.response_status_code',
    'status_code': '$.status_code',
    'cache_status': '$.cache_status',
    'retry_success_count': '$.retry_success_count',
    'api_key_id': '$.api_key_id',
    'prompt_slug': '$.prompt_slug',
    'metadata': '$.metadata',
    'asked_model': '$.request.model',
    'asked_stream': '$.request.stream',
} %}

{#- In the response's body. The counts of each meaning under the names of OpenAI, Anthropic, Gemini and Bedrock. -#}
{%- set body_fields = {
    'body_id': '$.id',
    'body_response_id': '$.responseId',
    'body_model': '$.model',
    'body_model_version': '$.modelVersion',
    'tier': '$.service_tier',
    'usage_tier': '$.usage.service_tier',
    'converse_tier': '$.serviceTier.type',
    'usage_geo': '$.usage.inference_geo',
    'body_items': '$.output',
    'prompt_tokens': '$.usage.prompt_tokens',
    'input_tokens': '$.usage.input_tokens',
    'promptTokenCount': '$.usageMetadata.promptTokenCount',
    'inputTokens': '$.usage.inputTokens',
    'completion_tokens': '$.usage.completion_tokens',
    'output_tokens': '$.usage.output_tokens',
    'candidatesTokenCount': '$.usageMetadata.candidatesTokenCount',
    'outputTokens': '$.usage.outputTokens',
    'usage_total_tokens': '$.usage.total_tokens',
    'totalTokenCount': '$.usageMetadata.totalTokenCount',
    'totalTokens': '$.usage.totalTokens',
    'prompt_cached_tokens': '$.usage.prompt_tokens_details.cached_tokens',
    'input_cached_tokens': '$.usage.input_tokens_details.cached_tokens',
    'cache_read_input_tokens': '$.usage.cache_read_input_tokens',
    'cachedContentTokenCount': '$.usageMetadata.cachedContentTokenCount',
    'cacheReadInputTokens': '$.usage.cacheReadInputTokens',
    'prompt_cache_write_tokens': '$.usage.prompt_tokens_details.cache_write_tokens',
    'input_cache_write_tokens': '$.usage.input_tokens_details.cache_write_tokens',
    'cache_creation_input_tokens': '$.usage.cache_creation_input_tokens',
    'cacheWriteInputTokens': '$.usage.cacheWriteInputTokens',
    'ephemeral_5m_input_tokens': '$.usage.cache_creation.ephemeral_5m_input_tokens',
    'ephemeral_1h_input_tokens': '$.usage.cache_creation.ephemeral_1h_input_tokens',
    'cacheDetails': '$.usage.cacheDetails',
    'completion_reasoning_tokens': '$.usage.completion_tokens_details.reasoning_tokens',
    'output_reasoning_tokens': '$.usage.output_tokens_details.reasoning_tokens',
    'thoughtsTokenCount': '$.usageMetadata.thoughtsTokenCount',
    'toolUsePromptTokenCount': '$.usageMetadata.toolUsePromptTokenCount',
    'prompt_audio_tokens': '$.usage.prompt_tokens_details.audio_tokens',
    'input_audio_tokens': '$.usage.input_tokens_details.audio_tokens',
    'completion_audio_tokens': '$.usage.completion_tokens_details.audio_tokens',
    'prompt_image_tokens': '$.usage.prompt_tokens_details.image_tokens',
    'input_image_tokens': '$.usage.input_tokens_details.image_tokens',
    'promptTokensDetails': '$.usageMetadata.promptTokensDetails',
    'cacheTokensDetails': '$.usageMetadata.cacheTokensDetails',
    'billed_input_tokens': '$.usage.billed_units.input_tokens',
    'billed_output_tokens': '$.usage.billed_units.output_tokens',
    'candidatesTokensDetails': '$.usageMetadata.candidatesTokensDetails',
    'web_search_requests': '$.usage.server_tool_use.web_search_requests',
    'num_search_queries': '$.usage.num_search_queries',
} %}
{%- set inputs = ['prompt_tokens', 'input_tokens', 'promptTokenCount', 'inputTokens', 'billed_input_tokens'] %}
{%- set outputs = ['completion_tokens', 'output_tokens', 'candidatesTokenCount', 'outputTokens', 'billed_output_tokens'] %}
{%- set totals = ['usage_total_tokens', 'totalTokenCount', 'totalTokens'] %}
{%- set read_totals = [
    'prompt_cached_tokens', 'input_cached_tokens', 'cache_read_input_tokens', 'cachedContentTokenCount',
    'cacheReadInputTokens',
] %}
{%- set write_totals = [
    'prompt_cache_write_tokens', 'input_cache_write_tokens', 'cache_creation_input_tokens', 'cacheWriteInputTokens',
] %}
{%- set writes_5m = ['ephemeral_5m_input_tokens', 'converse_write_5m_tokens'] %}
{%- set writes_1h = ['ephemeral_1h_input_tokens', 'converse_write_1h_tokens'] %}
{%- set reasonings = ['completion_reasoning_tokens', 'output_reasoning_tokens', 'thoughtsTokenCount'] %}
{%- set audio_inputs = ['prompt_audio_tokens', 'input_audio_tokens', 'gemini_audio_tokens'] %}
{%- set image_inputs = ['prompt_image_tokens', 'input_image_tokens', 'gemini_image_tokens'] %}
{%- set audio_outputs = ['completion_audio_tokens', 'gemini_spoken_tokens'] %}
{%- set uncached = uncached_input('input_count', 'read_tokens', 'write_tokens') ~ ' + tool_prompt_tokens' %}
{%- set searches = ['web_search_requests', 'num_search_queries'] %}
{%- set names_by_caller = [
    'team_id', 'user_id', 'tenant_id', 'feature_name', 'workflow_name', 'environment', 'session_id',
    'prompt_template_version', 'prompt_fingerprint',
] %}

with

source as (

    select
        *,
        -- the body is an object, or its JSON text
        case
            when _unreadable is not null then null
            when json_type(_record, '$.response') = 'OBJECT' then cast(json_extract(_record, '$.response') as varchar)
            when json_valid(json_extract_string(_record, '$.response')) then json_extract_string(_record, '$.response')
        end as body
    from {{ landed_texts('gateway_traces', 'portkey', fields) }}

),

semantics as (

    select
        endpoint as rule,
        is_cache_read_in_input,
        is_cache_write_in_input,
        is_reasoning_in_output,
        usd_per_money_unit
    from {{ ref('usage_semantics') }}
    where entity = 'gateway_traces' and format = 'portkey'

),

with_body as (

    select
        * exclude (body),
        json_extract_string(
            body, [{% for path in body_fields.values() %}'{{ path }}'{{ ', ' if not loop.last }}{% endfor %}]
        ) as body_values,
        {{ json_object_or_null('metadata') }} as metadata_json
    from source

),

named as (

    select
        * exclude (body_values, metadata_json),
        {%- for name in body_fields %}
        nullif(body_values[{{ loop.index }}], '') as {{ name }},
        {%- endfor %}
        metadata_json
    from with_body

),

counted as (

    select
        *,
        {% for lifetime in ['5m', '1h'] -%}
        {{ sum_of_parts('cacheDetails', 'ttl', lifetime, 'inputTokens') }} as converse_write_{{ lifetime }}_tokens,
        {% endfor -%}
        -- Parts of the uncached input: those read from the cache are taken away. Pages of a document are seen as images.
        {%- for part, modalities in {'audio': ['AUDIO'], 'image': ['IMAGE', 'DOCUMENT']}.items() %}
        {%- set stated = [] %}
        {%- set uncached = [] %}
        {%- for modality in modalities %}
        {%- do stated.append(sum_of_parts('promptTokensDetails', 'modality', modality, 'tokenCount')) %}
        {%- do uncached.append(
            'coalesce(cast(' ~ stated[-1] ~ ' as hugeint), 0) - coalesce(cast('
            ~ sum_of_parts('cacheTokensDetails', 'modality', modality, 'tokenCount') ~ ' as hugeint), 0)'
        ) %}
        {%- endfor %}
        case when coalesce({{ stated | join(', ') }}) is not null then cast({{ uncached | join(' + ') }} as varchar) end
            as gemini_{{ part }}_tokens,
        {%- endfor %}
        {{ sum_of_parts('candidatesTokensDetails', 'modality', 'AUDIO', 'tokenCount') }} as gemini_spoken_tokens,
        case
            when json_type(case when json_valid(body_items) then body_items end) = 'ARRAY'
                then len(list_filter(
                    json_extract_string(body_items, '$[*].type'), lambda item: item = 'web_search_call'
                ))
        end as web_search_calls,
        {% for column in names_by_caller -%}
        {{ caller_said(column, 'metadata_json') }} as said_{{ column }},
        {% endfor -%}
        lower({{ first_name(['ai_org', 'ai_provider']) }}) as provider_name,
        coalesce(response_status_code, status_code) as http_status,
        {{ first_count(inputs) }} as input_count,
        coalesce(
            {{ first_count(outputs) }},
            -- Gemini leaves out a count of zero
            case when promptTokenCount is not null and totalTokenCount is not null then 0 end
        ) as output_count,
        {{ first_count(totals) }} as total_count,
        {{ largest_count(reasonings) }} as reasoning_count
    from named

),

summed as (

    select
        *,
        coalesce({{ largest_count(read_totals) }}, 0) as read_tokens,
        coalesce({{ largest_count(writes_1h) }}, 0) as write_1h_tokens,
        {{ largest_count(audio_inputs) }} as audio_count,
        {{ largest_count(image_inputs) }} as image_count,
        greatest(
            coalesce({{ largest_count(write_totals) }}, 0),
            coalesce({{ largest_count(writes_1h) }}, 0) + coalesce({{ largest_count(writes_5m) }}, 0)
        ) as stated_write_tokens
    from counted

),

-- Whose rule the counts follow. A translation into OpenAI's shape shows in its own total; the provider decides where the
-- total does not.
by_wire as (

    select
        *,
        case
            when input_count is null then 'any'
            when promptTokenCount is not null then 'gemini'
            when inputTokens is not null then 'bedrock'
            when billed_input_tokens is not null then 'cohere'
            when prompt_tokens is null and usage_total_tokens is null then 'anthropic'
            when
                prompt_tokens is null or total_count = input_count + output_count
                or coalesce(provider_name, '') not in ('anthropic', 'google', 'vertex-ai')
                then 'openai'
            when
                read_tokens + stated_write_tokens > 0
                and total_count = input_count + output_count + read_tokens + stated_write_tokens
                then 'openai_from_anthropic'
            when reasoning_count > 0 and total_count = input_count + output_count + reasoning_count
                then 'openai_from_gemini'
            when provider_name = 'anthropic' or contains(lower(ai_model), 'claude') then 'openai_from_anthropic'
            else 'openai_from_gemini'
        end as wire
    from summed

),

with_rule as (

    select
        by_wire.*,
        semantics.*,
        -- what the total has beyond the counts that are shown: cache writes that a strict OpenAI shape leaves out of
        -- an Anthropic answer, and the prompts of Gemini's tools
        greatest(
            by_wire.total_count - by_wire.input_count - by_wire.output_count
            - case
                when by_wire.wire = 'openai_from_anthropic' then by_wire.read_tokens + by_wire.stated_write_tokens
                else coalesce(by_wire.reasoning_count, 0)
            end, 0
        ) as unshown_tokens
    from by_wire
    left join semantics on by_wire.wire = semantics.rule

),

normalised as (

    select
        *,
        stated_write_tokens
        + case when wire = 'openai_from_anthropic' then coalesce(unshown_tokens, 0) else 0 end as write_tokens,
        case
            when wire = 'gemini' then coalesce({{ count('toolUsePromptTokenCount') }}, 0)
            when wire = 'openai_from_gemini' then coalesce(unshown_tokens, 0)
            else 0
        end as tool_prompt_tokens,
        case
            when coalesce(upper(cost_currency), 'USD') = 'USD' then try({{ reported_usd('cost') }})
        end as cost_usd
    from with_rule

),

checked as (

    select
        *,
        {{ reject_reason(
            required_checks(['id', 'created_at'], fields)
            + type_checks(['created_at'], 'timestamptz', 'an ISO 8601 time', may_hold_prompts=true)
            + [[
                "provider_name is null",
                "'ai_org and ai_provider are missing; the record has ' || " ~ field_names(fields)
            ], [
                "coalesce(ai_model, body_model, asked_model) is null and coalesce(try_cast(http_status as integer), 0) < 400",
                "'required field ai_model is missing; the record has ' || " ~ field_names(fields)
            ], [
                "metadata is not null and metadata_json is null",
                "'metadata is not a JSON object'"
            ]]
            + count_checks(
                ['req_units', 'request_tokens', 'res_units', 'response_tokens', 'total_units', 'log_total_tokens']
                + inputs + outputs + totals + read_totals + write_totals + writes_5m + writes_1h + reasonings
                + audio_inputs + image_inputs + audio_outputs + searches
                + ['toolUsePromptTokenCount', 'retry_success_count'],
                limit=1000000000, may_hold_prompts=true
            )
            + type_checks(['response_time'], 'decimal(18, 6)', 'a number', may_hold_prompts=true)
            + type_checks(['cost'], 'decimal(24, 12)', 'a number of cents', may_hold_prompts=true)
            + [[
                "cost_usd < 0", "'cost is negative'"
            ], [
                "try_cast(cost as decimal(24, 12)) > 10000000", "'cost is above 100000 USD'"
            ], [
                "is_cache_read_in_input and input_count < read_tokens + write_tokens",
                "'cached and cache-write tokens exceed the input tokens, which include them'"
            ], [
                "is_reasoning_in_output and reasoning_count > output_count",
                "'reasoning tokens exceed the output tokens, of which they are a part'"
            ]]
        ) }} as _reject_reason
    from normalised

),

renamed as (

    select
        ---------- ids
        'portkey' as gateway,
        {{ without_email(trimmed('id'), is_person=false) }} as request_id,
        {{ without_email(first_name(['body_id', 'body_response_id']), is_person=false) }} as provider_request_id,
        case
            when regexp_matches(lower(cache_status), '^(semantic[ _-]?)?hit$') then 'cache_hit' else 'request'
        end as row_kind,
        {{ without_email('said_team_id', is_person=false) }} as team_id,
        {{ without_email('said_user_id') }} as user_id,
        {{ without_email('said_tenant_id') }} as tenant_id,
        {{ without_email('said_session_id', is_person=false) }} as session_id,
        {{ without_email(name_or_null('trace_id'), is_person=false) }} as trace_id,
        {{ without_email(without_raw_key(name_or_null('api_key_id')), is_person=false) }} as api_key_hash,

        ---------- strings
        {{ without_email('said_feature_name', is_person=false) }} as feature_name,
        {{ without_email('said_workflow_name', is_person=false) }} as workflow_name,
        {{ without_email('said_environment', is_person=false) }} as environment,
        {{ masked_name('provider_name') }} as provider,
        {{ masked(first_name(['ai_model', 'body_model', 'body_model_version', 'asked_model'])) }} as model,
        {{ masked(first_name(['asked_model', 'ai_model', 'body_model', 'body_model_version'])) }} as requested_model,
        {{ masked_name('coalesce(tier, usage_tier, converse_tier)') }} as service_tier,
        nullif(lower({{ masked_name('usage_geo') }}), 'not_available') as inference_geo,
        {{ without_email(
            "coalesce(said_prompt_template_version, " ~ name_or_null('prompt_slug') ~ ")", is_person=false
        ) }} as prompt_template_version,
        {{ without_email('said_prompt_fingerprint', is_person=false) }} as prompt_fingerprint,
        regexp_replace({{ masked_name('http_status') }}, '[.]0+$', '') as status_code,

        ---------- numerics
        case
            when wire = 'any' then {{ first_count(['req_units', 'request_tokens']) }}
            else {{ uncached }}
        end as uncached_input_tokens,
        case when wire != 'any' then read_tokens end as cache_read_tokens,
        case when wire != 'any' then write_tokens - write_1h_tokens end as cache_write_5m_tokens,  -- and unknown lifetimes
        case when wire != 'any' then cast(0 as bigint) end as cache_write_30m_tokens,
        case when wire != 'any' then write_1h_tokens end as cache_write_1h_tokens,
        case when wire != 'any' then cast(0 as bigint) end as cache_write_12h_tokens,
        case
            when wire = 'any' then {{ first_count(['res_units', 'response_tokens']) }}
            else {{ whole_output('output_count', 'reasoning_count') }}
        end as output_tokens,
        reasoning_count as reasoning_tokens,
        {{ part_of('audio_count', uncached) }} as input_audio_tokens,
        {{ part_of('image_count', uncached ~ ' - coalesce(audio_count, 0)') }} as input_image_tokens,
        {{ part_of(largest_count(audio_outputs), whole_output('output_count', 'reasoning_count')) }} as output_audio_tokens,
        case
            when wire = 'any' then {{ first_count(['total_units', 'log_total_tokens']) }} else total_count
        end as reported_total_tokens,
        coalesce({{ largest_count(searches) }}, web_search_calls) as web_search_count,
        cast(1 as bigint) as request_count,
        {{ count('retry_success_count') }} as retry_count,
        try_cast(response_time as double) as latency_ms,
        cost_usd as reported_cost_usd,

        ---------- booleans
        coalesce(try_cast(http_status as decimal(9, 1)) >= 400, false) as is_error,
        try_cast(asked_stream as boolean) as is_streaming,

        ---------- timestamps
        {{ utc('created_at') }} as requested_at,

        ---------- provenance
        _source_file,
        _source_row,
        cast(1 as bigint) as _source_item,
        _file_version,
        _reject_reason,
        {{ rejected_text(may_hold_prompts=true) }} as _rejected_record
    from checked

)

{{ as_requests('renamed') }}
