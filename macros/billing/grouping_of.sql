{#
    A grouping as text that sorts by fineness: how many dimensions, then which. grouped_by is a comma list, null when the
    report was not grouped.
#}
{% macro grouping_of(grouped_by) -%}
    case
        when {{ grouped_by }} is null or {{ grouped_by }} = '' then '0'
        else cast(1 + length({{ grouped_by }}) - length(replace({{ grouped_by }}, ',', '')) as string) || ':' || {{ grouped_by }}
    end
{%- endmacro %}
