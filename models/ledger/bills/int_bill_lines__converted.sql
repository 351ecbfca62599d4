{{ config(materialized='view') }}

with

converted as (

    select
        lines.*,
        case when lines.currency = 'USD' then 1 else rates.usd_per_unit end as usd_per_unit,
        case
            when lines.currency = 'USD' then lines.billed_amount
            else {{ at_rate('lines.billed_amount', 'rates.usd_per_unit') }}
        end as billed_usd,
        -- An amount of zero for a charge that is not zero states nothing; nor does one in the currency of the bill.
        case
            when lines.pricing_currency = lines.currency or lines.pricing_amount = 0 then null
            when lines.pricing_currency = 'USD' then lines.pricing_amount
            else {{ at_rate('lines.pricing_amount', 'pricing_rates.usd_per_unit') }}
        end as stated_pricing_usd
    from {{ ref('int_bill_lines__committed') }} as lines
    left join {{ ref('int_exchange_rates__in_force') }} as rates
        on
            lines.currency = rates.currency
            and lines.charge_start_at >= rates.effective_from and lines.charge_start_at < rates.effective_until
    left join {{ ref('int_exchange_rates__in_force') }} as pricing_rates
        on
            lines.pricing_currency = pricing_rates.currency
            and lines.charge_start_at >= pricing_rates.effective_from and lines.charge_start_at < pricing_rates.effective_until

)

select
    *,
    case when billed_usd is not null then coalesce(stated_pricing_usd, billed_usd) end as pricing_usd
from converted
