{#
    on-run-end: after a whole, sound `dbt build`, write the schemas marts and seeds to a file beside the published one,
    sync it and swap it in. Anything less leaves the published file as it was:
      - a run that did not build every mart and run every test (a selection, or another command than build),
      - any error, and any failed test but a gate: our own figures may be wrong,
      - a failed gate, where publish_open_books is false.
#}
{% macro publish(results) %}
    {%- if not execute or flags.WHICH != 'build' -%}{{ return('') }}{%- endif -%}

    {%- set built = [] -%}
    {%- set broken = [] -%}
    {%- set open_gates = [] -%}
    {#- An exposure names a reader; dbt lists it among the results and builds nothing. -#}
    {%- for result in results if result.node.resource_type != 'exposure' -%}
        {%- if result.status in ['success', 'pass', 'warn'] -%}
            {%- do built.append(result.node.unique_id) -%}
        {%- elif result.status == 'fail' and 'gate' in result.node.tags -%}
            {%- do open_gates.append(result.node.name) -%}
        {%- else -%}
            {%- do broken.append(result.node.name) -%}
        {%- endif -%}
    {%- endfor -%}

    {#- A test that did not run proves nothing. Unit tests speak of the code, not of these figures. -#}
    {%- set ran = results | map(attribute='node.unique_id') | list -%}
    {%- set untested = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'test' and node.unique_id not in ran -%}
        {%- do untested.append(node.name) -%}
    {%- endfor -%}

    {%- set relations = [] -%}
    {%- set not_built = [] -%}
    {%- for node in graph.nodes.values() -%}
        {%- if node.resource_type in ['model', 'seed'] and node.schema in ['marts', 'seeds'] -%}
            {%- do relations.append(node) -%}
            {%- if node.unique_id not in built -%}{%- do not_built.append(node.name) -%}{%- endif -%}
        {%- endif -%}
    {%- endfor -%}

    {%- if flags.EMPTY -%}
        {%- do log('Not published: --empty builds no rows. The last published copy is unchanged.', info=true) -%}
        {{ return('') }}
    {%- endif -%}
    {%- if broken -%}
        {%- do log('Not published: ' ~ (broken | length) ~ ' integrity failure(s), first ' ~ broken[0]
            ~ '. The last published copy is unchanged.', info=true) -%}
        {{ return('') }}
    {%- endif -%}
    {%- if not_built -%}
        {%- do log('Not published: this run built only a part of the marts (' ~ not_built[0]
            ~ ' is missing). Run `dbt build` without a selection.', info=true) -%}
        {{ return('') }}
    {%- endif -%}
    {%- if untested -%}
        {%- do log('Not published: ' ~ (untested | length) ~ ' test(s) did not run, first ' ~ untested[0]
            ~ '. Run `dbt build` without leaving tests out.', info=true) -%}
        {{ return('') }}
    {%- endif -%}
    {%- if open_gates and not var('publish_open_books') -%}
        {%- do log('Not published: the books are open and publish_open_books is false. '
            ~ 'The last published copy is unchanged.', info=true) -%}
        {{ return('') }}
    {%- endif -%}

    {%- set folder = env_var('AI_COST_WAREHOUSE', 'warehouse') -%}
    {#- What was known on an earlier date is published beside what is known now, never over it. -#}
    {%- set published = folder ~ '/ai_cost' ~ ('_as_of_' ~ var('as_of') if var('as_of') else '') ~ '.duckdb' -%}
    {%- set written = published ~ '.writing' -%}
    {%- do run_query("select remove_file('" ~ written ~ "')") -%}
    {%- do run_query("attach '" ~ written ~ "' as published (storage_version 'v1.0.0')") -%}
    {%- do run_query('begin transaction') -%}
    {%- for schema in ['marts', 'seeds'] -%}
        {%- do run_query('create schema published.' ~ schema) -%}
    {%- endfor -%}
    {#- Tables, then the views that read them: a view of the copy names its tables by schema, without a catalog. -#}
    {%- for node in relations | sort(attribute='unique_id') | sort(attribute='config.materialized') -%}
        {%- set name = node.schema ~ '.' ~ (node.alias or node.name) -%}
        {%- set kind = 'view' if node.config.materialized == 'view' else 'table' -%}
        {%- if kind == 'view' -%}
            {%- set query = view_query(node.schema, node.alias or node.name) -%}
            {%- set statements = ['create view published.' ~ name ~ ' as ' ~ query] -%}
        {%- else -%}
            {%- set statements = ['create table published.' ~ name ~ ' as from ' ~ name] -%}
        {%- endif -%}
        {%- if node.description -%}
            {%- do statements.append("comment on " ~ kind ~ " published." ~ name ~ " is '"
                ~ node.description | trim | replace("'", "''") ~ "'") -%}
        {%- endif -%}
        {%- for column in node.columns.values() if column.description -%}
            {%- do statements.append("comment on column published." ~ name ~ '."' ~ column.name ~ "\" is '"
                ~ column.description | trim | replace("'", "''") ~ "'") -%}
        {%- endfor -%}
        {%- do run_query(statements | join(';\n')) -%}
    {%- endfor -%}
    {%- do run_query('commit') -%}
    {%- do run_query('checkpoint published') -%}
    {%- do run_query('detach published') -%}
    {%- do run_query("select swap_in_file('" ~ written ~ "', '" ~ published ~ "')") -%}
    {%- do log('Published ' ~ published ~ ' (' ~ (relations | length) ~ ' tables)'
        ~ ', books ' ~ run_query('select books_status from marts.audit_run').columns[0].values()[0], info=true) -%}
{% endmacro %}

{# What a view of the database that is worked on selects, from tables by their schema alone. #}
{% macro view_query(schema, name) %}
    {%- set text = run_query(
        "select sql from duckdb_views() where database_name = '" ~ target.database ~ "' and schema_name = '" ~ schema
        ~ "' and view_name = '" ~ name ~ "'"
    ).columns[0].values()[0] -%}
    {%- set query = modules.re.sub('(?is)^create view .*? as (?=select|with|[(])', '', text).rstrip().rstrip(';') -%}
    {{ return(query | replace(target.database ~ '.' ~ schema ~ '.', schema ~ '.')) }}
{% endmacro %}
