{#
    Checks of one record, in order: the first that fails is the reject's reason, null when all hold.
    checks: list of [condition that must not be true, reason as SQL text].
    The checks of a format that may hold prompts quote nothing of the record: a misplaced field may be prompt text.
#}
{% macro reject_reason(checks) -%}
    {%- set reason -%}
    case
        when _unreadable is not null then _unreadable
        {%- for condition, reason in checks %}
        when {{ condition }} then {{ reason }}
        {%- endfor %}
    end
    {%- endset -%}
    {{ masked(reason) }}
{%- endmacro %}

{# What a check's reason quotes of the field: its first characters, or nothing where it may hold prompt text. #}
{% macro quoted(field, may_hold_prompts=false) -%}
    {%- if not may_hold_prompts %} || ': ' || left({{ masked(field) }}, 40){% endif -%}
{%- endmacro %}

{#
    A name or id, trimmed; null when it is blank or one of the words that a program writes for nothing. A literal 'null' or
    'None' would otherwise be a team.

    A list and not `in`: DuckDB 1.5.6 makes a hash join over all rows of an `in` of six constants, inside a case too.
#}
{% macro name_or_null(field) -%}
    case
        when not list_contains(['', 'null', 'none', 'nan', 'undefined', 'n/a'], lower({{ trimmed(field) }}))
            then {{ trimmed(field) }}
    end
{%- endmacro %}

{# The first of these fields that is a name or id. #}
{% macro first_name(fields) -%}
    coalesce({% for field in fields %}{{ name_or_null(field) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{# A text field without white space at its ends. #}
{% macro trimmed(field) -%}
    trim({{ field }}, e' \t\n\r')
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

{# Checks that each of these fields, where it is given, is a whole number from zero to the limit (more is a damaged value). #}
{% macro count_checks(fields, limit=1000000000000000, may_hold_prompts=false, read=none) %}
    {%- set checks = [] -%}
    {%- for field in fields -%}
        {%- set number = field ~ read if read else "try_cast(" ~ field ~ " as bigint)" -%}
        {%- do checks.append([
            field ~ " is not null and coalesce(" ~ number ~ " not between 0 and " ~ limit ~ ", true)",
            "'" ~ field ~ "' || case when try_cast(" ~ field ~ " as bigint) < 0 then ' is negative' when try_cast(" ~ field
            ~ " as bigint) > 0 then ' is too large' else ' is not a whole number' end" ~ quoted(field, may_hold_prompts)
        ]) -%}
    {%- endfor -%}
    {{ return(checks) }}
{% endmacro %}

{# A count as bigint; null when it is no such count (count_checks then rejects the record), so that sums never overflow. #}
{% macro count(field) -%}
    case when try_cast({{ field }} as bigint) between 0 and 1000000000000000 then try_cast({{ field }} as bigint) end
{%- endmacro %}

{#
    Checks that each of these fields is given and not blank. The reason lists what the record has, which names a changed csv
    header; known: see field_names.
#}
{% macro required_checks(fields, known=none) %}
    {%- set checks = [] -%}
    {%- for field in fields -%}
        {%- do checks.append([
            "(" ~ field ~ " is null or " ~ trimmed(field) ~ " = '')",
            "'required field " ~ field ~ " is missing; the record has ' || " ~ field_names(known)
        ]) -%}
    {%- endfor -%}
    {{ return(checks) }}
{% endmacro %}

{# Checks that each of these fields, where it is given, reads as the type. words: what the reader is told. #}
{% macro type_checks(fields, type, words, may_hold_prompts=false) %}
    {%- set checks = [] -%}
    {%- for field in fields -%}
        {%- do checks.append([
            is_mistyped(field, type), "'" ~ field ~ " is not " ~ words ~ "'" ~ quoted(field, may_hold_prompts)
        ]) -%}
    {%- endfor -%}
    {{ return(checks) }}
{% endmacro %}

{# Checks that each of these fields of a trace, where it is given, is a cost of one request in USD: zero to 100,000. #}
{% macro request_cost_checks(fields) %}
    {%- set checks = [] -%}
    {%- for field in fields -%}
        {%- set amount = "try_cast(" ~ field ~ " as decimal(18, 12))" -%}
        {%- do checks.append([
            field ~ " is not null and coalesce(" ~ amount ~ " not between 0 and 100000, true)",
            "'" ~ field ~ "' || case when " ~ amount ~ " < 0 then ' is negative' when " ~ amount
            ~ " > 0 then ' is above 100000 USD' else ' is not a number' end"
        ]) -%}
    {%- endfor -%}
    {{ return(checks) }}
{% endmacro %}

{# Checks that each of these fields of a bill, where it is given, is an amount of money: below 10^12 either way. #}
{% macro amount_checks(fields) %}
    {%- set checks = type_checks(fields, 'decimal(38, 12)', 'a number') -%}
    {%- for field in fields -%}
        {%- do checks.append([
            "abs(try_cast(" ~ field ~ " as decimal(38, 12))) >= 1000000000000", "'" ~ field ~ " is too large'" ~ quoted(field)
        ]) -%}
    {%- endfor -%}
    {{ return(checks) }}
{% endmacro %}

{# An ISO 8601 time with its zone, or UTC when it names none, as UTC timestamp. #}
{% macro utc(field) -%}
    cast(timezone('UTC', {{ bounded_time(field, 'timestamptz') }}) as timestamp)
{%- endmacro %}

{#
    The record as it was delivered. The csv and Parquet readers add the file's path: a reject must not depend on where the
    landing zone is.
#}
{% macro as_delivered(record='_record') -%}
    case
        when json_valid({{ record }}) and contains({{ record }}, '"filename":')
            then cast(json_merge_patch('{}', {{ record }}, '{"filename": null, "file_row_number": null}') as string)
        else {{ record }}
    end
{%- endmacro %}

{#
    The names of the fields that a record has, as text for its reason. What landed_records reads has no text yet: the names
    that may be told stand behind a byte 1, and the materialization `landed` puts the record's own in their place.

    known: the format's fields (name to JSON path), where a record may hold prompts: only they are named.
#}
{% macro field_names(known=none) -%}
    {%- set names = [] -%}
    {%- for path in (known or {}).values() -%}{%- do names.append(json_key(path)[0] | lower) -%}{%- endfor -%}
    {%- set names = names | unique | join(',') -%}
    {%- if 'landed_records(' in model.raw_code -%}
        chr(1) || '{{ names }}'
    {%- else -%}
        {{ field_names_of("'" ~ names ~ "'", known is not none, '_record') }}
    {%- endif -%}
{%- endmacro %}

{#
    The names of a record's fields as text.
    known: the names that may be told, in any case, as SQL text with commas. Where the record may hold prompts the others
    are counted, since the first row of a csv without its header stands for names.
#}
{% macro field_names_of(known="''", may_hold_prompts=false, record='texts._record') -%}
    {%- if not may_hold_prompts -%}
        left({{ masked("array_to_string(json_keys(" ~ as_delivered(record) ~ "), ', ')") }}, 200)
    {%- else -%}
        {%- set keys = "json_keys(" ~ as_delivered(record) ~ ")" -%}
        {%- set told = "list_filter(" ~ keys ~ ", lambda name: list_contains(split(" ~ known ~ ", ','), lower(name)))" -%}
        array_to_string(
            list_append({{ told }}, len({{ keys }}) - len({{ told }}) || ' fields of other names'), ', '
        )
    {%- endif -%}
{%- endmacro %}

{# The text that a reject keeps, without addresses and keys. Records that may hold prompt text keep their length only. #}
{% macro rejected_text(may_hold_prompts) -%}
    case when _reject_reason is not null then {{ text_kept_of('_record', may_hold_prompts) }} end
{%- endmacro %}

{# What a reject keeps of this text of a record. #}
{% macro text_kept_of(record, may_hold_prompts) -%}
    {%- if may_hold_prompts -%}
        '[withheld: ' || length({{ as_delivered(record) }}) || ' characters that may hold prompt text]'
    {%- else -%}
        left({{ masked(as_delivered(record)) }}, 1000)
    {%- endif -%}
{%- endmacro %}
