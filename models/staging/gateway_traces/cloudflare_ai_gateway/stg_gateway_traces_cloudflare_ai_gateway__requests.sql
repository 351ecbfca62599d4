{{ config(enabled = 'cloudflare_ai_gateway' in var('formats').get('gateway_traces', [])) }}

{#-
    Logs as the REST API lists them: pages {"result": [...]}, or the log objects alone. Two counts and an estimated cost
    are all that a log tells of the usage: neither cached nor reasoning tokens.
-#}
{%- set fields = {
    'id': '$.id',
    'created_at': '$.created_at',
    'provider': '$.provider',
    'model': '$.model',
    'tokens_in': '$.tokens_in',
    'tokens_out': '$.tokens_out',
    'cost': '$.cost',
    'cached': '$.cached',
    'success': '$.success',
    'status_code': '$.status_code',
    'duration': '$.duration',
    'step': '$.step',
    'metadata': '$.metadata',
} %}
{%- set names_by_caller = [
    'team_id', 'user_id', 'tenant_id', 'feature_name', 'workflow_name', 'environment', 'session_id',
    'prompt_template_version', 'prompt_fingerprint',
] %}

with

source as (

    select * from {{ page_items('gateway_traces', 'cloudflare_ai_gateway', 'result', fields) }}

),

semantics as (

    select
        is_cache_read_in_input,
        is_cache_write_in_input,
        is_reasoning_in_output,
        usd_per_money_unit
    from {{ ref('usage_semantics') }}
    where entity = 'gateway_traces' and format = 'cloudflare_ai_gateway' and endpoint = 'any'

),

named as (

    select
        source.*,
        semantics.*,
        {{ json_object_or_null('source.metadata') }} as metadata_json  -- the API gives the object as text
    from source
    cross join semantics

),

said as (

    select
        *,
        {% for column in names_by_caller -%}
        {{ caller_said(column, 'metadata_json') }} as said_{{ column }},
        {% endfor -%}
        lower({{ trimmed('provider') }}) as provider_name
    from named

),

checked as (

    select
        *,
        {{ reject_reason(
            required_checks(['id', 'created_at', 'provider', 'model'], fields)
            + type_checks(['created_at'], 'timestamptz', 'an ISO 8601 time', may_hold_prompts=true)
            + count_checks(['tokens_in', 'tokens_out', 'step'], limit=1000000000, may_hold_prompts=true)
            + type_checks(['cached', 'success'], 'boolean', 'true or false', may_hold_prompts=true)
            + type_checks(['duration'], 'decimal(18, 6)', 'a number', may_hold_prompts=true)
            + request_cost_checks(['cost'])
            + [["metadata is not null and metadata_json is null", "'metadata is not a JSON object'"]]
        ) }} as _reject_reason
    from said

),

renamed as (

    select
        ---------- ids
        'cloudflare_ai_gateway' as gateway,
        {{ without_email(trimmed('id'), is_person=false) }} as request_id,
        {{ count('step') }} + 1 as attempt_number,  -- each step of a fallback is a log of its own, without a link
        case when coalesce(try_cast(cached as boolean), false) then 'cache_hit' else 'request' end as row_kind,
        {{ without_email('said_team_id', is_person=false) }} as team_id,
        {{ without_email('said_user_id') }} as user_id,
        {{ without_email('said_tenant_id') }} as tenant_id,
        {{ without_email('said_session_id', is_person=false) }} as session_id,

        ---------- strings
        {{ without_email('said_feature_name', is_person=false) }} as feature_name,
        {{ without_email('said_workflow_name', is_person=false) }} as workflow_name,
        {{ without_email('said_environment', is_person=false) }} as environment,
        {{ masked_name('provider_name') }} as provider,
        {{ masked_name(trimmed('model')) }} as model,
        {{ masked_name(trimmed('model')) }} as requested_model,
        {{ without_email('said_prompt_template_version', is_person=false) }} as prompt_template_version,
        {{ without_email('said_prompt_fingerprint', is_person=false) }} as prompt_fingerprint,
        {{ masked_name('status_code') }} as status_code,

        ---------- numerics
        {{ uncached_input(count('tokens_in'), 'cast(null as bigint)', 'cast(null as bigint)') }} as uncached_input_tokens,
        {{ whole_output(count('tokens_out'), 'cast(null as bigint)') }} as output_tokens,
        cast(1 as bigint) as request_count,
        try_cast(duration as double) as latency_ms,
        try({{ reported_usd('cost') }}) as reported_cost_usd,

        ---------- booleans
        coalesce(not try_cast(success as boolean), try_cast(status_code as integer) >= 400, false) as is_error,

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
