{#
    What a caller says about itself in free metadata: the first of the names that the variable caller_names lists for the
    column and that one of these JSON objects (text) has as key. Null when none has it; a text that is no JSON has none.

    column: a key of the variable caller_names. metadata: a column of JSON text, or a list of them, the first wins.
#}
{% macro caller_said(column, metadata) -%}
    {%- set paths = [] -%}
    {%- for name in var('caller_names')[column] -%}{%- do paths.append("'$.\"" ~ name ~ "\"'") -%}{%- endfor -%}
    coalesce(
        {%- for text in ([metadata] if metadata is string else metadata) %}
        {{ trimmed(
            "list_filter(try(json_extract_string(" ~ text ~ ", [" ~ paths | join(', ') ~ "])), lambda said: "
            ~ name_or_null('said') ~ " is not null)[1]"
        ) }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#
    What a caller says about itself under all names of these columns, as a list, from one look at a JSON object (text): see
    caller_said_of.
#}
{% macro caller_values(columns, metadata) -%}
    {%- set paths = [] -%}
    {%- for column in columns -%}
        {%- for name in var('caller_names')[column] -%}{%- do paths.append("'$.\"" ~ name ~ "\"'") -%}{%- endfor -%}
    {%- endfor -%}
    try(json_extract_string({{ metadata }}, [{{ paths | join(', ') }}]))
{%- endmacro %}

{# The first of the column's names that the lists say anything under; values: lists that caller_values made of these columns. #}
{% macro caller_said_of(column, columns, values) -%}
    {%- set before = [] -%}
    {%- for other in columns[:columns.index(column)] -%}{%- do before.extend(var('caller_names')[other]) -%}{%- endfor -%}
    coalesce(
        {%- for list in values %}
        {%- set outer = loop %}
        {%- for name in var('caller_names')[column] -%}
        nullif({{ list }}[{{ before | length + loop.index }}], ''){{ ', ' if not (loop.last and outer.last) }}
        {%- endfor %}
        {%- endfor %}
    )
{%- endmacro %}
