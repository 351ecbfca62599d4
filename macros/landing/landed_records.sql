{#
    The records of one format's new files, as a relation to select from: one row per record, each field as text. A record
    is read typed, by the names of its fields; its number in the file and, of a reject, its text are added once it is
    staged (the materialization `landed`). Use landed_texts where a record becomes several rows or its whole text is needed.

    entity, format: the folder below landing/.
    fields:         column name to JSON path. A column of a csv or Parquet file is '$.column'. Names match with their case,
                    in every file type: a column Timestamp is not the field timestamp. A nested field may stand in an object
                    or in the JSON text of one.

    Beside the fields: _unreadable (why the record could not be read, else null; see unread), _unreadable_<key> (the key of
    nested fields holds no JSON), _record (null: only
    landed_texts has it), account_id, _source_file, _source_row, _file_version.

    Files are read together by layout (csv: delimiter, line end and header; Parquet: schema), so that no file changes how
    another is read. A file is read once: those whose version is already in the calling model are left out.
#}
{% macro landed_records(entity, format, fields) %}
    {%- set files = new_files(entity, format) -%}
    {%- set keys = {} -%}
    {%- for name, path in fields.items() -%}
        {%- set key, rest = json_key(path) -%}
        {%- do keys.setdefault(key, []).append({'name': name, 'path': '$' ~ rest if rest else ''}) -%}
    {%- endfor -%}
    (
        with

        found as (
            {%- set reads = [] %}
            {%- for reader in ['jsonl', 'csv', 'parquet'] %}
                {%- for layout, group in files | selectattr('reader', 'equalto', reader) | list | groupby('layout') %}
                    {%- do reads.append(records_by_name(reader, group, keys)) %}
                {%- endfor %}
            {%- endfor %}
            {{ (reads or [records_by_name('none', [], keys)]) | join('\n            union all\n            ') }}
        ),

        opened as (
            select
                *
                {%- for key, parts in keys.items() %}
                {%- set paths = parts | map(attribute='path') | select | list %}
                {%- if paths %},
                try(json_extract_string(key_{{ loop.index }}, ['{{ paths | join("', '") }}'])) as parts_{{ loop.index }}
                {%- endif %}
                {%- endfor %}
            from found
        )

        select
            {%- for key, parts in keys.items() %}
            {%- set number = loop.index %}
            {%- set nested = parts | selectattr('path') | list %}
            {%- for part in parts if not part.path %}
            nullif(opened.key_{{ number }}, '') as {{ part.name }},
            {%- endfor %}
            {%- for part in nested %}
            nullif(opened.parts_{{ number }}[{{ loop.index }}], '') as {{ part.name }},
            {%- endfor %}
            {%- if nested %}
            opened.key_{{ number }} is not null and opened.parts_{{ number }} is null as _unreadable_{{ key }},
            {%- endif %}
            {%- endfor %}
            case
                when {{ is_copy() }} and opened._unreadable is not null then opened._unreadable
                when coalesce({% for key in keys %}opened.key_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}) is null
                    then {{ unread() }}
            end as _unreadable,
            cast(null as varchar) as _record,
            files.account_id,
            files.file_id as _source_file,
            opened._source_row,
            {{ version_as_read() }} as _file_version
        from opened
        inner join {{ ref('stg_landing__files') }} as files on opened.read_path = files.read_path
        where files.entity = '{{ entity }}' and files.format = '{{ format }}'
    )
{% endmacro %}

