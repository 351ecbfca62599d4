{# The business date of a UTC timestamp, counted in `reporting_timezone` with its daylight saving. #}
{% macro business_date(utc_timestamp) -%}
    {{ return(adapter.dispatch('business_date', 'ai_cost_audit')(utc_timestamp)) }}
{%- endmacro %}

{% macro default__business_date(utc_timestamp) -%}
    {%- if var('reporting_timezone') == 'UTC' -%}
        cast({{ utc_timestamp }} as date)
    {%- else -%}
        cast(timezone('{{ var('reporting_timezone') }}', timezone('UTC', {{ utc_timestamp }})) as date)
    {%- endif -%}
{%- endmacro %}

{% macro spark__business_date(utc_timestamp) -%}
    to_date(from_utc_timestamp({{ utc_timestamp }}, '{{ var('reporting_timezone') }}'))
{%- endmacro %}
