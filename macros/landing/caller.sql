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
