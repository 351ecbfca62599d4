{{ config(materialized='view') }}

{%- set columns = {
    'hour_start_at': 'timestamp',
    'pool_id': 'string',
    'node_id': 'string', 'gpu_id': 'string', 'gpu_part': 'string',
    'gpu_model': 'string',
    'cluster_id': 'string', 'namespace': 'string', 'node_pool': 'string',
    'is_allocated': 'boolean',
    'measure': 'string',
    'utilization_share': 'decimal(9, 6)', 'memory_used_share': 'decimal(9, 6)', 'memory_mib': 'decimal(18, 6)',
    'running_requests': 'bigint', 'tokens': 'bigint',
    'team_id': 'string', 'job_id': 'string',
    'sample_count': 'bigint', 'expected_sample_count': 'bigint',
    'gpu_count': 'decimal(18, 6)',
    'is_physical_gpu': 'boolean',
    'reported_cost_usd': 'decimal(38, 12)',
    '_source_file': 'string', '_source_row': 'bigint',
} %}

{% for format in var('formats').get('gpu_usage', []) %}
select
    cast('{{ format }}' as string) as source,
    {{ typed_columns(columns) }}
from {{ ref('stg_gpu_usage_' ~ format ~ '__hours') }}
-- An allocation without a GPU (most of a cluster's) stands for no GPU hour.
where _reject_reason is null and gpu_count > 0
{{ 'union all' if not loop.last }}
{% else %}
select
    cast(null as string) as source,
    {{ typed_columns(columns, is_empty=true) }}
where 1 = 0
{% endfor %}
