{{ config(materialized='view') }}

{%- set columns = {
    'provider': 'string',
    'account_id': 'string',
    'endpoint': 'string',
    'bucket_start_at': 'timestamp', 'bucket_end_at': 'timestamp',
    'project_id': 'string', 'api_key_id': 'string', 'user_id': 'string',
    'model': 'string',
    'service_tier': 'string',
    'is_batch': 'boolean',
    'context_window': 'string',
    'grouped_by': 'string',
    'uncached_input_tokens': 'bigint',
    'cache_read_tokens': 'bigint',
    'cache_write_5m_tokens': 'bigint',
    'cache_write_30m_tokens': 'bigint',
    'cache_write_1h_tokens': 'bigint',
    'cache_write_12h_tokens': 'bigint',
    'output_tokens': 'bigint',
    'request_count': 'bigint',
    'web_search_count': 'bigint',
    '_source_file': 'string', '_source_row': 'bigint', '_source_item': 'bigint',
} %}

{% for format in var('formats').get('provider_usage', []) %}
select {{ typed_columns(columns) }}
from {{ ref('stg_provider_usage_' ~ format ~ '__buckets') }}
where _reject_reason is null
{{ 'union all' if not loop.last }}
{% else %}
select {{ typed_columns(columns, is_empty=true) }}
where 1 = 0
{% endfor %}
