{# Whole seconds from one timestamp to a later one. Adds up: a to b plus b to c is a to c. #}
{% macro seconds_between(start_at, end_at) -%}
    {{ return(adapter.dispatch('seconds_between', 'ai_cost_audit')(start_at, end_at)) }}
{%- endmacro %}

{% macro default__seconds_between(start_at, end_at) -%}
    date_diff('second', {{ start_at }}, {{ end_at }})
{%- endmacro %}

{% macro spark__seconds_between(start_at, end_at) -%}
    (unix_timestamp({{ end_at }}) - unix_timestamp({{ start_at }}))
{%- endmacro %}

{# An item of a select list that turns one row into a row per hour, from the first to the last hour, both included. #}
{% macro each_hour(first_hour_at, last_hour_at) -%}
    {{ return(adapter.dispatch('each_hour', 'ai_cost_audit')(first_hour_at, last_hour_at)) }}
{%- endmacro %}

{% macro default__each_hour(first_hour_at, last_hour_at) -%}
    unnest(generate_series({{ first_hour_at }}, {{ last_hour_at }}, interval '1' hour))
{%- endmacro %}

{% macro spark__each_hour(first_hour_at, last_hour_at) -%}
    explode(sequence({{ first_hour_at }}, {{ last_hour_at }}, interval '1' hour))
{%- endmacro %}

{# The UTC hour in which a timestamp lies. #}
{% macro hour_of(utc_timestamp) -%}
    cast(date_trunc('hour', {{ utc_timestamp }}) as timestamp)
{%- endmacro %}

{# Hours of a whole number of seconds (below 10^12), as decimal: twenty digits of 1/3600 make a full hour exactly 1. #}
{% macro hours_of_seconds(seconds) -%}
    cast(
        cast({{ seconds }} as decimal(12, 0)) * cast(0.00027777777777777778 as decimal(20, 20)) as decimal(18, 12)
    )
{%- endmacro %}
