{{ config(enabled = 'bedrock_invocation' in var('formats').get('gateway_traces', [])) }}

{#-
    The input count of the log has no cached tokens in it. Which lifetime a cache write had, the service tier and the
    latency stand only in the response's body: an object (InvokeModel, Converse, ConverseStream) or a list of chunks
    (InvokeModelWithResponseStream). Of the bodies nothing but counts and names is read.
-#}
{%- set body = '$.output.outputBodyJson' %}
{%- set fields = {
    'timestamp': '$.timestamp',
    'requestId': '$.requestId',
    'modelId': '$.modelId',
    'schemaType': '$.schemaType',
    'operation': '$.operation',
    'region': '$.region',
    'inferenceRegion': '$.inferenceRegion',
    'identity_arn': '$.identity.arn',
    'requestMetadata': '$.requestMetadata',
    'errorCode': '$.errorCode',
    'inputTokenCount': '$.input.inputTokenCount',
    'cacheReadInputTokenCount': '$.input.cacheReadInputTokenCount',
    'cacheWriteInputTokenCount': '$.input.cacheWriteInputTokenCount',
    'outputTokenCount': '$.output.outputTokenCount',
    'asked_tier': '$.input.inputBodyJson.serviceTier.type',
    'served_tier': body ~ '.serviceTier.type',
    'body_id': body ~ '.id',
    'body_model': body ~ '.model',
    'routed_model_id': body ~ '.trace.promptRouter.invokedModelId',
    'body_latency_ms': body ~ '.metrics.latencyMs',
    'total_tokens': body ~ '.usage.totalTokens',
    'message_read_tokens': body ~ '.usage.cache_read_input_tokens',
    'message_write_tokens': body ~ '.usage.cache_creation_input_tokens',
    'message_write_5m_tokens': body ~ '.usage.cache_creation.ephemeral_5m_input_tokens',
    'message_write_1h_tokens': body ~ '.usage.cache_creation.ephemeral_1h_input_tokens',
    'converse_read_tokens': body ~ '.usage.cacheReadInputTokens',
    'converse_write_tokens': body ~ '.usage.cacheWriteInputTokens',
    'converse_writes': body ~ '.usage.cacheDetails',
} %}
{%- set chunk_fields = {
    'chunk_id': '[*].message.id',
    'chunk_model': '[*].message.model',
    'chunk_read_tokens': '[*].message.usage.cache_read_input_tokens',
    'chunk_write_tokens': '[*].message.usage.cache_creation_input_tokens',
    'chunk_write_5m_tokens': '[*].message.usage.cache_creation.ephemeral_5m_input_tokens',
    'chunk_write_1h_tokens': '[*].message.usage.cache_creation.ephemeral_1h_input_tokens',
    'chunk_latency_ms': '[*]."amazon-bedrock-invocationMetrics".invocationLatency',
} %}
{%- set read_totals = [
    'cacheReadInputTokenCount', 'message_read_tokens', 'chunk_read_tokens', 'converse_read_tokens',
] %}
{%- set write_totals = [
    'cacheWriteInputTokenCount', 'message_write_tokens', 'chunk_write_tokens', 'converse_write_tokens',
] %}
{%- set writes_1h = ['message_write_1h_tokens', 'chunk_write_1h_tokens', 'converse_write_1h_tokens'] %}
{%- set writes_5m = ['message_write_5m_tokens', 'chunk_write_5m_tokens', 'converse_write_5m_tokens'] %}
{%- set names_by_caller = [
    'team_id', 'user_id', 'tenant_id', 'feature_name', 'workflow_name', 'environment', 'session_id',
    'prompt_template_version', 'prompt_fingerprint',
] %}

with

source as (

    select
        *,
        case when _unreadable is null then _record end as readable
    from {{ landed_texts('gateway_traces', 'bedrock_invocation', fields) }}

),

semantics as (

    select is_cache_read_in_input, is_cache_write_in_input, is_reasoning_in_output
    from {{ ref('usage_semantics') }}
    where entity = 'gateway_traces' and format = 'bedrock_invocation' and endpoint = 'any'

),

named as (

    select
        source.*,
        semantics.*,
        {% for name, path in chunk_fields.items() -%}
        json_extract_string(source.readable, '{{ body }}{{ path }}')[1] as {{ name }},
        {% endfor -%}
        {% for lifetime in ['5m', '1h'] -%}
        {{ sum_of_parts('source.converse_writes', 'ttl', lifetime, 'inputTokens') }} as converse_write_{{ lifetime }}_tokens,
        {% endfor -%}
        {{ masked("regexp_extract(source.modelId, '([^/]*)$', 1)") }} as model_name,
        regexp_extract(source.identity_arn, ':assumed-role/([^/]+)/', 1) as role_name,
        regexp_extract(source.identity_arn, ':assumed-role/[^/]+/(.+)$', 1) as role_session_name,
        {{ json_object_or_null('source.requestMetadata') }} as metadata
    from source
    cross join semantics

),

counted as (

    select
        *,
        {% for column in names_by_caller -%}
        {{ caller_said(column, 'metadata') }} as said_{{ column }},
        {% endfor -%}
        coalesce({{ largest_count(read_totals) }}, 0) as read_tokens,
        coalesce({{ largest_count(writes_1h) }}, 0) as write_1h_tokens,
        coalesce({{ largest_count(writes_5m) }}, 0) as write_5m_tokens,
        coalesce({{ largest_count(write_totals) }}, 0) as write_total
    from named

),

checked as (

    select
        *,
        greatest(write_total, write_1h_tokens + write_5m_tokens) as write_tokens,
        {{ reject_reason(
            [[
                "coalesce(schemaType, requestId, modelId) is null",
                "'a request or response body, not a log record: leave the folder data/ out of the copy'"
            ], [
                "schemaType != 'ModelInvocationLog'",
                "'schemaType is not ModelInvocationLog'"
            ]]
            + required_checks(['timestamp', 'requestId', 'modelId'], fields)
            + type_checks(['timestamp'], 'timestamptz', 'an ISO 8601 time', may_hold_prompts=true)
            + [[
                "requestMetadata is not null and metadata is null",
                "'requestMetadata is not a JSON object'"
            ]]
            + count_checks(
                ['inputTokenCount', 'outputTokenCount', 'total_tokens'] + read_totals + write_totals + writes_1h
                + writes_5m, limit=1000000000, may_hold_prompts=true
            )
            + type_checks(['body_latency_ms', 'chunk_latency_ms'], 'decimal(18, 6)', 'a number', may_hold_prompts=true)
        ) }} as _reject_reason
    from counted

),

renamed as (

    select
        ---------- ids
        'bedrock_invocation' as gateway,
        {{ without_email(trimmed('requestId'), is_person=false) }} as request_id,
        {{ without_email(first_name(['body_id', 'chunk_id', 'requestId']), is_person=false) }} as provider_request_id,
        'request' as row_kind,
        {{ without_email('said_team_id', is_person=false) }} as team_id,
        coalesce(
            {{ without_email('said_user_id') }},
            case
                -- people sign in through the identity center; elsewhere a session is a machine's
                when starts_with(role_name, 'AWSReservedSSO_') or contains(role_session_name, '@')
                    then {{ without_email('role_session_name') }}
            end
        ) as user_id,
        {{ without_email('said_tenant_id') }} as tenant_id,
        {{ without_email('said_session_id', is_person=false) }} as session_id,
        {{ without_email(
            "regexp_replace(identity_arn, '(:assumed-role/[^/]+)/.*$', '\\1')", is_person=false
        ) }} as api_key_hash,

        ---------- strings
        {{ without_email('said_feature_name', is_person=false) }} as feature_name,
        {{ without_email('said_workflow_name', is_person=false) }} as workflow_name,
        {{ without_email('said_environment', is_person=false) }} as environment,
        'bedrock' as provider,
        coalesce(
            case
                -- names that do not tell the model; provisioned and custom models keep theirs, no token price fits them
                when regexp_matches(modelId, ':(application-inference-profile|(default-)?prompt-router|prompt)/')
                    then {{ masked("coalesce(nullif(regexp_extract(routed_model_id, '([^/]*)$', 1), ''), "
                        ~ first_name(['body_model', 'chunk_model']) ~ ")") }}
            end,
            model_name
        ) as model,
        model_name as requested_model,
        {{ masked_name('coalesce(served_tier, asked_tier)') }} as service_tier,
        {{ masked_name('coalesce(inferenceRegion, region)') }} as inference_geo,
        {{ without_email('said_prompt_template_version', is_person=false) }} as prompt_template_version,
        {{ without_email('said_prompt_fingerprint', is_person=false) }} as prompt_fingerprint,
        {{ masked_name('errorCode') }} as status_code,

        ---------- numerics
        {{ uncached_input(count('inputTokenCount'), 'read_tokens', 'write_tokens') }} as uncached_input_tokens,
        case when inputTokenCount is not null then read_tokens end as cache_read_tokens,
        case
            when inputTokenCount is not null then write_tokens - write_1h_tokens  -- and those of unknown lifetime
        end as cache_write_5m_tokens,
        case when inputTokenCount is not null then cast(0 as bigint) end as cache_write_30m_tokens,
        case when inputTokenCount is not null then write_1h_tokens end as cache_write_1h_tokens,
        case when inputTokenCount is not null then cast(0 as bigint) end as cache_write_12h_tokens,
        case
            when outputTokenCount is null and errorCode is null and inputTokenCount is not null
                and regexp_matches(model_name, 'embed|rerank') then 0  -- what these models answer is not made of tokens
            else {{ count('outputTokenCount') }}  -- one number: the log does not tell reasoning apart
        end as output_tokens,
        {{ count('total_tokens') }} as reported_total_tokens,
        cast(1 as bigint) as request_count,
        try_cast(coalesce(body_latency_ms, chunk_latency_ms) as double) as latency_ms,

        ---------- booleans
        errorCode is not null as is_error,
        case
            when operation in ('InvokeModel', 'Converse') then false
            when
                operation in (
                    'InvokeModelWithResponseStream', 'InvokeModelWithBidirectionalStream', 'ConverseStream'
                ) then true
        end as is_streaming,

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

{{ as_requests('renamed') }}
