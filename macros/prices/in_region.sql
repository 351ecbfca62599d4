{# A price per token where the request ran, as the ledger rounds it; 0 when there is none. #}
{% macro in_region(price) -%}
    coalesce(cast({{ price }} * attempts.region_multiplier as decimal(18, 12)), 0)
{%- endmacro %}
