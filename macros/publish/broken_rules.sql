{# on-run-end: print what a failed test rows_hold found, a line for each broken rule, with one of the rows. #}
{% macro broken_rules(results) %}
    {%- if not execute -%}{{ return('') }}{%- endif -%}
    {%- for result in results
        if result.status in ['fail', 'warn'] and (result.node.test_metadata or {}).name == 'rows_hold' -%}
        {%- set table = result.node.attached_node.split('.') | last -%}
        {%- for rule, row_count, example in run_query(result.node.compiled_code).rows -%}
            {%- do log(table ~ ': ' ~ rule ~ ' (' ~ row_count ~ ' row(s), such as ' ~ example ~ ')', info=true) -%}
        {%- endfor -%}
    {%- endfor -%}
{% endmacro %}
