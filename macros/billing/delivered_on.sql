{#
    The day of the folder delivered=YYYY-MM-DD that a file lies in, as text that sorts; empty when its path names none, which
    sorts first.
#}
{% macro delivered_on(file) -%}
    case
        when {{ file }} like '%/delivered=____-__-__/%' then substring({{ file }}, instr({{ file }}, '/delivered=') + 11, 10)
        else ''
    end
{%- endmacro %}
