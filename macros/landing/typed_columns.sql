{# A select list that casts each column to its type; columns: name to type. is_empty: nulls of these types instead. #}
{% macro typed_columns(columns, is_empty=false) -%}
    {%- for name, type in columns.items() -%}
        cast({{ 'null' if is_empty else name }} as {{ type }}) as {{ name }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# The rows of these relations with all these columns, each cast to its type: a column that a relation lacks is null. #}
{% macro with_columns(columns, relations) -%}
    select
        {{ typed_columns(columns) }}
    from (
        select {{ typed_columns(columns, is_empty=true) }} where false
        {%- for relation in relations %}
        union all by name
        select * from {{ relation }}
        {%- endfor %}
    )
{%- endmacro %}