{#
    SQL that reads one group of files by the names of their fields: read_path, _source_row (Parquet tells it), _unreadable,
    and key_1 to key_n as text, null where a file has no such field.
#}
{% macro records_by_name(reader, files, keys) -%}
    {%- set columns = [] -%}
    {%- if reader == 'jsonl' -%}
        {%- set types = ["'_unreadable': 'VARCHAR'"] -%}
        {%- for key in keys -%}
            {%- do types.append("'" ~ key | replace("'", "''") ~ "': 'VARCHAR'") -%}
            {%- do columns.append('"' ~ key ~ '" as key_' ~ loop.index) -%}
        {%- endfor -%}
        select
            filename as read_path,
            cast(null as bigint) as _source_row,
            _unreadable,
            {{ columns | join(', ') }}
        from read_json(
            {{ read_paths(files) }}, format = 'newline_delimited', columns = { {{ types | join(', ') }} },
            ignore_errors = true, filename = true, maximum_object_size = 33554432
        )
    {%- elif reader == 'none' -%}
        select
            '' as read_path, cast(null as bigint) as _source_row, '' as _unreadable
            {%- for key in keys %}, '' as key_{{ loop.index }}{% endfor %}
        where false
    {%- else -%}
        {%- set source -%}
            {%- if reader == 'parquet' -%}
                read_parquet({{ read_paths(files) }}, filename = true, file_row_number = true)
            {%- else -%}
                {{ read_csv_texts(files) }}
            {%- endif -%}
        {%- endset -%}
        {%- set found = {} -%}
        {%- for row in run_query('describe select * from ' ~ source.replace(read_paths(files), read_paths(files[:1]))) -%}
            {%- do found.update({row[0]: row[1]}) -%}
        {%- endfor -%}
        {%- for key in keys -%}
            {%- set type = found.get(key) -%}
            {%- set column = 'records."' ~ key ~ '"' -%}
            {%- if type is none -%}
                {%- set column = 'null' -%}
            {%- elif '(' in type and not type.startswith('DECIMAL') or type.endswith(']') or type == 'BLOB' -%}
                {%- set column = "json_extract_string(to_json(" ~ column ~ "), '$')" -%}
            {%- endif -%}
            {%- do columns.append('cast(' ~ column ~ ' as varchar) as key_' ~ loop.index) -%}
        {%- endfor -%}
        select
            records.filename as read_path,
            {{ 'records.file_row_number + 1' if reader == 'parquet' else 'cast(null as bigint)' }} as _source_row,
            cast(null as varchar) as _unreadable,
            {{ columns | join(', ') }}
        from {{ source }} as records
    {%- endif -%}
{%- endmacro %}

{# What stands for a record of which no field was found: no JSON object, or one of other fields. `landed` finds out which. #}
{% macro unread() -%}
    chr(2)
{%- endmacro %}

{#
    Whether a file of the registry is read from its copy. Only there do markers stand, {"_unreadable": reason}, for records
    that cannot be read; a blank line has no reason.
#}
{% macro is_copy() -%}
    ends_with(files.read_path, files.file_version || '.jsonl')
{%- endmacro %}

{# The first key of a JSON path and what follows it: '$.a.b' is ['a', '.b'], '$."a.b"' is ['a.b', '']. #}
{% macro json_key(path) %}
    {%- set match = modules.re.match('^[$][.](?:"([^"]*)"|([^.\\[]+))(.*)$', path) -%}
    {{ return([match.group(1) or match.group(2), match.group(3)]) }}
{% endmacro %}

{# The paths of these files of the registry, as SQL list. #}
{% macro read_paths(files) -%}
    ['{{ files | map(attribute='read_path') | map('replace', "'", "''") | join("', '") }}']
{%- endmacro %}

{#
    These csv files of one layout, all fields as text. The header is line 1. The registry hands over only files in which
    every record is one line, and which it read to their end with these options.
#}
{% macro read_csv_texts(files) -%}
    read_csv(
        {{ read_paths(files) }}, delim = '{{ files[0].delimiter }}', quote = '"', escape = '"', header = true,
        all_varchar = true, comment = '', skip = 0, filename = true, sample_size = 1, max_line_size = 33554432
    )
{%- endmacro %}

{#
    The records of one format's new files as whole JSON texts (_record), beside each field as text: for formats in which a
    record becomes several rows. The columns are those of landed_records, with _source_row: the line in the file (in Parquet
    and in an array of JSON documents the record's number).
#}
{% macro landed_texts(entity, format, fields) %}
    (
        with

        numbered as materialized (
            {{ record_lines(new_files(entity, format)) }}
        ),

        first_rows as (
            select
                read_path,
                min(row_in_scan) - min(first_row) as before_first
            from numbered
            group by read_path
        ),

        checked as (
            select
                numbered.read_path,
                numbered.row_in_scan - first_rows.before_first as _source_row,
                case
                    when json_valid(numbered.line) and json_type(numbered.line) = 'OBJECT' then numbered.line
                end as _record,
                numbered.line
            from numbered
            inner join first_rows on numbered.read_path = first_rows.read_path
            where numbered.line is not null and trim(numbered.line, ' ' || chr(9) || chr(13)) != ''
        ),

        extracted as (
            select
                *,
                json_extract_string(
                    _record, [{% for path in fields.values() %}'{{ path }}', {% endfor %}'$._unreadable']
                ) as _values
            from checked
        )

        select
            {%- for name in fields %}
            nullif(extracted._values[{{ loop.index }}], '') as {{ name }},
            {%- endfor %}
            case
                when extracted._record is null then 'not a JSON object'
                when {{ is_copy() }} then extracted._values[{{ fields | length + 1 }}]
            end as _unreadable,
            coalesce(extracted._record, extracted.line) as _record,
            files.account_id,
            files.file_id as _source_file,
            extracted._source_row,
            {{ version_as_read() }} as _file_version
        from extracted
        inner join {{ ref('stg_landing__files') }} as files on extracted.read_path = files.read_path
        where
            files.entity = '{{ entity }}'
            and files.format = '{{ format }}'
            and not ({{ is_copy() }} and coalesce(extracted._values[{{ fields | length + 1 }}] = '', false))
    )
{% endmacro %}

{#
    SQL that reads files as lines of JSON text, in their order: read_path, row_in_scan (counts through all files), first_row
    (the number of a file's first record), line.
#}
{% macro record_lines(files) -%}
    {%- set reads = [] -%}
    {%- for layout, group in files | selectattr('reader', 'equalto', 'parquet') | list | groupby('layout') -%}
        {%- set read -%}
        select
            filename as read_path, row_number() over () as row_in_scan, 1 as first_row, cast(to_json(records) as varchar) as line
        from read_parquet({{ read_paths(group) }}, filename = true) as records
        {%- endset -%}
        {%- do reads.append(read) -%}
    {%- endfor -%}
    {%- for layout, group in files | selectattr('reader', 'equalto', 'csv') | list | groupby('layout') -%}
        {%- set read -%}
        select
            filename as read_path, row_number() over () as row_in_scan, 2 as first_row, cast(to_json(records) as varchar) as line
        from {{ read_csv_texts(group) }} as records
        {%- endset -%}
        {%- do reads.append(read) -%}
    {%- endfor -%}
    {%- set texts = files | selectattr('reader', 'equalto', 'jsonl') | list -%}
    {%- if texts -%}
        {#- One text column, cut at line ends only: byte 1 occurs in no JSON text. -#}
        {%- set read -%}
        select filename as read_path, row_number() over () as row_in_scan, 1 as first_row, line
        from read_csv(
            {{ read_paths(texts) }}, columns = {'line': 'VARCHAR'}, delim = '{{ "\x01" }}', quote = '', escape = '',
            header = false, auto_detect = false, filename = true, strict_mode = false, max_line_size = 33554432
        )
        {%- endset -%}
        {%- do reads.append(read) -%}
    {%- endif -%}
    {{ (reads or ["select '' as read_path, cast(0 as bigint) as row_in_scan, 1 as first_row, '' as line where false"])
        | join('\nunion all\n') }}
{%- endmacro %}
