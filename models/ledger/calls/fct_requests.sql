with

attempts as (

    select * from {{ ref('fct_attempts') }}

),

-- What a request cost beyond its final attempt, and whether any attempt has no price: a sum that leaves one out would
-- state less than was spent.
totals as (

    select
        gateway,
        request_id,
        sum(case when is_final_attempt then 0 else attempt_cost_usd end) as retry_cost_usd,
        sum(list_cost_usd) as list_cost_usd,
        sum(reported_cost_usd) as reported_cost_usd,
        sum(coalesce(exposure_usd, attempt_cost_usd)) as exposure_usd,
        max(case when pricing_status = 'unpriced' then 1 else 0 end) as has_unpriced_attempt
    from attempts
    group by
        gateway,
        request_id

),

requests as (

    select
        attempts.request_id,
        attempts.gateway,
        attempts.requested_at,
        attempts.request_date,
        attempts.provider,
        attempts.model,
        attempts.requested_model,
        attempts.team_id,
        attempts.user_id,
        attempts.tenant_id,
        attempts.feature_name,
        attempts.workflow_name,
        attempts.route_id,
        attempts.prompt_template_version,
        attempts.environment,
        attempts.service_tier,
        attempts.session_id,
        attempts.prompt_fingerprint,
        attempts.row_kind,
        attempts.status_code,
        attempts.is_error,
        attempts.latency_ms,
        attempts.attempt_count,
        attempts.request_count,
        attempts.uncached_input_tokens,
        attempts.cache_read_tokens,
        attempts.cache_write_5m_tokens + attempts.cache_write_30m_tokens
        + attempts.cache_write_1h_tokens + attempts.cache_write_12h_tokens as cache_write_tokens,
        attempts.output_tokens,
        attempts.reasoning_tokens,
        case
            when totals.has_unpriced_attempt = 1 then 'unpriced'
            when attempts.pricing_status = 'free' and totals.retry_cost_usd > 0 then 'priced'
            else attempts.pricing_status
        end as pricing_status,
        attempts.input_cost_usd,
        attempts.cache_read_cost_usd,
        attempts.cache_write_cost_usd,
        attempts.output_cost_usd,
        attempts.tool_cost_usd,
        cast(totals.retry_cost_usd as decimal(18, 12)) as retry_cost_adjustment_usd,
        cast(attempts.attempt_cost_usd + totals.retry_cost_usd as decimal(18, 12)) as request_cost_usd,
        cast(totals.list_cost_usd as decimal(18, 12)) as list_cost_usd,
        cast(totals.reported_cost_usd as decimal(18, 12)) as reported_cost_usd,
        cast(totals.exposure_usd as decimal(18, 12)) as exposure_usd,
        attempts.price_source,
        attempts.price_id,
        attempts.attribution_method,
        attempts._source_file,
        attempts._source_row
    from attempts
    inner join totals on attempts.gateway = totals.gateway and attempts.request_id = totals.request_id
    where attempts.is_final_attempt

)

select
    request_id,
    gateway,
    requested_at,
    request_date,
    provider,
    model,
    requested_model,
    team_id,
    user_id,
    tenant_id,
    feature_name,
    workflow_name,
    route_id,
    prompt_template_version,
    environment,
    service_tier,
    session_id,
    prompt_fingerprint,
    row_kind,
    status_code,
    is_error,
    latency_ms,
    attempt_count,
    request_count,
    uncached_input_tokens,
    cache_read_tokens,
    cache_write_tokens,
    output_tokens,
    reasoning_tokens,
    {%- for cost in [
        'input_cost_usd', 'cache_read_cost_usd', 'cache_write_cost_usd', 'output_cost_usd', 'tool_cost_usd',
        'retry_cost_adjustment_usd', 'request_cost_usd', 'list_cost_usd',
    ] %}
    case when pricing_status != 'unpriced' then {{ cost }} end as {{ cost }},
    {%- endfor %}
    reported_cost_usd,
    case when pricing_status = 'unpriced' then exposure_usd end as exposure_usd,
    pricing_status,
    case when pricing_status != 'unpriced' then price_source end as price_source,
    case when pricing_status != 'unpriced' then price_id end as price_id,
    attribution_method,
    _source_file,
    _source_row
from requests
