-- A price of the company's own that is a thousand times off (written per thousand or per million tokens, or divided once too
-- often) leaves the band in which text models are priced: USD per million tokens, zero apart.
{{ config(severity='warn') }}

with

prices as (

    select
        provider,
        model,
        meter,
        usd_per_unit,
        cast(usd_per_unit as decimal(38, 12)) * 1000000 as usd_per_million
    from {{ ref('own_model_prices') }}
    where meter in ('input', 'output') and usd_per_unit != 0

)

select
    prices.provider,
    prices.model,
    prices.meter,
    prices.usd_per_unit,
    prices.usd_per_million
from prices
left join {{ ref('int_model_tiers__current') }} as tiers
    on prices.provider = tiers.provider and prices.model = tiers.model
where
    prices.usd_per_million < case tiers.tier when 'frontier' then 0.2 when 'mid' then 0.05 else 0.005 end
    or prices.usd_per_million > case tiers.tier when 'mini' then 15 when 'mid' then 100 else 600 end
