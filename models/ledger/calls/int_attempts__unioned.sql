{{ config(materialized='view') }}

{% for format in var('formats').get('gateway_traces', []) %}
select
    {{ request_columns().keys() | join(',\n    ') }},
    {{ loop.index }} as gateway_rank
from {{ ref('stg_gateway_traces_' ~ format ~ '__requests') }}
where _reject_reason is null
{% if not loop.last %}
union all
{% endif %}
{% else %}
select
    {{ typed_columns(request_columns(), is_empty=true) }},
    0 as gateway_rank
where 1 = 0
{% endfor %}
