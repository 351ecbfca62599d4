{{ config(materialized='view') }}

{%- set columns = {
    'job_id': 'string',
    'pool_id': 'string',
    'cluster_id': 'string',
    'partition_id': 'string',
    'node_id': 'string',
    'team_id': 'string',
    'user_id': 'string',
    'state': 'string',
    'submitted_at': 'timestamp', 'started_at': 'timestamp', 'ended_at': 'timestamp',
    'gpu_count': 'bigint',
    'gpu_model': 'string',
    'time_limit_hours': 'decimal(18, 6)',
    'has_auto_stop': 'boolean',
    'tells_progress': 'boolean',
    'last_progress_at': 'timestamp',
    '_source_file': 'string', '_source_row': 'bigint',
} %}

{% for format in var('formats').get('gpu_jobs', []) %}
select
    cast('{{ format }}' as string) as source,
    {{ typed_columns(columns) }}
from {{ ref('stg_gpu_jobs_' ~ format ~ '__jobs') }}
-- A scheduler also lists jobs without a GPU, and the steps of a job.
where _reject_reason is null and gpu_count > 0
{{ 'union all' if not loop.last }}
{% else %}
select
    cast(null as string) as source,
    {{ typed_columns(columns, is_empty=true) }}
where 1 = 0
{% endfor %}
