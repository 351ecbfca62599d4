{{ config(materialized='view') }}

with

own as (

    select * from {{ ref('own_model_prices') }}

),

own_models as (

    select distinct
        provider,
        model
    from own

)

select
    sheet.provider,
    sheet.model,
    sheet.meter,
    coalesce(sheet.service_tier, 'standard') as service_tier,
    coalesce(sheet.above_context_tokens, 0) as above_context_tokens,
    sheet.usd_per_unit,
    sheet.effective_from,
    coalesce(sheet.effective_until, date '9999-12-31') as effective_until,
    sheet.source
from {{ ref('model_prices') }} as sheet
left join own_models on sheet.provider = own_models.provider and sheet.model = own_models.model
-- A model with prices of its own leaves the reference sheet altogether.
where own_models.model is null
union all
select
    provider,
    model,
    meter,
    coalesce(service_tier, 'standard') as service_tier,
    coalesce(above_context_tokens, 0) as above_context_tokens,
    usd_per_unit,
    coalesce(effective_from, date '1970-01-01') as effective_from,
    coalesce(effective_until, date '9999-12-31') as effective_until,
    coalesce(source, 'own_model_prices') as source
from own
