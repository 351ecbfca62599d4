{# A count of units at USD per unit, exact; nothing where there is no rate. Counts stay below 10^16. #}
{% macro amount(units, rate) -%}
    cast({{ units }} as decimal(16, 0)) * coalesce({{ rate }}, 0)
{%- endmacro %}
