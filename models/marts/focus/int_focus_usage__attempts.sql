{{ config(materialized='view') }}

select
    cast(attempts.requested_at as date) as charge_date,
    {%- for key in usage_keys() if key not in ['charge_date', 'request_size'] %}
    attempts.{{ key }},
    {%- endfor %}
    -- How large a request is decides about its rates only where nothing but the excess over a threshold costs more.
    case when rates.is_excess_only and rates.above_context_tokens > 0 then {{ request_size() }} end as request_size,
    attempts.request_count,
    {%- for meter in meters('token') %}
    {{ own_usage(meter) }} as {{ meter.meter }}_used,
    {%- endfor %}
    attempts.tool_cost_usd
from {{ ref('fct_attempts') }} as attempts
left join {{ ref('int_prices__by_rate') }} as rates on attempts.rate_id = rates.rate_id
-- What a gateway answered from its own cache was charged by nobody.
where attempts.row_kind != 'cache_hit'
