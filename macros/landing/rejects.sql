{#
    Checks of one record, in order: the first that fails is the reject's reason, null when all hold.
    checks: list of [condition that must not be true, reason as SQL text].
#}
{% macro reject_reason(checks) -%}
    case
        when _unreadable is not null then _unreadable
        {%- for condition, reason in checks %}
        when {{ condition }} then {{ reason }}
        {%- endfor %}
    end
{%- endmacro %}

{#
    A text field that says something, but not a value of the type. A time must lie between the years 2000 and 2100: any
    other ('infinity', milliseconds read as seconds) is damage, and date arithmetic on it would stop the build.
#}
{% macro is_mistyped(field, type) -%}
    {%- if type in ['date', 'timestamptz'] -%}
        {{ field }} is not null and {{ bounded_time(field, type) }} is null
    {%- else -%}
        {{ field }} is not null and try_cast({{ field }} as {{ type }}) is null
    {%- endif -%}
{%- endmacro %}

{# A text field as date or timestamptz; null when it is none between the years 2000 and 2100. #}
{% macro bounded_time(field, type) -%}
    case
        when try_cast({{ field }} as {{ type }}) between cast('2000-01-01' as {{ type }}) and cast('2100-01-01' as {{ type }})
            then try_cast({{ field }} as {{ type }})
    end
{%- endmacro %}

{# Checks that each of these fields, where it is given, is a whole number from zero to 10^15 (more is a damaged value). #}
{% macro count_checks(fields) %}
    {%- set checks = [] -%}
    {%- for field in fields -%}
        {%- do checks.append([
            is_mistyped(field, 'bigint'), "'" ~ field ~ " is not a whole number: ' || left(" ~ field ~ ", 40)"
        ]) -%}
        {%- do checks.append([
            "try_cast(" ~ field ~ " as bigint) < 0", "'" ~ field ~ " is negative: ' || left(" ~ field ~ ", 40)"
        ]) -%}
        {%- do checks.append([
            "try_cast(" ~ field ~ " as bigint) > 1000000000000000", "'" ~ field ~ " is too large: ' || left(" ~ field ~ ", 40)"
        ]) -%}
    {%- endfor -%}
    {{ return(checks) }}
{% endmacro %}

{# A count as bigint; null when it is no such count (count_checks then rejects the record), so that sums never overflow. #}
{% macro count(field) -%}
    case when try_cast({{ field }} as bigint) between 0 and 1000000000000000 then try_cast({{ field }} as bigint) end
{%- endmacro %}

{# Checks that each of these fields is given. The reason lists what the record has, which names a changed csv header. #}
{% macro required_checks(fields) %}
    {%- set checks = [] -%}
    {%- for field in fields -%}
        {%- do checks.append([
            field ~ " is null",
            "'required field " ~ field ~ " is missing; the record has ' || " ~ field_names()
        ]) -%}
    {%- endfor -%}
    {{ return(checks) }}
{% endmacro %}

{# Checks that each of these fields, where it is given, reads as the type. words: what the reader is told. #}
{% macro type_checks(fields, type, words) %}
    {%- set checks = [] -%}
    {%- for field in fields -%}
        {%- do checks.append([is_mistyped(field, type), "'" ~ field ~ " is not " ~ words ~ ": ' || left(" ~ field ~ ", 40)"]) -%}
    {%- endfor -%}
    {{ return(checks) }}
{% endmacro %}

{# An ISO 8601 time with its zone, or UTC when it names none, as UTC timestamp. #}
{% macro utc(field) -%}
    cast(timezone('UTC', {{ bounded_time(field, 'timestamptz') }}) as timestamp)
{%- endmacro %}

{#
    The record as it was delivered. The csv and Parquet readers add the file's path, and null for each column that only
    other files have: a reject must not depend on where the landing zone is, nor on what is read beside it.
#}
{% macro as_delivered() -%}
    case
        when json_valid(_record) and contains(_record, '"filename":')
            then cast(json_merge_patch('{}', _record, '{"filename": null, "file_row_number": null}') as string)
        else _record
    end
{%- endmacro %}

{# The names of the fields that a record has, as text for its reason. #}
{% macro field_names() -%}
    left(array_to_string(json_keys({{ as_delivered() }}), ', '), 200)
{%- endmacro %}

{# The text that a reject keeps. Records that may hold prompt text keep their length only. #}
{% macro rejected_text(may_hold_prompts) -%}
    {%- if may_hold_prompts -%}
        case
            when _reject_reason is not null
                then '[withheld: ' || length({{ as_delivered() }}) || ' characters that may hold prompt text]'
        end
    {%- else -%}
        case when _reject_reason is not null then left({{ as_delivered() }}, 1000) end
    {%- endif -%}
{%- endmacro %}
