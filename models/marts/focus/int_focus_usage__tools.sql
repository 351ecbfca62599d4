{{ config(materialized='view') }}

with

-- Tools, searches and the price of a request itself, at what they cost the request. A contract changes the last one only.
tools as (

    select
        {%- for key in usage_keys() %}
        attempts.{{ key }},
        {%- endfor %}
        rates.above_context_tokens,
        attempts.tool_cost_usd as rate,
        attempts.tool_cost_usd
        + coalesce(attempts.request_count * (rates.list_request_usd - rates.request_usd), 0) as list_rate
    from {{ ref('int_focus_usage__attempts') }} as attempts
    left join {{ ref('int_prices__by_rate') }} as rates on attempts.rate_id = rates.rate_id

)

select
    {{ usage_keys() | join(',\n    ') }},
    above_context_tokens,
    'tool' as meter,
    cast(null as string) as token_class,
    'tools and requests' as meter_name,
    count(*) as quantity,
    rate,
    list_rate
from tools
where rate != 0 or list_rate != 0
group by
    {{ usage_keys() | join(',\n    ') }},
    above_context_tokens,
    rate,
    list_rate
