with

cells as (

    select
        periods.*,
        bands.above_context_tokens,
        bands.starts_above,
        bands.is_excess_only,
        listed.meter,
        listed.usd_per_unit,
        listed.source,
        -- A meter that has no price of its own above a threshold keeps the price below it.
        row_number() over (
            partition by
                periods.provider, periods.model, periods.service_tier, periods.effective_from, bands.above_context_tokens,
                listed.meter
            order by listed.above_context_tokens desc
        ) as preference
    from {{ ref('int_prices__periods') }} as periods
    inner join {{ ref('int_prices__bands') }} as bands
        on
            periods.provider = bands.provider
            and periods.model = bands.model
            and periods.service_tier = bands.service_tier
    inner join {{ ref('int_prices__listed') }} as listed
        on
            periods.provider = listed.provider
            and periods.model = listed.model
            and periods.service_tier = listed.service_tier
            and periods.effective_from >= listed.effective_from
            and periods.effective_from < listed.effective_until
            and bands.above_context_tokens >= listed.above_context_tokens

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
    usd_per_unit,
    source
from cells
where preference = 1
