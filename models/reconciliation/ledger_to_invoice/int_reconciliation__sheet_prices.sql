{{ config(materialized='view') }}

{%- set meters = ['input', 'cache_read', 'cache_write_5m', 'cache_write_30m', 'cache_write_1h', 'cache_write_12h', 'output'] %}

{% for meter in meters %}
select
    provider,
    model,
    service_tier,
    '{{ meter }}' as meter,
    effective_from,
    effective_until,
    {{ meter }}_usd as usd_per_token
from {{ ref('int_prices__in_force') }}
where above_context_tokens = -1 and {{ meter }}_usd is not null
{{ 'union all' if not loop.last }}
{% endfor %}
