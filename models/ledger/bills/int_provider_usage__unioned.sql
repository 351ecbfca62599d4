{{ config(materialized='view') }}

-- As in the ledger, a class that the source does not tell apart is inside the uncached input: nothing is left over for it.
{% for format in var('formats').get('provider_usage', []) %}
select
    {%- for column in bucket_columns() %}
    {% if column.startswith('cache_') -%}
    case when uncached_input_tokens is not null then coalesce({{ column }}, 0) end as {{ column }}
    {%- else %}{{ column }}{% endif %}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('stg_provider_usage_' ~ format ~ '__buckets') }}
where _reject_reason is null
{{ 'union all' if not loop.last }}
{% else %}
select {{ typed_columns(bucket_columns(), is_empty=true) }}
where 1 = 0
{% endfor %}
