{# A share or other ratio of two amounts, to six decimals; null when there is nothing to divide by. #}
{% macro share(part, whole) -%}
    cast(({{ part }}) / nullif({{ whole }}, 0) as decimal(18, 6))
{%- endmacro %}

{# An amount per unit, in money decimals; null when there are no units. #}
{% macro per_unit(amount, units) -%}
    cast(({{ amount }}) / nullif({{ units }}, 0) as decimal(18, 12))
{%- endmacro %}
