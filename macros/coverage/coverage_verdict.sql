{#
    The coverage band. Half-open, so that 0.40, 0.70 and 0.90 each have one:
    critical < 0.40 <= at_risk < 0.70 <= healthy <= 0.90 < governed.
#}
{% macro coverage_verdict(coverage_share) -%}
    case
        when {{ coverage_share }} is null then 'no_invoice'
        when {{ coverage_share }} < 0.40 then 'critical'
        when {{ coverage_share }} < 0.70 then 'at_risk'
        when {{ coverage_share }} <= 0.90 then 'healthy'
        else 'governed'
    end
{%- endmacro %}
