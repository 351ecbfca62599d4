{{ config(materialized='view') }}

{%- set columns = {
    'hour_start_at': 'timestamp',
    'pool_id': 'string',
    'node_id': 'string',
    'gpu_id': 'string',
    'gpu_model': 'string',
    'is_allocated': 'boolean',
    'utilization_share': 'decimal(9, 6)',
    'memory_used_share': 'decimal(9, 6)',
    'running_requests': 'bigint',
    'tokens': 'bigint',
    'team_id': 'string',
    'job_id': 'string',
    'sample_count': 'bigint',
    'expected_sample_count': 'bigint',
    '_source_file': 'string',
    '_source_row': 'bigint',
} %}

{% for format in var('formats').get('gpu_usage', []) %}
select
    {{ typed_columns(columns) }}
from {{ ref('stg_gpu_usage_' ~ format ~ '__hours') }}
where _reject_reason is null
{% if not loop.last %}
union all
{% endif %}
{% else %}
select
    {{ typed_columns(columns, is_empty=true) }}
where 1 = 0
{% endfor %}
