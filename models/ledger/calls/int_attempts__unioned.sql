{{ config(materialized='view') }}

{%- set columns = {
    'gateway': 'string',
    'request_id': 'string',
    'provider_request_id': 'string',
    'attempt_number': 'bigint',
    'row_kind': 'string',
    'team_id': 'string',
    'user_id': 'string',
    'tenant_id': 'string',
    'session_id': 'string',
    'trace_id': 'string',
    'parent_request_id': 'string',
    'span_id': 'string',
    'parent_span_id': 'string',
    'api_key_hash': 'string',
    'feature_name': 'string',
    'workflow_name': 'string',
    'environment': 'string',
    'provider': 'string',
    'model': 'string',
    'requested_model': 'string',
    'service_tier': 'string',
    'inference_geo': 'string',
    'prompt_template_version': 'string',
    'prompt_fingerprint': 'string',
    'status_code': 'string',
    'uncached_input_tokens': 'bigint',
    'cache_read_tokens': 'bigint',
    'cache_write_5m_tokens': 'bigint',
    'cache_write_30m_tokens': 'bigint',
    'cache_write_1h_tokens': 'bigint',
    'cache_write_12h_tokens': 'bigint',
    'output_tokens': 'bigint',
    'reasoning_tokens': 'bigint',
    'input_audio_tokens': 'bigint',
    'input_image_tokens': 'bigint',
    'output_audio_tokens': 'bigint',
    'reported_total_tokens': 'bigint',
    'system_prompt_tokens': 'bigint',
    'context_tokens': 'bigint',
    'web_search_count': 'bigint',
    'request_count': 'bigint',
    'retry_count': 'bigint',
    'latency_ms': 'double',
    'tool_cost_usd': 'decimal(18, 12)',
    'reported_cost_usd': 'decimal(18, 12)',
    'is_error': 'boolean',
    'is_streaming': 'boolean',
    'requested_at': 'timestamp',
    '_source_file': 'string',
    '_source_row': 'bigint',
    '_source_item': 'bigint',
} %}

{% for format in var('formats').get('gateway_traces', []) %}
select
    {{ typed_columns(columns) }},
    {{ loop.index }} as gateway_rank
from {{ ref('stg_gateway_traces_' ~ format ~ '__requests') }}
where _reject_reason is null
{% if not loop.last %}
union all
{% endif %}
{% else %}
select
    {{ typed_columns(columns, is_empty=true) }},
    0 as gateway_rank
where 1 = 0
{% endfor %}
