{{ config(materialized='view') }}

with

-- The rules of the seed, the first that fits.
matched as (

    select
        skus.*,
        rules.rule_order,
        nullif(rules.provider, '') as provider,
        case
            -- A seller of tokens also bills for other things: what names no tokens is not ai_tokens.
            when rules.charge_kind = 'ai_tokens' and skus.meter_in_text is null and not skus.names_tokens then 'ai_other'
            when rules.charge_kind is not null then rules.charge_kind
            when skus.category = 'ai and machine learning' then 'ai_other'
            else 'other'
        end as charge_kind,
        row_number() over (partition by skus.sku_key order by rules.rule_order) as preference
    from {{ ref('int_cloud_skus__metered') }} as skus
    left join {{ ref('cloud_services') }} as rules
        on
            skus.cloud like rules.cloud
            and skus.service like rules.service_pattern
            and skus.sku_text like rules.sku_pattern
            and (skus.is_gpu or not rules.needs_gpu)

)

select
    *,
    case when charge_kind = 'ai_tokens' then meter_in_text end as meter
from matched
where preference = 1
