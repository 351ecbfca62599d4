{{ config(materialized='view') }}

with

own as (

    select
        provider,
        model,
        tier,
        tokenizer_factor,
        is_tier_default
    from {{ ref('own_model_tiers') }}

),

-- A company that names a default for one of its tiers replaces the reference default of that provider and tier.
own_defaults as (

    select distinct
        provider,
        tier
    from own
    where is_tier_default

)

select
    provider,
    model,
    tier,
    coalesce(tokenizer_factor, 1) as tokenizer_factor,
    coalesce(is_tier_default, false) as is_tier_default
from own
union all
select
    model_tiers.provider,
    model_tiers.model,
    model_tiers.tier,
    coalesce(model_tiers.tokenizer_factor, 1) as tokenizer_factor,
    coalesce(model_tiers.is_tier_default, false) and own_defaults.provider is null as is_tier_default
from {{ ref('model_tiers') }} as model_tiers
left join own on model_tiers.provider = own.provider and model_tiers.model = own.model
left join own_defaults on model_tiers.provider = own_defaults.provider and model_tiers.tier = own_defaults.tier
where own.model is null
