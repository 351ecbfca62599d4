{{ config(enabled = 'litellm' in var('formats').get('gateway_traces', [])) }}

{#-
    Two shapes of LiteLLM: rows of the SpendLogs table (jsonl, csv, json; metadata and request_tags are JSON in text) and
    StandardLoggingPayload objects (S3, GCS). Messages, response bodies, error texts and e-mail addresses are not read.
    A field is named by its path: metadata.cost_breakdown.service_tier is metadata_cost_breakdown_service_tier.
-#}
{%- set fields = {} %}
{%- for path in [
    'request_id', 'id', 'litellm_call_id', 'trace_id', 'session_id', 'status', 'cache_hit', 'stream', 'startTime', 'endTime',
    'request_duration_ms', 'model', 'model_group', 'custom_llm_provider', 'prompt_tokens', 'completion_tokens', 'total_tokens',
    'spend', 'response_cost', 'api_key', 'user', 'team_id', 'end_user', 'request_tags', 'call_type',
    'error_information.error_code', 'cost_breakdown.tool_usage_cost', 'cost_breakdown.service_tier',
    'cost_breakdown.data_residency', 'cost_breakdown.vertex_location', 'model_map_information.model_map_value.key',
    'hidden_params.batch_successful_requests', 'hidden_params.batch_failed_requests', 'hidden_params.usage_object', 'metadata',
    'metadata.usage_object', 'metadata.additional_usage_values.cache_read_input_tokens',
    'metadata.additional_usage_values.cache_creation_input_tokens', 'metadata.cost_breakdown.tool_usage_cost',
    'metadata.cost_breakdown.service_tier', 'metadata.cost_breakdown.data_residency', 'metadata.cost_breakdown.vertex_location',
    'metadata.error_information.error_code', 'metadata.attempted_retries', 'metadata.billed_retry_attempt',
    'metadata.parent_request_id', 'metadata.internal_call_origin', 'metadata.is_silent_experiment',
    'metadata.batch_successful_requests', 'metadata.batch_failed_requests', 'metadata.user_api_key_hash',
    'metadata.user_api_key', 'metadata.user_api_key_team_id', 'metadata.user_api_key_user_id',
    'metadata.user_api_key_end_user_id', 'metadata.model_map_information.model_map_value.key', 'metadata.spend_logs_metadata',
    'metadata.requester_metadata',
] %}
{%- do fields.update({'read_' ~ path | replace('.', '_'): '$.' ~ path}) %}
{%- endfor %}

{#- Of the usage object. The read and write totals stand under several names, of which a version fills some. -#}
{%- set prompt = '$.prompt_tokens_details.' %}
{%- set write_times = prompt ~ 'cache_creation_token_details.ephemeral_' %}
{%- set usage = {
    'details_read_tokens': prompt ~ 'cached_tokens',
    'usage_read_tokens': '$.cache_read_input_tokens',
    'details_write_tokens': prompt ~ 'cache_write_tokens',
    'details_creation_tokens': prompt ~ 'cache_creation_tokens',
    'usage_write_tokens': '$.cache_creation_input_tokens',
    'write_5m_tokens': write_times ~ '5m_input_tokens',
    'write_30m_tokens': write_times ~ '30m_input_tokens',
    'write_1h_tokens': write_times ~ '1h_input_tokens',
    'write_12h_tokens': write_times ~ '12h_input_tokens',
    'audio_tokens': prompt ~ 'audio_tokens',
    'image_tokens': prompt ~ 'image_tokens',
    'details_web_search_requests': prompt ~ 'web_search_requests',
    'reasoning_tokens': '$.completion_tokens_details.reasoning_tokens',
    'answer_audio_tokens': '$.completion_tokens_details.audio_tokens',
    'server_web_search_requests': '$.server_tool_use.web_search_requests',
    'service_tier': '$.service_tier',
    'speed': '$.speed',
    'inference_geo': '$.inference_geo',
} %}
{%- set read_totals = ['details_read_tokens', 'usage_read_tokens', 'additional_read_tokens'] %}
{%- set write_totals = [
    'details_write_tokens', 'details_creation_tokens', 'usage_write_tokens', 'additional_write_tokens',
] %}
{%- set write_lifetimes = ['write_5m_tokens', 'write_30m_tokens', 'write_1h_tokens', 'write_12h_tokens'] %}
{%- set counts = read_totals + write_totals + write_lifetimes + [
    'prompt_tokens', 'completion_tokens', 'reasoning_tokens', 'server_web_search_requests', 'details_web_search_requests',
    'attempted_retries',
] %}

{%- set callers = ['feature_name', 'workflow_name', 'environment', 'prompt_template_version', 'tenant_id'] %}
{%- set said_in = ['read_metadata_spend_logs_metadata', 'read_metadata_requester_metadata'] %}
{%- set names = {
    'team_id': ['read_metadata_user_api_key_team_id', 'read_team_id'],
    'user_id': ['read_metadata_user_api_key_user_id', 'read_user'],
    'tenant_id': ['said_tenant_id', 'read_end_user', 'read_metadata_user_api_key_end_user_id'],
    'api_key_hash': ['read_metadata_user_api_key_hash', 'read_metadata_user_api_key', 'read_api_key'],
    'status_code': ['read_error_information_error_code', 'read_metadata_error_information_error_code'],
    'requested_model': ['read_model_group', 'read_model', 'priced_as'],
    'tier': ['service_tier', 'read_cost_breakdown_service_tier', 'read_metadata_cost_breakdown_service_tier'],
    'geo': [
        'inference_geo', 'read_cost_breakdown_data_residency', 'read_metadata_cost_breakdown_data_residency',
        'read_cost_breakdown_vertex_location', 'read_metadata_cost_breakdown_vertex_location',
    ],
} %}

with

source as (

    select
        *,
        coalesce(read_request_id, read_id, read_litellm_call_id) as logged_id,
        coalesce(read_model_map_information_model_map_value_key, read_metadata_model_map_information_model_map_value_key)
            as priced_as,
        read_metadata_additional_usage_values_cache_read_input_tokens as additional_read_tokens,
        read_metadata_additional_usage_values_cache_creation_input_tokens as additional_write_tokens,
        coalesce(read_metadata_batch_successful_requests, read_hidden_params_batch_successful_requests) as batch_successes,
        coalesce(read_metadata_batch_failed_requests, read_hidden_params_batch_failed_requests) as batch_failures,
        read_prompt_tokens as prompt_tokens,
        read_completion_tokens as completion_tokens,
        read_metadata_attempted_retries as attempted_retries,
        try(json_extract_string(
            coalesce(read_metadata_usage_object, read_hidden_params_usage_object),
            ['{{ usage.values() | join("', '") }}']
        )) as usage_values,
        {%- for text in said_in %}
        {{ caller_values(callers, text) }} as {{ text }}_values,
        {%- endfor %}
        coalesce({{ unix_seconds('read_startTime') }}, {{ utc('read_startTime') }}) as started_at,
        coalesce({{ unix_seconds('read_endTime') }}, {{ utc('read_endTime') }}) as ended_at
    from {{ landed_records('gateway_traces', 'litellm', fields) }}

),

used as (

    select
        *,
        {%- for name in usage %}
        nullif(usage_values[{{ loop.index }}], '') as {{ name }},
        {%- endfor %}
        {%- for column in callers %}
        coalesce(
            {{ caller_said_of(column, callers, [said_in[0] ~ '_values', said_in[1] ~ '_values']) }}
            {%- if column != 'tenant_id' %},
            case
                when read_request_tags like '%:%'
                    then nullif(regexp_extract(
                        read_request_tags, '"(?:{{ var('caller_names')[column] | join('|') }}): ?([^"]+)"', 1
                    ), '')
            end
            {%- endif %}
        ) as said_{{ column }},
        {%- endfor %}
        -- A deployment at Azure has a name of its own, and a batch names no model: LiteLLM says what it priced them as.
        case
            when lower(trim(read_custom_llm_provider)) = 'azure' or trim(read_model) = '' or read_model is null
                then coalesce(priced_as, read_model)
            else read_model
        end as served_model
    from source

),

semantics as (

    select * from {{ ref('usage_semantics') }}
    where entity = 'gateway_traces' and format = 'litellm'

),

counted as (

    select
        used.*,
        semantics.is_cache_read_in_input,
        semantics.is_cache_write_in_input,
        semantics.is_reasoning_in_output,
        semantics.usd_per_money_unit,
        {%- for name in counts %}
        {{ count('used.' ~ name) }} as {{ name }}_read,
        {%- endfor %}
        {%- for name, fields in names.items() %}
        coalesce(used.{{ fields | join(', used.') }}) as said_{{ name ~ ('_or_end_user' if name == 'tenant_id' else '') }},
        {%- endfor %}
        greatest(0 {%- for name in read_totals %}, {{ count('used.' ~ name) }}{% endfor %}) as read_tokens,
        greatest(0 {%- for name in write_totals %}, {{ count('used.' ~ name) }}{% endfor %}) as write_total,
        {% for name in write_lifetimes -%}
        coalesce({{ count('used.' ~ name) }}, 0){{ ' + ' if not loop.last }}
        {%- endfor %} as write_with_lifetime,
        case
            when
                try_cast(used.read_metadata_billed_retry_attempt as boolean)
                or try_cast(used.read_metadata_billed_retry_attempt as bigint) > 0
                or (contains(used.logged_id, '-attempt-') and regexp_matches(used.logged_id, '-attempt-[0-9]+$'))
                then 'billed_retry'
            when lower(used.read_cache_hit) = 'true' or contains(used.logged_id, '_cache_hit') then 'cache_hit'
            when
                ends_with(used.logged_id, '_batch_cost') or ends_with(used.logged_id, '_background_cost')
                or used.read_call_type in ('retrieve_batch', 'aretrieve_batch')
                then 'settlement'
            when
                used.read_metadata_internal_call_origin is not null
                or try_cast(used.read_metadata_is_silent_experiment as boolean)
                then 'internal'
            else 'request'
        end as row_kind
    from used
    cross join semantics

),

checked as (

    select
        *,
        case
            when row_kind != 'billed_retry' then logged_id
            else coalesce(read_metadata_parent_request_id, regexp_replace(logged_id, '-attempt-[0-9]+$', ''))
        end as retried_id,
        read_tokens + greatest(write_total, write_with_lifetime) as cached_tokens,
        prompt_tokens_read - read_tokens - greatest(write_total, write_with_lifetime) as fresh_tokens,
        {{ is_plain([
            'logged_id', 'read_trace_id', 'read_session_id', 'read_metadata_parent_request_id', 'read_custom_llm_provider',
            'served_model', 'said_team_id', 'said_user_id', 'said_tenant_id_or_end_user', 'said_api_key_hash',
            'said_status_code', 'said_requested_model', 'said_tier', 'said_geo', 'said_feature_name', 'said_workflow_name',
            'said_environment', 'said_prompt_template_version',
        ]) }} as is_plain,
        {{ reject_reason(
            [
                [
                    "logged_id is null",
                    "'request_id and id are missing; the record has ' || " ~ field_names(fields)
                ],
                [
                    "read_metadata is not null and read_metadata != 'null' "
                    ~ "and (_unreadable_metadata or (left(read_metadata, 1) != '{' and left(trim(read_metadata), 1) != '{'))",
                    "'metadata is not a JSON object'"
                ],
                [
                    "read_startTime is null", "'required field startTime is missing; the record has ' || "
                    ~ field_names(fields)
                ],
            ]
            + required_checks(['prompt_tokens', 'completion_tokens'], fields)
            + [
                ["started_at is null", "'startTime is neither unix seconds nor an ISO 8601 time'"],
                [
                    "read_endTime is not null and ended_at is null",
                    "'endTime is neither unix seconds nor an ISO 8601 time'"
                ],
                [
                    name_or_null("served_model") ~ " is null and coalesce(read_status, '') != 'failure'",
                    "'required field model is missing'"
                ],
                [
                    "coalesce(trim(read_custom_llm_provider), '') = '' and coalesce(read_status, '') != 'failure'",
                    "'required field custom_llm_provider is missing'"
                ],
            ]
            + count_checks(counts, limit=1000000000, may_hold_prompts=true, read='_read')
            + request_cost_checks([
                'read_spend', 'read_response_cost', 'read_cost_breakdown_tool_usage_cost',
                'read_metadata_cost_breakdown_tool_usage_cost',
            ])
            + [[
                "prompt_tokens_read < read_tokens + greatest(write_total, write_with_lifetime)",
                "'cached and cache-write tokens exceed prompt_tokens, which includes them'",
            ], [
                "reasoning_tokens_read > completion_tokens_read",
                "'reasoning_tokens exceed completion_tokens, of which they are a part'",
            ]]
        ) }} as _reject_reason
    from counted

),

renamed as (

    select
        ---------- ids
        'litellm' as gateway,
        {{ kept_id('retried_id', "case when row_kind = 'billed_retry' then coalesce("
            ~ name_or_null('read_metadata_parent_request_id') ~ ", regexp_replace(logged_id, '-attempt-[0-9]+$', '')) "
            ~ "else logged_id end") }} as request_id,
        case when row_kind in ('request', 'cache_hit') then {{ kept_id('logged_id') }} end as provider_request_id,
        case row_kind
            when 'billed_retry'
                then coalesce(
                    try_cast(nullif(regexp_extract(logged_id, '-attempt-([0-9]+)$', 1), '') as bigint),
                    try_cast(nullif(regexp_extract(read_litellm_call_id, '-attempt-([0-9]+)$', 1), '') as bigint),
                    try_cast(read_metadata_billed_retry_attempt as bigint)
                )
            else attempted_retries_read + 1
        end as attempt_number,
        row_kind,
        {{ kept_id('said_team_id', first_name(names.team_id)) }} as team_id,
        {{ kept_person('said_user_id', first_name(names.user_id)) }} as user_id,
        {{ kept_person('said_tenant_id_or_end_user', 'coalesce(' ~ caller_said('tenant_id', said_in) ~ ', '
            ~ first_name(names.tenant_id[1:]) ~ ')') }} as tenant_id,
        {{ kept_id('read_session_id') }} as session_id,
        {{ kept_id('read_trace_id') }} as trace_id,  -- LiteLLM's parent is the retried request: request_id here
        {{ kept_key('said_api_key_hash', first_name(names.api_key_hash)) }} as api_key_hash,

        ---------- strings
        {%- for column in callers if column != 'tenant_id' %}
        {{ kept_id('said_' ~ column, 'coalesce(' ~ caller_said(column, said_in) ~ ', ' ~ name_or_null('said_' ~ column) ~ ')') }}
            as {{ column }},
        {%- endfor %}
        nullif(lower({{ kept_word('read_custom_llm_provider') }}), '') as provider,
        {{ kept_word('served_model', name_or_null('served_model')) }} as model,
        {{ kept_word('said_requested_model', first_name(names.requested_model)) }} as requested_model,
        case
            when lower(speed) = 'fast' then 'fast'
            when ends_with(logged_id, '_batch_cost') or read_call_type in ('retrieve_batch', 'aretrieve_batch') then 'batch'
            else {{ kept_word('said_tier', first_name(names.tier)) }}
        end as service_tier,
        lower(coalesce(
            {{ kept_word('said_geo', first_name(names.geo)) }},
            nullif(regexp_extract(served_model, '^azure/(us-gov|us|eu|apac)/', 1), '')
        )) as inference_geo,
        coalesce({{ kept_word('said_status_code') }}, case when read_status = 'success' then '200' end) as status_code,

        ---------- numerics
        {{ uncached_input('prompt_tokens_read', 'read_tokens', 'greatest(write_total, write_with_lifetime)') }}
            as uncached_input_tokens,
        read_tokens as cache_read_tokens,
        coalesce(write_5m_tokens_read, 0)
        + greatest(write_total - write_with_lifetime, 0) as cache_write_5m_tokens,  -- and those of unknown lifetime
        coalesce(write_30m_tokens_read, 0) as cache_write_30m_tokens,
        coalesce(write_1h_tokens_read, 0) as cache_write_1h_tokens,
        coalesce(write_12h_tokens_read, 0) as cache_write_12h_tokens,
        {{ whole_output('completion_tokens_read', 'reasoning_tokens_read') }} as output_tokens,
        reasoning_tokens_read as reasoning_tokens,
        {{ part_of(count('audio_tokens'), 'fresh_tokens') }} as input_audio_tokens,
        {{ part_of(count('image_tokens'), 'fresh_tokens - coalesce(' ~ count('audio_tokens') ~ ', 0)') }} as input_image_tokens,
        {{ part_of(count('answer_audio_tokens'), 'completion_tokens_read') }} as output_audio_tokens,
        {{ count('read_total_tokens') }} as reported_total_tokens,
        coalesce(server_web_search_requests_read, details_web_search_requests_read) as web_search_count,
        case row_kind
            when 'billed_retry' then cast(0 as bigint)  -- its money counts, the request is counted in its final row
            when 'settlement'
                then greatest(coalesce({{ count('batch_successes') }}, 0) + coalesce({{ count('batch_failures') }}, 0), 1)
            else cast(1 as bigint)
        end as request_count,
        attempted_retries_read as retry_count,
        coalesce(
            (epoch_us(ended_at) - epoch_us(started_at)) / 1000.0, try_cast(read_request_duration_ms as double)
        ) as latency_ms,
        try_cast(
            coalesce(read_cost_breakdown_tool_usage_cost, read_metadata_cost_breakdown_tool_usage_cost) as decimal(18, 12)
        ) as tool_cost_usd,
        {{ reported_usd('coalesce(read_response_cost, read_spend)') }} as reported_cost_usd,

        ---------- booleans
        coalesce(read_status = 'failure', false) as is_error,
        try_cast(read_stream as boolean) as is_streaming,

        ---------- timestamps
        started_at as requested_at,

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
