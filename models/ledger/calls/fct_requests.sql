{{ config(materialized='view') }}

{%- set of_the_final_attempt = [
    'request_id', 'gateway', 'requested_at', 'request_date', 'provider', 'model', 'requested_model', 'team_id', 'user_id',
    'tenant_id', 'feature_name', 'workflow_name', 'route_id', 'prompt_template_version', 'environment', 'service_tier',
    'session_id', 'prompt_fingerprint', 'row_kind', 'status_code', 'is_error', 'latency_ms', 'attempt_count', 'request_count',
    'uncached_input_tokens', 'cache_read_tokens', 'output_tokens', 'reasoning_tokens', 'attribution_method', '_source_file',
    '_source_row',
] %}
{%- set of_its_price = [
    'input_cost_usd', 'cache_read_cost_usd', 'cache_write_cost_usd', 'output_cost_usd', 'tool_cost_usd', 'price_source',
    'price_id',
] %}
{%- set written = [] %}
{%- for meter in meters('token') if meter.cost == 'cache_write' %}{% do written.append('attempts.' ~ meter.usage) %}{% endfor %}

-- Almost every request is one attempt. Of the others the final attempt stands for the request, and what the billed attempts
-- before it cost is the adjustment.
select
    attempts.{{ (of_the_final_attempt + of_its_price) | join(',\n    attempts.') }},
    {{ written | join(' + ') }} as cache_write_tokens,
    attempts.pricing_status,
    cast(case when attempts.pricing_status != 'unpriced' then 0 end as decimal(18, 12)) as retry_cost_adjustment_usd,
    attempts.attempt_cost_usd as request_cost_usd,
    attempts.list_cost_usd,
    attempts.reported_cost_usd,
    attempts.exposure_usd
from {{ ref('fct_attempts') }} as attempts
where attempts.attempt_count = 1
union all
select
    attempts.{{ of_the_final_attempt | join(',\n    attempts.') }},
    {%- for column in of_its_price %}
    case when not retried.has_unpriced_attempt then attempts.{{ column }} end as {{ column }},
    {%- endfor %}
    {{ written | join(' + ') }} as cache_write_tokens,
    case
        when retried.has_unpriced_attempt then 'unpriced'
        when attempts.pricing_status = 'free' and retried.retry_cost_usd > 0 then 'priced'
        else attempts.pricing_status
    end as pricing_status,
    cast(case when not retried.has_unpriced_attempt then retried.retry_cost_usd end as decimal(18, 12))
        as retry_cost_adjustment_usd,
    cast(
        case when not retried.has_unpriced_attempt then attempts.attempt_cost_usd + retried.retry_cost_usd end
        as decimal(18, 12)
    ) as request_cost_usd,
    cast(case when not retried.has_unpriced_attempt then retried.list_cost_usd end as decimal(18, 12)) as list_cost_usd,
    cast(case when retried.reported_cost_usd < 1000000 then retried.reported_cost_usd end as decimal(18, 12))
        as reported_cost_usd,
    cast(
        case
            when not retried.has_unpriced_attempt then null
            when retried.exposure_usd >= 1000000 then 999999
            else retried.exposure_usd
        end as decimal(18, 12)
    ) as exposure_usd
from {{ ref('fct_attempts') }} as attempts
inner join {{ ref('fct_retried_requests') }} as retried
    on attempts.gateway = retried.gateway and attempts.request_id = retried.request_id
where attempts.is_final_attempt and attempts.attempt_count > 1
