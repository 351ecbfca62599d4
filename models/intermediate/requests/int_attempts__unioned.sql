{{ config(materialized='view') }}

{%- set columns = [
    'gateway', 'request_id', 'attempt_number', 'row_kind', 'team_id', 'user_id', 'tenant_id', 'session_id', 'trace_id',
    'parent_request_id', 'api_key_hash', 'feature_name', 'workflow_name', 'environment', 'provider', 'model',
    'requested_model', 'service_tier', 'prompt_template_version', 'prompt_fingerprint', 'status_code',
    'uncached_input_tokens', 'cache_read_tokens', 'cache_write_5m_tokens', 'cache_write_30m_tokens',
    'cache_write_1h_tokens', 'cache_write_12h_tokens', 'output_tokens', 'reasoning_tokens', 'system_prompt_tokens',
    'context_tokens', 'web_search_count', 'request_count', 'retry_count', 'latency_ms', 'tool_cost_usd',
    'reported_cost_usd', 'is_error', 'is_streaming', 'requested_at', '_source_file', '_source_row',
] %}

{% for format in var('formats')['gateway_traces'] %}
select
    {{ columns | join(',\n    ') }}
from {{ ref('stg_gateway_traces_' ~ format ~ '__requests') }}
where _reject_reason is null
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
