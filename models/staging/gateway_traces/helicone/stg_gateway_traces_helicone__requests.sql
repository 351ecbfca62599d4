{{ config(enabled = 'helicone' in var('formats').get('gateway_traces', [])) }}

{#-
    Two shapes of Helicone: rows of the ClickHouse table request_response_rmt (cost in billionths of a dollar), and the
    requests of its API and export tool (cost in USD), alone or in pages {"data": [...]}. Bodies are not read.
-#}
{%- set fields = {
    'request_id': '$.request_id',
    'request_created_at': '$.request_created_at',
    'provider': '$.provider',
    'model': '$.model',
    'request_model': '$.request_model',
    'response_model': '$.response_model',
    'model_override': '$.model_override',
    'prompt_tokens': '$.prompt_tokens',
    'completion_tokens': '$.completion_tokens',
    'prompt_cache_read_tokens': '$.prompt_cache_read_tokens',
    'prompt_cache_write_tokens': '$.prompt_cache_write_tokens',
    'reasoning_tokens': '$.reasoning_tokens',
    'prompt_audio_tokens': '$.prompt_audio_tokens',
    'completion_audio_tokens': '$.completion_audio_tokens',
    'cost': '$.cost',
    'costUSD': '$.costUSD',
    'status': '$.status',
    'response_status': '$.response_status',
    'latency': '$.latency',
    'delay_ms': '$.delay_ms',
    'time_to_first_token': '$.time_to_first_token',
    'user_id': '$.user_id',
    'request_user_id': '$.request_user_id',
    'request_path': '$.request_path',
    'properties': '$.properties',
    'request_properties': '$.request_properties',
    'proxy_key_id': '$.proxy_key_id',
    'prompt_version': '$.prompt_version',
    'cache_reference_id': '$.cache_reference_id',
} %}
{%- set names_by_caller = [
    'team_id', 'user_id', 'tenant_id', 'feature_name', 'workflow_name', 'environment', 'session_id',
    'prompt_template_version', 'prompt_fingerprint',
] %}
{%- set counts = [
    'prompt_tokens', 'completion_tokens', 'prompt_cache_read_tokens', 'prompt_cache_write_tokens', 'reasoning_tokens',
] %}
{%- set uncached = uncached_input(
    count('prompt_tokens'), count('prompt_cache_read_tokens'), count('prompt_cache_write_tokens')
) %}
{%- set answer = whole_output(count('completion_tokens'), count('reasoning_tokens')) %}
{%- set no_id = "'00000000-0000-0000-0000-000000000000'" %}

with

source as (

    select * from {{ page_items('gateway_traces', 'helicone', 'data', fields) }}

),

semantics as (

    select
        endpoint as rule,
        is_cache_read_in_input,
        is_cache_write_in_input,
        is_reasoning_in_output,
        usd_per_money_unit
    from {{ ref('usage_semantics') }}
    where entity = 'gateway_traces' and format = 'helicone'

),

by_shape as (

    select
        *,
        -- names that only the API has
        case
            when coalesce(response_status, delay_ms, request_model, request_path, request_user_id, request_properties) is null
                then 'clickhouse'
            else 'api'
        end as shape,
        nullif({{ name_or_null('cache_reference_id') }}, {{ no_id }}) is not null as is_cache_hit,
        {{ json_object_or_null('coalesce(properties, request_properties)') }} as properties_json
    from source

),

-- Properties come from HTTP headers (Helicone-Property-Team-Id), in any case and with hyphens: Team-Id is team_id here.
named as (

    select
        *,
        '{' || array_to_string(list_transform(
            list_filter(
                json_keys(properties_json), lambda name: regexp_full_match(name, '[[:alnum:]_. -]+')
            ),
            lambda name: cast(to_json(replace(lower(name), '-', '_')) as varchar) || ':'
            || cast(to_json(json_extract_string(properties_json, '$."' || name || '"')) as varchar)
        ), ',') || '}' as said
    from by_shape

),

with_rule as (

    select
        named.*,
        semantics.*
    from named
    left join semantics on named.shape = semantics.rule

),

counted as (

    select
        *,
        {% for column in names_by_caller -%}
        {{ caller_said(column, 'said') }} as said_{{ column }},
        {% endfor -%}
        {{ name_or_null("json_extract_string(said, '$.helicone_session_id')") }} as helicone_session_id,
        {{ name_or_null("json_extract_string(said, '$.helicone_session_name')") }} as helicone_session_name,
        coalesce(status, response_status) as http_status,
        coalesce(latency, delay_ms) as milliseconds,
        try({{ reported_usd('coalesce(cost, costUSD)') }}) as cost_usd,
        -- a call whose usage Helicone could not read has zeros: no call has none at all, but for its own cache's answers
        is_cache_hit or (
            {% for name in counts -%}
            coalesce({{ count(name) }}, 0){{ ' + ' if not loop.last }}
            {%- endfor %}
        ) > 0 as has_usage
    from with_rule

),

checked as (

    select
        *,
        {{ reject_reason(
            required_checks(['request_id', 'request_created_at', 'provider'], fields)
            + [[
                "coalesce(response_model, model, model_override, request_model) is null "
                ~ "and coalesce(try_cast(http_status as integer) between 200 and 399, true)",
                "'required field model is missing; the record has ' || " ~ field_names(fields)
            ]]
            + type_checks(['request_created_at'], 'timestamptz', 'an ISO 8601 time', may_hold_prompts=true)
            + [[
                "coalesce(properties, request_properties) is not null and properties_json is null",
                "'properties is not a JSON object'"
            ]]
            + count_checks(
                counts + ['prompt_audio_tokens', 'completion_audio_tokens'], limit=1000000000, may_hold_prompts=true
            )
            + type_checks(['latency', 'delay_ms', 'time_to_first_token'], 'decimal(18, 6)', 'a number', may_hold_prompts=true)
            + type_checks(['cost', 'costUSD'], 'decimal(24, 12)', 'a number', may_hold_prompts=true)
            + [
                ["cost_usd < 0", "'cost is negative'"],
                [
                    "coalesce(cost, costUSD) is not null and coalesce(cost_usd > 100000, true)",
                    "'cost is above 100000 USD'"
                ],
            ]
        ) }} as _reject_reason
    from counted

),

renamed as (

    select
        ---------- ids
        'helicone' as gateway,
        {{ without_email(trimmed('request_id'), is_person=false) }} as request_id,
        case when is_cache_hit then 'cache_hit' else 'request' end as row_kind,
        {{ without_email('said_team_id', is_person=false) }} as team_id,
        {{ without_email("coalesce(" ~ first_name(['user_id', 'request_user_id']) ~ ", said_user_id)") }} as user_id,
        {{ without_email('said_tenant_id') }} as tenant_id,
        {{ without_email('coalesce(helicone_session_id, said_session_id)', is_person=false) }} as session_id,
        {{ without_email(
            without_raw_key("nullif(" ~ name_or_null('proxy_key_id') ~ ", " ~ no_id ~ ")"), is_person=false
        ) }} as api_key_hash,

        ---------- strings
        {{ without_email('said_feature_name', is_person=false) }} as feature_name,
        {{ without_email('coalesce(said_workflow_name, helicone_session_name)', is_person=false) }} as workflow_name,
        {{ without_email('said_environment', is_person=false) }} as environment,
        lower({{ masked_name(trimmed('provider')) }}) as provider,
        {{ masked(first_name(['response_model', 'model', 'model_override', 'request_model'])) }} as model,
        {{ masked(first_name(['request_model', 'model', 'response_model', 'model_override'])) }} as requested_model,
        {{ without_email(
            "coalesce(said_prompt_template_version, " ~ name_or_null('prompt_version') ~ ")", is_person=false
        ) }} as prompt_template_version,
        {{ without_email('said_prompt_fingerprint', is_person=false) }} as prompt_fingerprint,
        {{ masked_name('http_status') }} as status_code,

        ---------- numerics
        case when has_usage then {{ uncached }} end as uncached_input_tokens,
        case when has_usage then coalesce({{ count('prompt_cache_read_tokens') }}, 0) end as cache_read_tokens,
        case
            when has_usage then coalesce({{ count('prompt_cache_write_tokens') }}, 0)  -- of every lifetime
        end as cache_write_5m_tokens,
        case when has_usage then cast(0 as bigint) end as cache_write_30m_tokens,
        case when has_usage then cast(0 as bigint) end as cache_write_1h_tokens,
        case when has_usage then cast(0 as bigint) end as cache_write_12h_tokens,
        case when has_usage then {{ answer }} end as output_tokens,
        case when has_usage then {{ count('reasoning_tokens') }} end as reasoning_tokens,
        case when has_usage then {{ part_of(count('prompt_audio_tokens'), uncached) }} end as input_audio_tokens,
        case when has_usage then {{ part_of(count('completion_audio_tokens'), answer) }} end as output_audio_tokens,
        cast(1 as bigint) as request_count,
        try_cast(milliseconds as double) as latency_ms,
        cost_usd as reported_cost_usd,

        ---------- booleans
        coalesce(try_cast(http_status as integer) not between 200 and 399, false) as is_error,
        case when try_cast(time_to_first_token as double) > 0 then true end as is_streaming,  -- measured for streams only

        ---------- timestamps
        {{ utc('request_created_at') }} as requested_at,

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
