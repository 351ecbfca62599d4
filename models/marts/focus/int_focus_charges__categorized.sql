{{ config(materialized='view') }}

{%- set as_stated = [
    'charge_kind', 'charge_category', 'service_name', 'starts_on', 'month', 'is_monthly', 'provider', 'model', 'meter',
    'token_class', 'description', 'service_tier', 'inference_geo', 'region_multiplier', 'pool_id', 'purchase', 'feature_name',
    'route_id', 'pricing_status', 'price_source', 'price_id', 'residual_class', 'evidence',
] %}
{%- set of_usage = ['sku_id', 'sku_price_id', 'list_unit_price', 'unit_price', 'unit', 'quantity'] %}

with

charges as (

    select
        *,
        cast(date_trunc('month', starts_on) as date) as month,
        case
            when residual_class = 'credit' then 'Credit'
            when residual_class = 'tax' then 'Tax'
            when charge_kind in ('usage', 'gpu_hours') then 'Usage'
            else 'Adjustment'
        end as charge_category,
        case
            when provider = 'gpu_cloud' then 'GPU instances'
            when pool_id is not null or charge_kind = 'billed_pools' then 'GPU pools'
            when provider = 'self_hosted' then 'Self-hosted inference'
            else provider || ' API'
        end as service_name
    from {{ ref('int_focus_charges__unioned') }}

)

-- FOCUS gives quantities and prices to usage only. Usage without a price is no amount, and FOCUS wants one: its dollars, if
-- billed, are the residual 'unpriced'.
select
    {%- for column in as_stated %}
    charges.{{ column }},
    {%- endfor %}
    coalesce(accounts.account_id, 'unknown') as account_id,
    accounts.invoice_id,
    charges.charge_category = 'Usage' as is_usage,
    charges.service_name in ('GPU instances', 'GPU pools') as is_compute,
    case when charges.charge_kind not in ('residual', 'billed_pools') then coalesce(charges.team_id, 'unattributed') end
        as owner,
    case when charges.unit = 'Tokens' then cast(charges.quantity as bigint) end as tokens,
    {%- for column in of_usage %}
    case when charges.charge_category = 'Usage' then charges.{{ column }} end as {{ column }},
    {%- endfor %}
    coalesce(charges.list_usd, 0) as list_usd,
    coalesce(charges.cost_usd, 0) as cost_usd
from charges
left join {{ ref('int_focus_accounts__billed') }} as accounts
    on charges.provider = accounts.provider and charges.month = accounts.month
