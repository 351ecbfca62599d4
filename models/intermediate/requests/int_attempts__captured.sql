with

attempts as (

    select * from {{ ref('int_attempts__unioned') }}

),

providers as (

    select * from {{ ref('provider_aliases') }}

),

-- One event logged twice has the same request, attempt and event time. A request sent again has another time: it was
-- billed again and is an attempt of its own.
numbered as (

    select
        attempts.*,
        coalesce(providers.provider, attempts.provider, 'unknown') as canonical_provider,  -- failed before it was routed
        row_number() over (
            partition by
                attempts.gateway, attempts.request_id, attempts.row_kind, attempts.attempt_number, attempts.requested_at
            order by attempts._source_file, attempts._source_row
        ) as capture_number,
        first_value(attempts._source_file) over (
            partition by
                attempts.gateway, attempts.request_id, attempts.row_kind, attempts.attempt_number, attempts.requested_at
            order by attempts._source_file, attempts._source_row
        ) as kept_source_file,
        first_value(attempts._source_row) over (
            partition by
                attempts.gateway, attempts.request_id, attempts.row_kind, attempts.attempt_number, attempts.requested_at
            order by attempts._source_file, attempts._source_row
        ) as kept_source_row
    from attempts
    left join providers on attempts.provider = providers.alias

)

select
    gateway,
    request_id,
    attempt_number as reported_attempt_number,
    row_kind,
    team_id,
    user_id,
    tenant_id,
    session_id,
    trace_id,
    parent_request_id,
    api_key_hash,
    feature_name,
    workflow_name,
    environment,
    canonical_provider as provider,
    coalesce(model, 'unknown') as model,
    requested_model,
    service_tier,
    prompt_template_version,
    prompt_fingerprint,
    status_code,
    uncached_input_tokens,
    cache_read_tokens,
    cache_write_5m_tokens,
    cache_write_30m_tokens,
    cache_write_1h_tokens,
    cache_write_12h_tokens,
    output_tokens,
    reasoning_tokens,
    system_prompt_tokens,
    context_tokens,
    web_search_count,
    request_count,
    retry_count,
    latency_ms,
    tool_cost_usd,
    reported_cost_usd,
    is_error,
    is_streaming,
    requested_at,
    capture_number > 1 as is_duplicate_capture,
    kept_source_file,
    kept_source_row,
    _source_file,
    _source_row
from numbered
