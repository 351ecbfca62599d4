{{ config(enabled = 'openrouter' in var('formats').get('gateway_traces', [])) }}

{#-
    Generations as GET /generation returns them, in their envelope {"data": ...} or without it. OpenRouter is who bills,
    by the native token counts, but for a generation on the company's own key: there the provider bills the tokens and
    OpenRouter a fee only, which is no cost of tokens and stays out of the ledger.
-#}
{%- set fields = {
    'id': '$.id',
    'created_at': '$.created_at',
    'model': '$.model',
    'router': '$.router',
    'provider_name': '$.provider_name',
    'is_byok': '$.is_byok',
    'upstream_id': '$.upstream_id',
    'request_id': '$.request_id',
    'session_id': '$.session_id',
    'external_user': '$.external_user',
    'workspace_id': '$.workspace_id',
    'app_id': '$.app_id',
    'preset_id': '$.preset_id',
    'service_tier': '$.service_tier',
    'data_region': '$.data_region',
    'finish_reason': '$.finish_reason',
    'streamed': '$.streamed',
    'response_cache_source_id': '$.response_cache_source_id',
    'native_tokens_prompt': '$.native_tokens_prompt',
    'native_tokens_cached': '$.native_tokens_cached',
    'native_tokens_completion': '$.native_tokens_completion',
    'native_tokens_reasoning': '$.native_tokens_reasoning',
    'latency': '$.latency',
    'generation_time': '$.generation_time',
    'total_cost': '$.total_cost',
    'upstream_inference_cost': '$.upstream_inference_cost',
    'provider_responses': '$.provider_responses',
} %}

with

source as (

    select * from {{ page_items('gateway_traces', 'openrouter', 'data', fields) }}

),

semantics as (

    select
        is_cache_read_in_input,
        is_cache_write_in_input,
        is_reasoning_in_output,
        usd_per_money_unit
    from {{ ref('usage_semantics') }}
    where entity = 'gateway_traces' and format = 'openrouter' and endpoint = 'any'

),

named as (

    select
        *,
        coalesce(try_cast(is_byok as boolean), false) as is_own_key,
        -- the status of each provider that was tried, in order; the last one answered
        case
            when json_type(case when json_valid(provider_responses) then provider_responses end) = 'ARRAY'
                then list_transform(
                    json_extract(provider_responses, '$[*]'),
                    lambda response: try_cast(json_extract_string(response, '$.status') as integer)
                )
        end as statuses
    from source

),

priced as (

    select
        named.*,
        semantics.*,
        case when len(named.statuses) > 0 then len(named.statuses) - 1 end as earlier_responses,
        case when named.is_own_key then named.upstream_inference_cost else named.total_cost end as cost
    from named
    cross join semantics

),

checked as (

    select
        *,
        {{ reject_reason(
            required_checks(['id', 'created_at', 'model'], fields)
            + type_checks(['created_at'], 'timestamptz', 'an ISO 8601 time', may_hold_prompts=true)
            + count_checks(
                [
                    'native_tokens_prompt', 'native_tokens_cached', 'native_tokens_completion', 'native_tokens_reasoning',
                ], limit=1000000000, may_hold_prompts=true
            )
            + type_checks(['latency', 'generation_time'], 'decimal(18, 6)', 'a number', may_hold_prompts=true)
            + type_checks(['is_byok', 'streamed'], 'boolean', 'true or false', may_hold_prompts=true)
            + request_cost_checks(['total_cost', 'upstream_inference_cost'])
            + [[
                "is_own_key and provider_name is null",
                "'is_byok is true, but provider_name is missing'"
            ], [
                "is_cache_read_in_input and " ~ count('native_tokens_prompt') ~ " < " ~ count('native_tokens_cached'),
                "'native_tokens_cached exceed native_tokens_prompt, which includes them'"
            ], [
                "is_reasoning_in_output and " ~ count('native_tokens_completion') ~ " < " ~ count('native_tokens_reasoning'),
                "'native_tokens_reasoning exceed native_tokens_completion, of which they are a part'"
            ]]
        ) }} as _reject_reason
    from priced

),

renamed as (

    select
        ---------- ids
        'openrouter' as gateway,
        {{ without_email(trimmed('id'), is_person=false) }} as request_id,
        -- who is billed by OpenRouter has its id in the answer; with a key of one's own the provider is the seller
        case
            when is_own_key then {{ without_email(name_or_null('upstream_id'), is_person=false) }}
            else {{ without_email(trimmed('id'), is_person=false) }}
        end as provider_request_id,
        earlier_responses + 1 as attempt_number,
        case when response_cache_source_id is not null then 'cache_hit' else 'request' end as row_kind,
        {{ without_email(name_or_null('external_user')) }} as user_id,
        {{ without_email(name_or_null('session_id'), is_person=false) }} as session_id,
        {{ without_email(name_or_null('request_id'), is_person=false) }} as trace_id,
        {{ without_email(name_or_null('workspace_id'), is_person=false) }} as api_key_hash,  -- the one owner that is told

        ---------- strings
        {{ without_email(name_or_null('app_id'), is_person=false) }} as feature_name,
        case when is_own_key then lower({{ masked_name(trimmed('provider_name')) }}) else 'openrouter' end as provider,
        {{ masked_name(trimmed('model')) }} as model,
        {{ masked(first_name(['router', 'model'])) }} as requested_model,
        {{ masked_name('service_tier') }} as service_tier,
        case lower(data_region) when 'europe' then 'eu' else lower({{ masked_name('data_region') }}) end as inference_geo,
        {{ without_email(name_or_null('preset_id'), is_person=false) }} as prompt_template_version,
        cast(statuses[-1] as varchar) as status_code,

        ---------- numerics
        {{ uncached_input(count('native_tokens_prompt'), count('native_tokens_cached'), '0') }} as uncached_input_tokens,
        case
            when native_tokens_prompt is not null then coalesce({{ count('native_tokens_cached') }}, 0)
        end as cache_read_tokens,
        {{ whole_output(count('native_tokens_completion'), count('native_tokens_reasoning')) }} as output_tokens,
        {{ count('native_tokens_reasoning') }} as reasoning_tokens,
        cast(1 as bigint) as request_count,
        earlier_responses as retry_count,
        greatest(try_cast(latency as double), try_cast(generation_time as double)) as latency_ms,
        try({{ reported_usd('cost') }}) as reported_cost_usd,

        ---------- booleans
        coalesce(finish_reason = 'error' or statuses[-1] >= 400, false) as is_error,
        try_cast(streamed as boolean) as is_streaming,

        ---------- timestamps
        {{ utc('created_at') }} as requested_at,

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
