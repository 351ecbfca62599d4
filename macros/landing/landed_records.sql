{#
    The records of one format's new files, as a relation to select from: one row per record, each field as text.

    entity, format: the folder below landing/.
    fields:         column name to JSON path. Records of every file type (jsonl, csv, parquet) are read as JSON objects,
                    so a column of a csv is '$.column'. Names match with their case, in every file type: a column
                    Timestamp is not the field timestamp.

    Beside the fields: _record (the whole record, for rejects and nested parts), _unreadable (why the record could not be
    read, else null), account_id, _source_file, _source_row (the line in the file; in Parquet and in an array of JSON
    documents the record's number), _file_version.

    Files are read together by layout (csv: delimiter, line end and header; Parquet: schema), so that no file changes how
    another is read.

    A file is read once: those whose version is already in the calling model are left out.
#}
{% macro landed_records(entity, format, fields) %}
    {%- set files = new_files(entity, format) -%}
    (
        with

        lines as (
            {%- set readers = [] %}
            {%- for reader in ['jsonl', 'csv', 'parquet'] %}
                {%- set of_reader = files | selectattr('reader', 'equalto', reader) | list %}
                {%- for layout, group in of_reader | groupby('layout') %}
                    {%- do readers.append(records_as_json(reader, group[0].delimiter, group)) %}
                {%- endfor %}
            {%- endfor %}
            {%- if not readers %}
                {%- do readers.append("select '' as read_path, cast(0 as bigint) as _source_row, '' as line where false") %}
            {%- endif %}
            {{ readers | join('\n            union all\n            ') }}
        ),

        checked as (
            select
                lines.read_path,
                lines._source_row,
                case when json_valid(lines.line) and json_type(lines.line) = 'OBJECT' then lines.line end as _record,
                lines.line
            from lines
            where lines.line is not null and trim(lines.line, ' ' || chr(9) || chr(13)) != ''
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
                when ends_with(files.read_path, files.file_version || '.jsonl')  -- markers stand in repaired copies only
                    then extracted._values[{{ fields | length + 1 }}]
            end as _unreadable,
            coalesce(extracted._record, extracted.line) as _record,
            files.account_id,
            files.file_id as _source_file,
            extracted._source_row,
            {{ version_as_read() }} as _file_version
        from extracted
        inner join {{ ref('stg_landing__files') }} as files on extracted.read_path = files.read_path
        where files.entity = '{{ entity }}' and files.format = '{{ format }}'
    )
{% endmacro %}

{# SQL that reads one group of files with one reader: read_path, _source_row, line (a JSON object as text). #}
{% macro records_as_json(reader, delimiter, files) -%}
    {%- set paths = "['" ~ (files | map(attribute='read_path') | map('replace', "'", "''") | join("', '")) ~ "']" -%}
    {%- if reader == 'parquet' -%}
        select filename as read_path, file_row_number + 1 as _source_row, cast(to_json(records) as string) as line
        from read_parquet({{ paths }}, filename = true, file_row_number = true) as records
    {%- elif reader == 'csv' -%}
        {#-
            The header is line 1. The registry hands over only files in which every record is one line, and which it read
            to their end with these options.
        -#}
        select read_path, row_in_scan - min(row_in_scan) over (partition by read_path) + 2 as _source_row, line
        from (
            select filename as read_path, row_number() over () as row_in_scan, cast(to_json(records) as string) as line
            from read_csv(
                {{ paths }}, delim = '{{ delimiter }}', quote = '"', escape = '"', header = true, all_varchar = true,
                comment = '', skip = 0, filename = true, sample_size = 1, max_line_size = 33554432
            ) as records
        )
    {%- else -%}
        {#- One text column, cut at line ends only: byte 1 occurs in no JSON text. -#}
        select read_path, row_in_scan - min(row_in_scan) over (partition by read_path) + 1 as _source_row, line
        from (
            select filename as read_path, row_number() over () as row_in_scan, line
            from read_csv(
                {{ paths }}, columns = {'line': 'VARCHAR'}, delim = '{{ "\x01" }}', quote = '', escape = '', header = false,
                auto_detect = false, filename = true, strict_mode = false, max_line_size = 33554432
            )
        )
    {%- endif -%}
{%- endmacro %}

{# The files of a format that the calling model has not read yet, as rows of the registry. #}
{% macro new_files(entity, format) %}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {%- set registry = load_relation(ref('stg_landing__files')) -%}
    {%- if not registry -%}{{ return([]) }}{%- endif -%}
    {%- set seen = load_relation(this) if is_incremental() else none -%}
    {%- set query -%}
        select reader, delimiter, layout, read_path
        from {{ registry }}
        where
            entity = '{{ entity }}'
            and format = '{{ format }}'
            and {{ is_read_file() }}
            {% if seen %}and {{ version_as_read() }} not in (select distinct _file_version from {{ seen }}){% endif %}
        order by file_id
    {%- endset -%}
    {{ return(run_query(query) | list) }}
{% endmacro %}

{#
    A file's version together with that of what reads it: the calling model's code, the project's version, the names that
    callers use and the seed usage_semantics. After a change of any of them the format's files are read again.
#}
{% macro version_as_read() -%}
    {%- set readers = [model.raw_code, var('project_version'), var('caller_names') | tojson] -%}
    {%- if execute -%}
        {%- do readers.append((graph.nodes.values() | selectattr('name', 'equalto', 'usage_semantics') | first).checksum) -%}
    {%- endif -%}
    file_version || '-{{ local_md5(readers | join(' ')) [:8] }}'
{%- endmacro %}

{# The files of the registry whose records belong in the warehouse. #}
{% macro is_read_file() -%}
    (status in ('ok', 'repaired', 'unreadable') and superseded_by is null and {{ is_enabled_format() }})
{%- endmacro %}

{# A file in the folder of a format that the company has enabled (the variable `formats`). #}
{% macro is_enabled_format() -%}
    entity || '/' || format in ('' {%- for each in format_models() %}, '{{ each.entity }}/{{ each.format }}'{% endfor %})
{%- endmacro %}

{# Pre-hook of each staging model: rows of a replaced, removed or duplicate file leave before its new version is read. #}
{% macro forget_replaced_files() %}
    {%- if execute and is_incremental() -%}
        delete from {{ this }}
        where _file_version not in (
            select {{ version_as_read() }} from {{ ref('stg_landing__files') }} where {{ is_read_file() }}
        )
    {%- endif -%}
{% endmacro %}
