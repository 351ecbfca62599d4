{{ config(materialized='view') }}

with

-- The ledger's own rates (int_attempts__priced), to the last digit.
rated as (

    select
        {%- for key in usage_keys() %}
        usage.{{ key }},
        {%- endfor %}
        {%- for meter in meters('token') %}
        usage.{{ meter.meter }}_used,
        {{ rate_in_context(meter.meter) }} as {{ meter.meter }}_rate,
        {{ rate_in_context('list_' ~ meter.meter) }} as list_{{ meter.meter }}_rate,
        {%- endfor %}
        rates.above_context_tokens
    from {{ ref('int_focus_usage__summed') }} as usage
    left join {{ ref('int_prices__by_rate') }} as rates on usage.rate_id = rates.rate_id

)

{% for meter in meters('token') %}
select
    {{ usage_keys() | join(',\n    ') }},
    above_context_tokens,
    '{{ meter.meter }}' as meter,
    '{{ meter.token_class }}' as token_class,
    '{{ meter.focus_meter }}' as meter_name,
    {{ meter.meter }}_used as quantity,
    {{ meter.meter }}_rate as rate,
    list_{{ meter.meter }}_rate as list_rate
from rated
where {{ meter.meter }}_used != 0
{{ 'union all' if not loop.last }}
{% endfor %}
