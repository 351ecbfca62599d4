{# A list or object as Python prints it ({'name': None}) as JSON text; no JSON where a text in it holds a quote. #}
{% macro python_as_json(field) -%}
    replace(replace(replace(replace({{ field }}, '''', '"'), ': None', ': null'), ': True', ': true'), ': False', ': false')
{%- endmacro %}

{# A list of {key, value} as a JSON object, as text; an empty object when there is none. #}
{% macro labels_as_json(labels) -%}
    '{' || coalesce(array_to_string(list_transform(
        list_filter(
            {{ labels }},
            lambda label: struct_extract(label, 'key') is not null and struct_extract(label, 'value') is not null
        ),
        lambda label: to_json(struct_extract(label, 'key')) || ':' || to_json(struct_extract(label, 'value'))
    ), ','), '') || '}'
{%- endmacro %}
