with

rated as (

    select
        cells.*,
        coalesce(contract_rates.multiplier, 1) as multiplier,
        -- The narrowest contract rate wins: one that names the meter, then the longest model pattern.
        row_number() over (
            partition by
                cells.provider, cells.model, cells.service_tier, cells.effective_from, cells.above_context_tokens, cells.meter
            order by
                case when contract_rates.meter is null then 1 else 0 end,
                length(contract_rates.model_pattern) desc,
                contract_rates.effective_from desc,
                contract_rates.multiplier
        ) as preference
    from {{ ref('int_prices__cells') }} as cells
    left join {{ ref('int_contract_rates__dated') }} as contract_rates
        on
            cells.provider = contract_rates.provider
            and cells.model like contract_rates.model_pattern
            and cells.effective_from >= contract_rates.effective_from
            and cells.effective_from < contract_rates.effective_until
            and (contract_rates.meter is null or contract_rates.meter = cells.meter)

)

select
    provider,
    model,
    service_tier,
    effective_from,
    effective_until,
    above_context_tokens,
    starts_above,
    is_excess_only,
    meter,
    source,
    multiplier,
    usd_per_unit as list_usd,
    usd_per_unit * multiplier as usd
from rated
where preference = 1
