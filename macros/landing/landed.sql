{#
    The materialization of every staging model: a file is read once.

    The model's SQL reads the files that are new or changed, through landed_records or landed_texts. Rows of files that were
    replaced or removed leave, the new ones are added, in one transaction. What the fast read does not tell is added here: a
    record's number in its file and, of a reject, its text and the names of its fields, for which the files that have a
    reject are read a second time, line by line.
#}
{% materialization landed, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set read = 'read_of_' ~ this.identifier -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {%- do run_query('create or replace temp table ' ~ read ~ ' as ' ~ compiled_code) -%}
    {%- set rejecting = run_query(
        'select distinct files.reader, files.delimiter, files.layout, files.read_path from ' ~ read ~ ' as records inner join '
        ~ ref('stg_landing__files') ~ ' as files on records._source_file = files.file_id'
        ~ ' where records._reject_reason is not null and records._rejected_record is null order by 4'
    ) | list -%}

    {%- if existing is not none and (should_full_refresh() or columns_of(existing) != columns_of(read)) -%}
        {%- do adapter.drop_relation(existing) -%}
        {%- set existing = none -%}
    {%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if existing is not none -%}
        {%- call statement('forget') -%}
            delete from {{ target_relation }}
            where _file_version not in (
                select {{ version_as_read() }} from {{ ref('stg_landing__files') }} where {{ is_read_file() }}
            )
        {%- endcall -%}
    {%- endif -%}
    {%- call statement('main') -%}
        {{ 'create table ' ~ target_relation ~ ' as' if existing is none else 'insert into ' ~ target_relation ~ ' by name' }}
        {{ completed_records(read, rejecting) }}
    {%- endcall -%}
    {%- do run_query('drop table ' ~ read) -%}
    {%- do persist_docs(target_relation, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# Name and type of each column of a relation. #}
{% macro columns_of(relation) %}
    {%- set found = [] -%}
    {%- for row in run_query('describe ' ~ relation) -%}{%- do found.append([row[0], row[1]]) -%}{%- endfor -%}
    {{ return(found | sort) }}
{% endmacro %}

{#
    The rows that a staging model read, with their number in the file and, of rejects, their text and the names in it.

    read:      the table of what the model read.
    rejecting: files of the registry that hold rejects without their text.
#}
{% macro completed_records(read, rejecting) %}
    {%- set may_hold_prompts = model.config.meta.get('may_hold_prompts', false) -%}
    with

    -- Records stand in the table in the order of their file. Parquet and whole texts tell their number themselves.
    first_rows as (

        select
            records._source_file,
            min(records.rowid) - max(case when files.reader = 'csv' then 2 else 1 end) as before_first
        from {{ read }} as records
        inner join {{ ref('stg_landing__files') }} as files on records._source_file = files.file_id
        where records._source_row is null
        group by records._source_file

    ),

    numbered as (

        select records.* replace (
            coalesce(records._source_row, records.rowid - first_rows.before_first) as _source_row
        )
        from {{ read }} as records
        left join first_rows on records._source_file = first_rows._source_file

    )

    {% if rejecting -%}
    ,

    lines as materialized (

        {{ record_lines(rejecting) }}

    ),

    first_lines as (

        select
            read_path,
            min(row_in_scan) - min(first_row) as before_first
        from lines
        group by read_path

    ),

    texts as (

        select
            files.file_id as _source_file,
            lines.row_in_scan - first_lines.before_first as _source_row,
            case when json_valid(lines.line) and json_type(lines.line) = 'OBJECT' then lines.line end as _record,
            lines.line
        from lines
        inner join first_lines on lines.read_path = first_lines.read_path
        inner join {{ ref('stg_landing__files') }} as files on lines.read_path = files.read_path

    ),

    described as (

        select
            rejects._source_file,
            rejects._source_row,
            case
                when rejects._reject_reason = {{ unread() }} and texts._record is null then 'not a JSON object'
                when rejects._reject_reason = {{ unread() }}
                    then 'the record has none of the fields of this format; it has '
                    || {{ field_names_of(may_hold_prompts=may_hold_prompts) }}
                when contains(rejects._reject_reason, chr(1))
                    then split_part(rejects._reject_reason, chr(1), 1)
                    || {{ field_names_of("split_part(rejects._reject_reason, chr(1), 2)", may_hold_prompts) }}
                else rejects._reject_reason
            end as reason,
            {{ text_kept_of('coalesce(texts._record, texts.line)', may_hold_prompts) }} as text
        from numbered as rejects
        inner join texts on rejects._source_file = texts._source_file and rejects._source_row = texts._source_row
        where rejects._reject_reason is not null

    )

    {% endif -%}

    select numbered.*
        {%- if rejecting %} replace (
            coalesce(described.reason, numbered._reject_reason) as _reject_reason,
            coalesce(numbered._rejected_record, described.text) as _rejected_record
        )
        {%- endif %}
    from numbered
    {%- if rejecting %}
    left join described on numbered._source_file = described._source_file and numbered._source_row = described._source_row
    {%- endif %}
    where numbered._reject_reason is distinct from ''
{% endmacro %}
