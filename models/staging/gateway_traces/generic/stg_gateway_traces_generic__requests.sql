{{ config(enabled = 'generic' in var('formats').get('gateway_traces', [])) }}

{%- set fields = {
    'timestamp': '$.timestamp',
    'request_id': '$.request_id',
    'team_id': '$.team_id',
    'user_id': '$.user_id',
    'tenant_id': '$.tenant_id',
    'feature_name': '$.feature_name',
    'environment': '$.environment',
    'provider': '$.provider',
    'model': '$.model',
    'input_tokens': '$.input_tokens',
    'output_tokens': '$.output_tokens',
    'cached_tokens': '$.cached_tokens',
    'request_count': '$.request_count',
    'latency_ms': '$.latency_ms',
    'status_code': '$.status_code',
    'retry_count': '$.retry_count',
    'prompt_template_version': '$.prompt_template_version',
    'workflow_name': '$.workflow_name',
    'cache_write_tokens': '$.cache_write_tokens',
    'cache_write_1h_tokens': '$.cache_write_1h_tokens',
    'reasoning_tokens': '$.reasoning_tokens',
    'tool_cost_usd': '$.tool_cost_usd',
    'session_id': '$.session_id',
    'trace_id': '$.trace_id',
    'parent_request_id': '$.parent_request_id',
    'attempt': '$.attempt',
    'api_key_hash': '$.api_key_hash',
    'prompt_fingerprint': '$.prompt_fingerprint',
    'system_prompt_tokens': '$.system_prompt_tokens',
    'context_tokens': '$.context_tokens',
    'service_tier': '$.service_tier',
    'is_streaming': '$.is_streaming',
    'reported_cost_usd': '$.reported_cost_usd',
    'provider_request_id': '$.provider_request_id',
    'inference_geo': '$.inference_geo',
    'input_audio_tokens': '$.input_audio_tokens',
    'input_image_tokens': '$.input_image_tokens',
    'output_audio_tokens': '$.output_audio_tokens',
    'web_search_count': '$.web_search_count',
} %}

