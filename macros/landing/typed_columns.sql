{# A select list that casts each column to its type; columns: name to type. is_empty: nulls of these types instead. #}
{% macro typed_columns(columns, is_empty=false) -%}
    {%- for name, type in columns.items() -%}
        cast({{ 'null' if is_empty else name }} as {{ type }}) as {{ name }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# The rows of a relation with all these columns, each cast to its type: a column that it lacks is null. #}
{% macro with_columns(columns, relation) -%}
    select
        {{ typed_columns(columns) }}
    from (
        select {{ typed_columns(columns, is_empty=true) }} where false
        union all by name
        select * from {{ relation }}
    )
{%- endmacro %}
