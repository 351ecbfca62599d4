{# An amount in USD at a rate of the seed fx_rates, to the twelfth decimal. Both fit: amounts are below 10^12. #}
{% macro at_rate(amount, usd_per_unit) -%}
    cast(cast({{ amount }} as decimal(22, 10)) * cast({{ usd_per_unit }} as decimal(16, 12)) as decimal(38, 12))
{%- endmacro %}
