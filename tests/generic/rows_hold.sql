{#
    What holds for every row of a table, in one pass over it and one grouping for each grain. A row comes out for each
    broken rule: the rule, how many rows break it, and one of them as text. broken_rules() prints them after the run.
      grain         columns that together name one row; null counts as a value. also_unique: lists of more such columns.
      never_null    columns.
      accepted      the values that a column may hold, by column; null is no value.
      found_in      the {table, column} that holds each value of a column, by column; null is no value.
      some_rows     never_null and accepted for a part of the rows: [{where: ..., never_null: ..., accepted: ...}].
#}
{% test rows_hold(model, grain=none, also_unique=[], never_null=[], accepted={}, found_in={}, some_rows=[]) %}

    {%- set rules = [] -%}
    {%- for part in [{'never_null': never_null, 'accepted': accepted}] + some_rows -%}
        {%- set only = '(' ~ part.where ~ ') and ' if part.where else '' -%}
        {%- set suffix = ' (where ' ~ part.where ~ ')' if part.where else '' -%}
        {%- for column in part.never_null or [] -%}
            {%- do rules.append({
                'broken': only ~ column ~ ' is null',
                'says': "'" ~ (column ~ ' is null' ~ suffix) | replace("'", "''") ~ "'",
            }) -%}
        {%- endfor -%}
        {%- for column, values in (part.accepted or {}).items() -%}
            {%- set listed = [] -%}
            {%- for value in values -%}
                {%- do listed.append("'" ~ value | replace("'", "''") ~ "'" if value is string else value) -%}
            {%- endfor -%}
            {%- do rules.append({
                'broken': only ~ 'not list_contains([' ~ listed | join(', ') ~ '], ' ~ column ~ ')',
                'says': "'" ~ column ~ " is ' || " ~ column ~ " || '"
                    ~ (', not one of ' ~ values | join(', ') ~ suffix) | replace("'", "''") ~ "'",
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for column, place in found_in.items() -%}
        {%- do rules.append({
            'broken': column ~ ' not in (select ' ~ place.column ~ ' from ' ~ place.table
                ~ ' where ' ~ place.column ~ ' is not null)',
            'says': "'" ~ column ~ " is ' || " ~ column ~ " || ', which " ~ place.table.identifier ~ " does not have'",
        }) -%}
    {%- endfor -%}

    {%- set grains = ([grain] if grain else []) + also_unique -%}

    {% if rules -%}
    select rule, count(*) as row_count, left(min(example::varchar), 300) as example
    from (
        select
            unnest([
                {%- for rule in rules %}
                case when {{ rule.broken }} then {{ rule.says }} end{{ ',' if not loop.last }}
                {%- endfor %}
            ]) as rule,
            {{ 'struct_pack(' ~ grain | join(', ') ~ ')' if grain else 'row_of' }} as example
        from {{ model }} as row_of
        where
            {%- for rule in rules %}
            {{ 'or ' if not loop.first }}({{ rule.broken }})
            {%- endfor %}
    )
    where rule is not null
    group by rule
    {%- endif %}
    {%- for columns in grains %}
    {{ 'union all' if rules or not loop.first }}
    select
        'more than one row per {{ columns | join(', ') }}' as rule,
        sum(row_count) as row_count,
        left(min(example::varchar), 300) as example
    from (
        select count(*) as row_count, struct_pack({{ columns | join(', ') }}) as example
        from {{ model }}
        group by {{ columns | join(', ') }}
        having count(*) > 1
    )
    having count(*) > 0
    {%- endfor %}

{% endtest %}
