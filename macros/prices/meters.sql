{#
    Every meter of a request, as the seed `meters` has it: the one list that usage, prices, costs, reconciliation and FOCUS
    follow. dbt reads macros before it reads seeds, so the file itself is read (below the project, whose folder the plugin tells
    DuckDB); while dbt parses the list is empty.

    unit: only meters of this unit (token, request, search).
#}
{% macro meters(unit=none) %}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {%- set rows = run_query(
        "select * from read_csv('seeds/reference/meters.csv', header = true, all_varchar = true, nullstr = '', delim = ',')"
    ) -%}
    {%- set found = [] -%}
    {%- for row in rows if unit is none or row['unit'] == unit -%}
        {%- do found.append(dict(zip(rows.column_names, row.values()))) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{# The meters of tokens that are disjoint and make up a request: those that are no part of another. #}
{% macro whole_token_meters() %}
    {{ return(meters('token') | rejectattr('part_of') | list) }}
{% endmacro %}

{# What a request counts of this meter that none of its parts counts: text input without audio and images. #}
{% macro own_usage(meter) -%}
    {{ 'coalesce(' ~ meter.usage ~ ', 0)' if meter.part_of else meter.usage }}
    {%- for part in meters('token') if part.part_of == meter.meter %} - coalesce({{ part.usage }}, 0){% endfor -%}
{%- endmacro %}

{#
    All tokens of a request, or of the relation `of`; null where the source does not count them. `without`: meters that are
    left out (without the output: the size of the context).
#}
{% macro all_tokens(without=[], of=none) -%}
    {%- for meter in whole_token_meters() if meter.meter not in without -%}
        {{ of ~ '.' if of }}{{ meter.usage }}{{ ' + ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# The tokens of a request that its source counts: a class that it says nothing of is none. #}
{% macro counted_tokens(without=[]) -%}
    {%- for meter in whole_token_meters() if meter.meter not in without -%}
        coalesce({{ meter.usage }}, 0){{ ' + ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# Input tokens of one request: a row that stands for several is priced by the size of one of them. #}
{% macro request_size() -%}
    coalesce({{ all_tokens(without=['output']) }}, 0) / cast(greatest(request_count, 1) as double)
{%- endmacro %}
