{# The files of a format that the calling model has not read yet, as rows of the registry. #}
{% macro new_files(entity, format) %}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {%- set registry = load_relation(ref('stg_landing__files')) -%}
    {%- if not registry -%}{{ return([]) }}{%- endif -%}
    {%- set seen = none if should_full_refresh() else load_relation(this) -%}
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
