{{ config(enabled = 'generic' in var('formats').get('gateway_traces', [])) }}

{#- What the source calls the tokens that were written to the cache, each for its lifetime. -#}
{%- set writes = {
    'cache_write_5m_tokens': 'cache_write_tokens',
    'cache_write_1h_tokens': 'cache_write_1h_tokens',
} %}
{%- set counts = [
    'input_tokens', 'output_tokens', 'cached_tokens', 'reasoning_tokens', 'system_prompt_tokens', 'context_tokens',
    'request_count', 'retry_count', 'attempt', 'input_audio_tokens', 'input_image_tokens', 'output_audio_tokens',
    'web_search_count',
] + writes.values() | list %}
{%- set ids = [
    'request_id', 'provider_request_id', 'team_id', 'session_id', 'trace_id', 'parent_request_id', 'feature_name',
    'workflow_name', 'environment', 'prompt_template_version', 'prompt_fingerprint',
] %}
{%- set persons = ['user_id', 'tenant_id'] %}
{%- set words = ['provider', 'model', 'service_tier', 'inference_geo', 'status_code'] %}
{%- set others = ['timestamp', 'api_key_hash', 'latency_ms', 'is_streaming', 'tool_cost_usd', 'reported_cost_usd'] %}
{%- set fields = {} %}
{%- for name in counts + ids + persons + words + others %}{% do fields.update({name: '$.' ~ name}) %}{% endfor %}

with

source as (

    select * from {{ landed_records('gateway_traces', 'generic', fields) }}

),

semantics as (

    select * from {{ ref('usage_semantics') }}
    where entity = 'gateway_traces' and format = 'generic'

),

typed as (

    select
        {%- for name in counts %}
        {{ count('source.' ~ name) }} as {{ name }}_read,
        {%- endfor %}
        {{ utc('source.timestamp') }} as requested_at,
        {{ is_plain(ids + persons + words + ['api_key_hash']) }} as is_plain,
        source.*,
        semantics.is_cache_read_in_input,
        semantics.is_cache_write_in_input,
        semantics.is_reasoning_in_output,
        semantics.usd_per_money_unit
    from source
    cross join semantics

),

{#- A streamed answer or a failed call may come without counts: they stay unknown, and the request has no price. #}
{%- set token_checks = [] %}
{%- for condition, reason in required_checks(['input_tokens', 'output_tokens'], fields) %}
{%- do token_checks.append([
    condition ~ " and not coalesce(try_cast(is_streaming as boolean), false) "
    ~ "and not coalesce(try_cast(status_code as integer) >= 400, false)",
    reason
]) %}
{%- endfor %}

checked as (

    select
        *,
        {% for name in writes.values() %}coalesce({{ name }}_read, 0){{ ' + ' if not loop.last }}{% endfor %} as all_write_tokens,
        {{ reject_reason(
            required_checks(['timestamp', 'request_id', 'provider', 'model'], fields)
            + token_checks
            + [["requested_at is null", "'timestamp is not an ISO 8601 time'"]]
            + count_checks(counts, limit=1000000000, may_hold_prompts=true, read='_read')
            + type_checks(['latency_ms'], 'decimal(18, 6)', 'a number', may_hold_prompts=true)
            + type_checks(['is_streaming'], 'boolean', 'true or false', may_hold_prompts=true)
            + request_cost_checks(['tool_cost_usd', 'reported_cost_usd'])
            + [[
                "input_tokens_read < coalesce(cached_tokens_read, 0) + all_write_tokens",
                "'cached and cache-write tokens exceed input_tokens, which includes them'",
            ], [
                "reasoning_tokens_read > output_tokens_read",
                "'reasoning_tokens exceed output_tokens, of which they are a part'",
            ], [
                "input_tokens_read < coalesce(input_audio_tokens_read, 0) + coalesce(input_image_tokens_read, 0)",
                "'input_audio_tokens and input_image_tokens exceed input_tokens, of which they are parts'",
            ], [
                "output_audio_tokens_read > output_tokens_read",
                "'output_audio_tokens exceed output_tokens, of which they are a part'",
            ]]
        ) }} as _reject_reason
    from typed

),

uncached as (

    select
        *,
        {{ uncached_input('input_tokens_read', 'cached_tokens_read', 'all_write_tokens') }} as uncached_tokens
    from checked

),

renamed as (

    select
        ---------- ids
        'generic' as gateway,
        {%- for name in ids %}
        {{ kept_id(name) }} as {{ name }},
        {%- endfor %}
        {%- for name in persons %}
        {{ kept_person(name) }} as {{ name }},
        {%- endfor %}
        attempt_read as attempt_number,
        'request' as row_kind,
        {{ kept_key('api_key_hash') }} as api_key_hash,

        ---------- strings
        lower({{ kept_word('provider') }}) as provider,
        {{ kept_word('model') }} as model,
        {{ kept_word('model') }} as requested_model,
        {{ kept_word('service_tier') }} as service_tier,
        lower({{ kept_word('inference_geo') }}) as inference_geo,
        {{ kept_word('status_code') }} as status_code,

        ---------- numerics
        uncached_tokens as uncached_input_tokens,
        coalesce(cached_tokens_read, 0) as cache_read_tokens,
        {%- for tokens, name in writes.items() %}
        coalesce({{ name }}_read, 0) as {{ tokens }},  -- five minutes stand for the provider's default
        {%- endfor %}
        {{ whole_output('output_tokens_read', 'reasoning_tokens_read') }} as output_tokens,
        reasoning_tokens_read as reasoning_tokens,
        {{ part_of('input_audio_tokens_read', 'uncached_tokens') }} as input_audio_tokens,
        {{ part_of('input_image_tokens_read', 'uncached_tokens - coalesce(input_audio_tokens_read, 0)') }}
            as input_image_tokens,
        output_audio_tokens_read as output_audio_tokens,
        input_tokens_read + output_tokens_read as reported_total_tokens,
        system_prompt_tokens_read as system_prompt_tokens,
        context_tokens_read as context_tokens,
        web_search_count_read as web_search_count,
        coalesce(request_count_read, 1) as request_count,
        retry_count_read as retry_count,
        try_cast(latency_ms as double) as latency_ms,
        try_cast(tool_cost_usd as decimal(18, 12)) as tool_cost_usd,
        {{ reported_usd('reported_cost_usd') }} as reported_cost_usd,

        ---------- booleans
        coalesce(try_cast(status_code as integer) >= 400, false) as is_error,
        try_cast(is_streaming as boolean) as is_streaming,

        ---------- timestamps
        requested_at,

        ---------- provenance
        _source_file,
        _source_row,
        cast(1 as bigint) as _source_item,
        _file_version,
        _reject_reason,
        {{ rejected_text(may_hold_prompts=true) }} as _rejected_record
    from uncached

)

{{ as_requests('renamed') }}
