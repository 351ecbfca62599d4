with

usage as (

    select
        *,
        'Tokens' as unit,
        cast(1000000 as bigint) as units_per_price
    from {{ ref('int_focus_usage__tokens') }}
    union all
    select
        *,
        'Requests' as unit,
        cast(1 as bigint) as units_per_price
    from {{ ref('int_focus_usage__tools') }}

),

-- Tokens served on own GPUs cost the hours of the pool, so their own price is zero.
priced as (

    select
        *,
        case when pricing_status = 'free' then 0 else rate end as usd_per_unit,
        case when pricing_status = 'free' then 0 else list_rate end as list_usd_per_unit
    from usage

)

select
    case when pricing_status = 'unpriced' then 'unpriced_usage' else 'usage' end as charge_kind,
    charge_date as starts_on,
    false as is_monthly,
    provider,
    model,
    meter,
    token_class,
    model || ' ' || meter_name as description,
    service_tier,
    inference_geo,
    region_multiplier,
    team_id,
    feature_name,
    route_id,
    pricing_status,
    price_source,
    price_id,
    provider || '/' || model || '/' || service_tier || '/' || meter as sku_id,
    case
        when pricing_status = 'priced' and above_context_tokens > 0
            then price_id || '/' || meter || '/above_' || cast(above_context_tokens as string)
        when pricing_status = 'priced' then price_id || '/' || meter
        when pricing_status = 'free' then provider || '/' || model || '/' || service_tier || '/' || meter
    end as sku_price_id,
    quantity,
    unit,
    list_usd_per_unit * units_per_price as list_unit_price,
    usd_per_unit * units_per_price as unit_price,
    quantity * list_usd_per_unit as list_usd,
    quantity * usd_per_unit as cost_usd
from priced
