{# A select list that casts each column to its type; columns: name to type. is_empty: nulls of these types instead. #}
{% macro typed_columns(columns, is_empty=false) -%}
    {%- for name, type in columns.items() -%}
        cast({{ 'null' if is_empty else name }} as {{ type }}) as {{ name }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
