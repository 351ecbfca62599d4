{{ config(materialized='view') }}

with

prices as (

    select * from {{ ref('int_prices__in_force') }}
    where above_context_tokens = -1

)

{% for meter in whole_token_meters() %}
select
    provider,
    model,
    service_tier,
    '{{ meter.meter }}' as meter,
    effective_from,
    effective_until,
    {{ meter.meter }}_usd as usd_per_token
from prices
where {{ meter.meter }}_usd is not null
{{ 'union all' if not loop.last }}
{% endfor %}