{#- A streamed answer or a failed call may come without counts: they stay unknown, and the request has no price. -#}
{%- set token_checks = [] %}
{%- for condition, reason in required_checks(['input_tokens', 'output_tokens'], fields) %}
{%- do token_checks.append([
    condition ~ " and not coalesce(try_cast(is_streaming as boolean), false) "
    ~ "and not coalesce(try_cast(status_code as integer) >= 400, false)",
    reason
]) %}
{%- endfor %}
{%- set uncached = uncached_input(
    count('input_tokens'), count('cached_tokens'),
    "coalesce(" ~ count('cache_write_tokens') ~ ", 0) + coalesce(" ~ count('cache_write_1h_tokens') ~ ", 0)"
) %}

with

semantics as (

    select
        is_cache_read_in_input,
        is_cache_write_in_input,
        is_reasoning_in_output,
        usd_per_money_unit
    from {{ ref('usage_semantics') }}
    where entity = 'gateway_traces' and format = 'generic'

),

source as (

    select
        records.*,
        semantics.*
    from {{ landed_records('gateway_traces', 'generic', fields) }} as records
    cross join semantics

),

checked as (

    select
        *,
        {{ reject_reason(
            required_checks(['timestamp', 'request_id', 'provider', 'model'], fields)
            + token_checks
            + type_checks(['timestamp'], 'timestamptz', 'an ISO 8601 time', may_hold_prompts=true)
            + count_checks([
                'input_tokens', 'output_tokens', 'cached_tokens', 'cache_write_tokens', 'cache_write_1h_tokens',
                'reasoning_tokens', 'system_prompt_tokens', 'context_tokens', 'request_count', 'retry_count', 'attempt',
                'input_audio_tokens', 'input_image_tokens', 'output_audio_tokens', 'web_search_count',
            ], limit=1000000000, may_hold_prompts=true)
            + type_checks(['latency_ms'], 'decimal(24, 6)', 'a number', may_hold_prompts=true)
            + type_checks(['is_streaming'], 'boolean', 'true or false', may_hold_prompts=true)
            + request_cost_checks(['tool_cost_usd', 'reported_cost_usd'])
            + [[
                count('input_tokens') ~ " < coalesce(" ~ count('cached_tokens') ~ ", 0) + coalesce("
                ~ count('cache_write_tokens') ~ ", 0) + coalesce(" ~ count('cache_write_1h_tokens') ~ ", 0)",
                "'cached and cache-write tokens exceed input_tokens, which includes them'",
            ], [
                "try_cast(reasoning_tokens as bigint) > try_cast(output_tokens as bigint)",
                "'reasoning_tokens exceed output_tokens, of which they are a part'",
            ], [
                count('input_tokens') ~ " < coalesce(" ~ count('input_audio_tokens') ~ ", 0) + coalesce("
                ~ count('input_image_tokens') ~ ", 0)",
                "'input_audio_tokens and input_image_tokens exceed input_tokens, of which they are parts'",
            ], [
                "try_cast(output_audio_tokens as bigint) > try_cast(output_tokens as bigint)",
                "'output_audio_tokens exceed output_tokens, of which they are a part'",
            ]]
        ) }} as _reject_reason
    from source

),

renamed as (

    select
        ---------- ids
        'generic' as gateway,
        {{ without_email(trimmed('request_id'), is_person=false) }} as request_id,
        {{ without_email(name_or_null('provider_request_id'), is_person=false) }} as provider_request_id,
        try_cast(attempt as bigint) as attempt_number,
        'request' as row_kind,
        {{ without_email(name_or_null('team_id'), is_person=false) }} as team_id,
        {{ without_email(name_or_null('user_id')) }} as user_id,
        {{ without_email(name_or_null('tenant_id')) }} as tenant_id,
        {{ without_email(name_or_null('session_id'), is_person=false) }} as session_id,
        {{ without_email(name_or_null('trace_id'), is_person=false) }} as trace_id,
        {{ without_email(name_or_null('parent_request_id'), is_person=false) }} as parent_request_id,
        cast(null as varchar) as span_id,  -- the format has no spans
        cast(null as varchar) as parent_span_id,
        {{ without_email(without_raw_key(name_or_null('api_key_hash')), is_person=false) }} as api_key_hash,

        ---------- strings
        {{ without_email(name_or_null('feature_name'), is_person=false) }} as feature_name,
        {{ without_email(name_or_null('workflow_name'), is_person=false) }} as workflow_name,
        {{ without_email(name_or_null('environment'), is_person=false) }} as environment,
        lower({{ masked_name(trimmed('provider')) }}) as provider,
        {{ masked_name(trimmed('model')) }} as model,
        {{ masked_name(trimmed('model')) }} as requested_model,
        {{ masked_name('service_tier') }} as service_tier,
        lower({{ masked_name(name_or_null('inference_geo')) }}) as inference_geo,
        {{ without_email('prompt_template_version', is_person=false) }} as prompt_template_version,
        {{ without_email('prompt_fingerprint', is_person=false) }} as prompt_fingerprint,
        {{ masked_name('status_code') }} as status_code,

        ---------- numerics
        {{ uncached }} as uncached_input_tokens,
        coalesce(try_cast(cached_tokens as bigint), 0) as cache_read_tokens,
        coalesce(try_cast(cache_write_tokens as bigint), 0) as cache_write_5m_tokens,
        cast(0 as bigint) as cache_write_30m_tokens,  -- the format has two lifetimes: the default and one hour
        coalesce(try_cast(cache_write_1h_tokens as bigint), 0) as cache_write_1h_tokens,
        cast(0 as bigint) as cache_write_12h_tokens,
        {{ whole_output(count('output_tokens'), count('reasoning_tokens')) }} as output_tokens,
        try_cast(reasoning_tokens as bigint) as reasoning_tokens,
        {{ part_of(count('input_audio_tokens'), uncached) }} as input_audio_tokens,
        {{ part_of(count('input_image_tokens'), uncached ~ " - coalesce(" ~ count('input_audio_tokens') ~ ", 0)") }}
            as input_image_tokens,
        try_cast(output_audio_tokens as bigint) as output_audio_tokens,
        {{ count('input_tokens') }} + {{ count('output_tokens') }} as reported_total_tokens,
        try_cast(system_prompt_tokens as bigint) as system_prompt_tokens,
        try_cast(context_tokens as bigint) as context_tokens,
        try_cast(web_search_count as bigint) as web_search_count,
        coalesce(try_cast(request_count as bigint), 1) as request_count,
        try_cast(retry_count as bigint) as retry_count,
        try_cast(latency_ms as double) as latency_ms,
        try_cast(tool_cost_usd as decimal(18, 12)) as tool_cost_usd,
        {{ reported_usd('reported_cost_usd') }} as reported_cost_usd,

        ---------- booleans
        coalesce(try_cast(status_code as integer) >= 400, false) as is_error,
        try_cast(is_streaming as boolean) as is_streaming,

        ---------- timestamps
        {{ utc('timestamp') }} as requested_at,

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
