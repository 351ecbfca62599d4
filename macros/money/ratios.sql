{# A share or other ratio of two amounts, to six decimals; null when there is nothing to divide by, or a billionth of it. #}
{% macro share(part, whole) -%}
    case
        when abs(({{ part }}) / nullif({{ whole }}, 0)) < 1000000000
            then cast(({{ part }}) / nullif({{ whole }}, 0) as decimal(18, 6))
    end
{%- endmacro %}

{# An amount per unit, in money decimals; null when there are no units, or so few that one costs a million. #}
{% macro per_unit(amount, units) -%}
    case
        when abs(({{ amount }}) / nullif({{ units }}, 0)) < 1000000
            then cast(({{ amount }}) / nullif({{ units }}, 0) as decimal(18, 12))
    end
{%- endmacro %}

{# How far an amount is off, either way, as a share of the bill. A cent or more against a bill of nothing is all of it (1). #}
{% macro gate_share(amount, billed) -%}
    coalesce(abs({{ share(amount, billed) }}), case when abs({{ amount }}) >= 0.01 then 1 end)
{%- endmacro %}
