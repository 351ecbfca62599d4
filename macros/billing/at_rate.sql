{# An amount in USD at a rate of the seed fx_rates, to the twelfth decimal. #}
{% macro at_rate(amount, usd_per_unit) -%}
    cast({{ amount }} * {{ usd_per_unit }} as decimal(38, 12))
{%- endmacro %}
