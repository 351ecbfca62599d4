{#
    The part of an amount that a weight has in a total, to twelve decimals. The parts add up to the amount but
    for a millionth of a cent or so: give what is left to one of them.
#}
{% macro charged_part(amount, weight, total) -%}
    cast({{ amount }} * cast(({{ weight }}) / nullif({{ total }}, 0) as decimal(18, 12)) as decimal(38, 12))
{%- endmacro %}
