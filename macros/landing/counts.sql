{# The first of these counts that is given. #}
{% macro first_count(names) -%}
    coalesce({% for name in names %}{{ count(name) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{# The largest of these counts, which stand for one thing under several names; null when none is given. #}
{% macro largest_count(names) -%}
    greatest({% for name in names %}{{ count(name) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{#
    A count as text, summed over those objects of a JSON list (text) whose field has this value: of
    [{"ttl": "1h", "inputTokens": 5}, ...] the inputTokens of ttl 1h. Null when there is none.
#}
{% macro sum_of_parts(list, field, value, number) -%}
    cast(list_sum(list_transform(
        list_filter(
            json_extract(case when json_valid({{ list }}) then {{ list }} end, '$[*]'),
            lambda part: json_extract_string(part, '$.{{ field }}') = '{{ value }}'
        ),
        lambda part: try_cast(json_extract_string(part, '$.{{ number }}') as bigint)
    )) as varchar)
{%- endmacro %}

{# A JSON object (text) as it is; null when the text is none. #}
{% macro json_object_or_null(field) -%}
    case when json_type(case when json_valid({{ field }}) then {{ field }} end) = 'OBJECT' then {{ field }} end
{%- endmacro %}
