{{ config(materialized='view') }}

select distinct
    rate_id,
    above_context_tokens,
    is_excess_only,
    {%- for meter in meters() %}
    {%- for kind in ['', 'list_'] %}
    {{ kind }}{{ meter.meter }}_usd,
    {%- if meter.unit == 'token' %}
    {{ kind }}{{ meter.meter }}_usd_below,
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
    price_id
from {{ ref('int_prices__by_call') }}
where rate_id is not null
