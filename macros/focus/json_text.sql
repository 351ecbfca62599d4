{#
    A text as JSON writes it: quoted, with quotes and backslashes escaped; a tab or line break becomes a space. The
    backslash is character 92, because Spark reads one in a literal as an escape.
#}
{% macro json_text(value) -%}
    '"' || replace(
        replace(translate({{ value }}, chr(9) || chr(10) || chr(13), '   '), chr(92), chr(92) || chr(92)), '"', chr(92) || '"'
    ) || '"'
{%- endmacro %}
