{%- set band = [
    'provider', 'model', 'service_tier', 'effective_from', 'effective_until', 'above_context_tokens', 'starts_above',
    'is_excess_only',
] %}

with

own as (

    select
        {{ band | join(',\n        ') }},
        {%- for meter in meters() %}
        max(case when meter = '{{ meter.meter }}' then list_usd end) as own_list_{{ meter.meter }}_usd,
        cast(max(case when meter = '{{ meter.meter }}' then usd end) as decimal(18, 12)) as own_{{ meter.meter }}_usd,
        {%- endfor %}
        max(case when multiplier != 1 then 1 else 0 end) = 1 as has_contract_rate,
        max(source) as price_source
    from {{ ref('int_prices__contracted') }}
    group by
        {{ band | join(',\n        ') }}

)

-- A meter without a price of its own is charged as the one it is a kind of, never at zero. An explicit zero is a price.
select
    {{ band | join(',\n    ') }},
    {%- for kind in ['list_', ''] %}
    {%- for meter in meters() %}
    {%- set prices = [] %}
    {%- for each in [meter.meter] + (meter.charged_as or '').split() %}
    {%- do prices.append('own_' ~ kind ~ each ~ '_usd') %}
    {%- endfor %}
    {%- if meter.meter == 'request' %}{% do prices.append('0') %}{% endif %}
    {{ 'coalesce(' ~ prices | join(', ') ~ ')' if prices | length > 1 else prices[0] }} as {{ kind }}{{ meter.meter }}_usd,
    {%- endfor %}
    {%- endfor %}
    has_contract_rate,
    price_source
from own
