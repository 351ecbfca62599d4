{{ config(enabled = 'litellm' in var('formats').get('gateway_traces', [])) }}

{#-
    Two shapes of LiteLLM: rows of the SpendLogs table (jsonl, csv, json; metadata and request_tags are JSON in text) and
    StandardLoggingPayload objects (S3, GCS). Messages, response bodies, error texts and e-mail addresses are not read.
-#}
{%- set fields = {
    'request_key': '$.request_id',
    'payload_id': '$.id',
    'litellm_call_id': '$.litellm_call_id',
    'trace_id': '$.trace_id',
    'session_id': '$.session_id',
    'status': '$.status',
    'cache_hit': '$.cache_hit',
    'stream': '$.stream',
    'startTime': '$.startTime',
    'endTime': '$.endTime',
    'request_duration_ms': '$.request_duration_ms',
    'model': '$.model',
    'model_group': '$.model_group',
    'custom_llm_provider': '$.custom_llm_provider',
    'prompt_tokens': '$.prompt_tokens',
    'completion_tokens': '$.completion_tokens',
    'spend': '$.spend',
    'response_cost': '$.response_cost',
    'api_key': '$.api_key',
    'user_name': '$.user',
    'team_id': '$.team_id',
    'end_user': '$.end_user',
    'request_tags': '$.request_tags',
    'error_code': '$.error_information.error_code',
    'tool_usage_cost': '$.cost_breakdown.tool_usage_cost',
    'priced_tier': '$.cost_breakdown.service_tier',
    'data_residency': '$.cost_breakdown.data_residency',
    'vertex_location': '$.cost_breakdown.vertex_location',
    'priced_as': '$.model_map_information.model_map_value.key',
    'call_type': '$.call_type',
    'hidden_batch_successes': '$.hidden_params.batch_successful_requests',
    'hidden_batch_failures': '$.hidden_params.batch_failed_requests',
    'total_tokens': '$.total_tokens',
    'hidden_usage_object': '$.hidden_params.usage_object',
    'metadata': '$.metadata',
} %}

{%- set metadata_fields = {
    'usage_object': '$.usage_object',
    'additional_read_tokens': '$.additional_usage_values.cache_read_input_tokens',
    'additional_write_tokens': '$.additional_usage_values.cache_creation_input_tokens',
    'metadata_tool_usage_cost': '$.cost_breakdown.tool_usage_cost',
    'metadata_error_code': '$.error_information.error_code',
    'attempted_retries': '$.attempted_retries',
    'billed_retry_attempt': '$.billed_retry_attempt',
    'retried_request_id': '$.parent_request_id',
    'internal_call_origin': '$.internal_call_origin',
    'is_silent_experiment': '$.is_silent_experiment',
    'batch_successful_requests': '$.batch_successful_requests',
    'batch_failed_requests': '$.batch_failed_requests',
    'key_hash': '$.user_api_key_hash',
    'key': '$.user_api_key',
    'key_team_id': '$.user_api_key_team_id',
    'key_user_id': '$.user_api_key_user_id',
    'key_end_user_id': '$.user_api_key_end_user_id',
    'metadata_priced_tier': '$.cost_breakdown.service_tier',
    'metadata_data_residency': '$.cost_breakdown.data_residency',
    'metadata_vertex_location': '$.cost_breakdown.vertex_location',
    'metadata_priced_as': '$.model_map_information.model_map_value.key',
    'spend_logs_metadata': '$.spend_logs_metadata',
    'requester_metadata': '$.requester_metadata',
} %}

{%- set usage_fields = {
    'details_read_tokens': '$.prompt_tokens_details.cached_tokens',
    'usage_read_tokens': '$.cache_read_input_tokens',
    'details_write_tokens': '$.prompt_tokens_details.cache_write_tokens',
    'details_creation_tokens': '$.prompt_tokens_details.cache_creation_tokens',
    'usage_write_tokens': '$.cache_creation_input_tokens',
    'write_5m_tokens': '$.prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens',
    'write_30m_tokens': '$.prompt_tokens_details.cache_creation_token_details.ephemeral_30m_input_tokens',
    'write_1h_tokens': '$.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens',
    'write_12h_tokens': '$.prompt_tokens_details.cache_creation_token_details.ephemeral_12h_input_tokens',
    'reasoning_tokens': '$.completion_tokens_details.reasoning_tokens',
    'server_web_search_requests': '$.server_tool_use.web_search_requests',
    'details_web_search_requests': '$.prompt_tokens_details.web_search_requests',
    'service_tier': '$.service_tier',
    'speed': '$.speed',
    'inference_geo': '$.inference_geo',
    'audio_tokens': '$.prompt_tokens_details.audio_tokens',
    'image_tokens': '$.prompt_tokens_details.image_tokens',
    'answer_audio_tokens': '$.completion_tokens_details.audio_tokens',
} %}

{#- The read and write totals stand under several names, of which a version fills some and leaves others at 0. -#}
{%- set read_totals = ['details_read_tokens', 'usage_read_tokens', 'additional_read_tokens'] %}
{%- set write_totals = [
    'details_write_tokens', 'details_creation_tokens', 'usage_write_tokens', 'additional_write_tokens',
] %}
{%- set write_lifetimes = ['write_5m_tokens', 'write_30m_tokens', 'write_1h_tokens', 'write_12h_tokens'] %}

with

semantics as (

    select
        is_cache_read_in_input,
        is_cache_write_in_input,
        is_reasoning_in_output,
        usd_per_money_unit
    from {{ ref('usage_semantics') }}
    where entity = 'gateway_traces' and format = 'litellm'

),

source as (

    select
        records.*,
        semantics.*
    from {{ landed_records('gateway_traces', 'litellm', fields) }} as records
    cross join semantics

),

with_metadata as (

    select
        *,
        json_extract_string(
            case when json_valid(metadata) then metadata end,
            [{% for path in metadata_fields.values() %}'{{ path }}'{{ ', ' if not loop.last }}{% endfor %}]
        ) as metadata_values
    from source

),

with_usage as (

    select
        * exclude (metadata_values),
        {%- for name in metadata_fields %}
        nullif(metadata_values[{{ loop.index }}], '') as {{ name }},
        {%- endfor %}
        json_extract_string(
            case
                when json_valid(metadata_values[1]) then metadata_values[1]
                when json_valid(hidden_usage_object) then hidden_usage_object
            end,
            [{% for path in usage_fields.values() %}'{{ path }}'{{ ', ' if not loop.last }}{% endfor %}]
        ) as usage_values
    from with_metadata

),

named as (

    select
        * exclude (usage_values),
        {%- for name in usage_fields %}
        nullif(usage_values[{{ loop.index }}], '') as {{ name }},
        {%- endfor %}
        coalesce(request_key, payload_id, litellm_call_id) as logged_id
    from with_usage

),

counted as (

    select
        *,
        -- A deployment at Azure has a name of its own, and a batch names no model: LiteLLM says what it priced them as.
        case
            when lower({{ trimmed('custom_llm_provider') }}) = 'azure' or {{ trimmed('model') }} = '' or model is null
                then {{ first_name(['priced_as', 'metadata_priced_as', 'model']) }}
            else nullif({{ trimmed('model') }}, '')
        end as served_model,
        {{ first_name(['model_group', 'model', 'priced_as', 'metadata_priced_as']) }} as asked_model,
        {%- for column in ['feature_name', 'workflow_name', 'environment', 'prompt_template_version'] %}
        coalesce(
            {{ caller_said(column, ['spend_logs_metadata', 'requester_metadata']) }},
            {{ name_or_null(
                "regexp_extract(request_tags, '\"(?:" ~ var('caller_names')[column] | join('|') ~ "): ?([^\"]+)\"', 1)"
            ) }}
        ) as said_{{ column }},
        {%- endfor %}
        {{ first_name(['key_team_id', 'team_id']) }} as said_team_id,
        {{ first_name(['key_user_id', 'user_name']) }} as said_user_id,
        coalesce(
            {{ caller_said('tenant_id', ['spend_logs_metadata', 'requester_metadata']) }},
            {{ first_name(['end_user', 'key_end_user_id']) }}
        ) as said_tenant_id,
        {{ without_raw_key(first_name(['key_hash', 'key', 'api_key'])) }} as said_api_key_hash,
        coalesce({{ unix_seconds('startTime') }}, {{ utc('startTime') }}) as started_at,
        coalesce({{ unix_seconds('endTime') }}, {{ utc('endTime') }}) as ended_at,
        greatest(0 {%- for name in read_totals %}, {{ count(name) }}{% endfor %}) as read_tokens,
        greatest(0 {%- for name in write_totals %}, {{ count(name) }}{% endfor %}) as write_total,
        {% for name in write_lifetimes -%}
        coalesce({{ count(name) }}, 0){{ ' + ' if not loop.last }}
        {%- endfor %} as write_with_lifetime,
        case
            when
                try_cast(billed_retry_attempt as boolean)
                or try_cast(billed_retry_attempt as bigint) > 0
                or regexp_matches(logged_id, '-attempt-[0-9]+$') then 'billed_retry'
            when lower(cache_hit) = 'true' or contains(logged_id, '_cache_hit') then 'cache_hit'
            when
                regexp_matches(logged_id, '_(batch|background)_cost$') or call_type in ('retrieve_batch', 'aretrieve_batch')
                then 'settlement'
            when internal_call_origin is not null or try_cast(is_silent_experiment as boolean) then 'internal'
            else 'request'
        end as row_kind
    from named

),

checked as (

    select
        *,
        {{ reject_reason(
            [
                [
                    "logged_id is null",
                    "'request_id and id are missing; the record has ' || " ~ field_names(fields)
                ],
                [
                    "case when json_valid(metadata) then json_type(metadata) not in ('OBJECT', 'NULL') "
                    ~ "else metadata is not null end",
                    "'metadata is not a JSON object'"
                ],
            ]
            + required_checks(['startTime', 'prompt_tokens', 'completion_tokens'], fields)
            + [
                [
                    "started_at is null",
                    "'startTime is neither unix seconds nor an ISO 8601 time'"
                ],
                [
                    "endTime is not null and ended_at is null",
                    "'endTime is neither unix seconds nor an ISO 8601 time'"
                ],
                ["served_model is null and coalesce(status, '') != 'failure'", "'required field model is missing'"],
                [
                    "coalesce(trim(custom_llm_provider), '') = '' and coalesce(status, '') != 'failure'",
                    "'required field custom_llm_provider is missing'"
                ],
            ]
            + count_checks(
                ['prompt_tokens', 'completion_tokens'] + read_totals + write_totals + write_lifetimes
                + ['reasoning_tokens', 'server_web_search_requests', 'details_web_search_requests', 'attempted_retries'],
                limit=1000000000, may_hold_prompts=true
            )
            + request_cost_checks(['spend', 'response_cost', 'tool_usage_cost', 'metadata_tool_usage_cost'])
            + [[
                "try_cast(prompt_tokens as bigint) < read_tokens + greatest(write_total, write_with_lifetime)",
                "'cached and cache-write tokens exceed prompt_tokens, which includes them'",
            ], [
                "try_cast(reasoning_tokens as bigint) > try_cast(completion_tokens as bigint)",
                "'reasoning_tokens exceed completion_tokens, of which they are a part'",
            ]]
        ) }} as _reject_reason
    from counted

),

renamed as (

    select
        ---------- ids
        'litellm' as gateway,
        case row_kind
            when 'billed_retry'
                then coalesce(
                    {{ without_email('retried_request_id', is_person=false) }},
                    {{ without_email("regexp_replace(logged_id, '-attempt-[0-9]+$', '')", is_person=false) }}
                )
            else {{ without_email('logged_id', is_person=false) }}
        end as request_id,
        case
            when row_kind in ('request', 'cache_hit') then {{ without_email('logged_id', is_person=false) }}
        end as provider_request_id,
        case row_kind
            when 'billed_retry'
                then coalesce(
                    try_cast(nullif(regexp_extract(logged_id, '-attempt-([0-9]+)$', 1), '') as bigint),
                    try_cast(nullif(regexp_extract(litellm_call_id, '-attempt-([0-9]+)$', 1), '') as bigint),
                    try_cast(billed_retry_attempt as bigint)
                )
            else {{ count('attempted_retries') }} + 1
        end as attempt_number,
        row_kind,
        {{ without_email('said_team_id', is_person=false) }} as team_id,
        {{ without_email('said_user_id') }} as user_id,
        {{ without_email('said_tenant_id') }} as tenant_id,
        {{ without_email(name_or_null('session_id'), is_person=false) }} as session_id,
        {{ without_email(name_or_null('trace_id'), is_person=false) }} as trace_id,
        cast(null as varchar) as parent_request_id,  -- LiteLLM's parent is the retried request: request_id here
        cast(null as varchar) as span_id,  -- a log has no spans
        cast(null as varchar) as parent_span_id,
        {{ without_email('said_api_key_hash', is_person=false) }} as api_key_hash,

        ---------- strings
        {%- for column in ['feature_name', 'workflow_name', 'environment'] %}
        {{ without_email('said_' ~ column, is_person=false) }} as {{ column }},
        {%- endfor %}
        nullif(lower({{ masked_name(trimmed('custom_llm_provider')) }}), '') as provider,
        {{ masked_name('served_model') }} as model,
        {{ masked_name('asked_model') }} as requested_model,
        case
            when lower(speed) = 'fast' then 'fast'
            when logged_id like '%_batch_cost' or call_type in ('retrieve_batch', 'aretrieve_batch') then 'batch'
            else {{ masked_name(first_name(['service_tier', 'priced_tier', 'metadata_priced_tier'])) }}
        end as service_tier,
        lower({{ masked_name(first_name([
            'inference_geo', 'data_residency', 'metadata_data_residency', 'vertex_location', 'metadata_vertex_location',
            "regexp_extract(served_model, '^azure/(us-gov|us|eu|apac)/', 1)",
        ])) }}) as inference_geo,
        {{ without_email('said_prompt_template_version', is_person=false) }} as prompt_template_version,
        cast(null as varchar) as prompt_fingerprint,  -- the log's messages are not read
        coalesce(
            {{ masked_name('coalesce(error_code, metadata_error_code)') }}, case when status = 'success' then '200' end
        ) as status_code,

        ---------- numerics
        {{ uncached_input(count('prompt_tokens'), 'read_tokens', 'greatest(write_total, write_with_lifetime)') }}
            as uncached_input_tokens,
        read_tokens as cache_read_tokens,
        coalesce({{ count('write_5m_tokens') }}, 0)
        + greatest(write_total - write_with_lifetime, 0) as cache_write_5m_tokens,  -- and those of unknown lifetime
        coalesce({{ count('write_30m_tokens') }}, 0) as cache_write_30m_tokens,
        coalesce({{ count('write_1h_tokens') }}, 0) as cache_write_1h_tokens,
        coalesce({{ count('write_12h_tokens') }}, 0) as cache_write_12h_tokens,
        {{ whole_output(count('completion_tokens'), count('reasoning_tokens')) }} as output_tokens,
        {{ count('reasoning_tokens') }} as reasoning_tokens,
        {%- set uncached = count('prompt_tokens') ~ ' - read_tokens - greatest(write_total, write_with_lifetime)' %}
        {{ part_of(count('audio_tokens'), uncached) }} as input_audio_tokens,
        {{ part_of(count('image_tokens'), uncached ~ ' - coalesce(' ~ count('audio_tokens') ~ ', 0)') }} as input_image_tokens,
        {{ part_of(count('answer_audio_tokens'), count('completion_tokens')) }} as output_audio_tokens,
        {{ count('total_tokens') }} as reported_total_tokens,
        cast(null as bigint) as system_prompt_tokens,  -- LiteLLM counts no part of the prompt
        cast(null as bigint) as context_tokens,
        coalesce(
            try_cast(server_web_search_requests as bigint), try_cast(details_web_search_requests as bigint)
        ) as web_search_count,
        case row_kind
            when 'billed_retry' then cast(0 as bigint)  -- its money counts, the request is counted in its final row
            when 'settlement'
                then greatest(
                    coalesce({{ count('batch_successful_requests') }}, {{ count('hidden_batch_successes') }}, 0)
                    + coalesce({{ count('batch_failed_requests') }}, {{ count('hidden_batch_failures') }}, 0),
                    1
                )
            else cast(1 as bigint)
        end as request_count,
        try_cast(attempted_retries as bigint) as retry_count,
        coalesce(
            (epoch_us(ended_at) - epoch_us(started_at)) / 1000.0, try_cast(request_duration_ms as double)
        ) as latency_ms,
        try_cast(coalesce(tool_usage_cost, metadata_tool_usage_cost) as decimal(18, 12)) as tool_cost_usd,
        {{ reported_usd('coalesce(response_cost, spend)') }} as reported_cost_usd,

        ---------- booleans
        coalesce(status = 'failure', false) as is_error,
        try_cast(stream as boolean) as is_streaming,

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

select * from renamed
