select
    {%- for meter in meters('token') %}
    cast(sum({{ meter.meter }}_used) as bigint) as {{ meter.meter }}_used,
    {%- endfor %}
    {{ usage_keys() | join(',\n    ') }}
from {{ ref('int_focus_usage__attempts') }}
group by
    {{ usage_keys() | join(',\n    ') }}
