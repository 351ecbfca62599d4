with

counted as (

    select
        provider,
        month,
        period_start,
        model,
        service_tier,
        meter,
        sum(tokens) as tokens
    from {{ ref('int_reconciliation__counted_tokens') }}
    group by
        provider,
        month,
        period_start,
        model,
        service_tier,
        meter

),

ledger as (

    select * from {{ ref('int_reconciliation__ledger_tokens') }}

),

prices as (

    select * from {{ ref('int_reconciliation__sheet_prices') }}

),

cells as (

    select
        coalesce(counted.provider, ledger.provider) as provider,
        coalesce(counted.month, ledger.month) as month,
        coalesce(counted.period_start, ledger.period_start) as period_start,
        coalesce(counted.model, ledger.model) as model,
        coalesce(counted.service_tier, ledger.service_tier) as service_tier,
        coalesce(counted.meter, ledger.meter) as meter,
        coalesce(counted.tokens, 0) as counted_tokens,
        coalesce(ledger.tokens, 0) as ledger_tokens,
        coalesce(ledger.unpriced_tokens, 0) as unpriced_tokens,
        ledger.usd_per_token as ledger_usd_per_token
    from counted
    full outer join ledger
        on
            counted.provider = ledger.provider
            and counted.period_start = ledger.period_start
            and counted.model = ledger.model
            and counted.service_tier = ledger.service_tier
            and counted.meter = ledger.meter

),

billed as (

    select
        provider,
        month,
        model,
        meter,
        sum(billed_usd) as billed_usd
    from {{ ref('int_reconciliation__usage_lines') }}
    where is_token_line
    group by
        provider,
        month,
        model,
        meter

),

counted_monthly as (

    select
        provider,
        month,
        model,
        meter,
        sum(tokens) as tokens
    from counted
    group by
        provider,
        month,
        model,
        meter

),

traced_providers as (

    select distinct
        provider,
        cast(date_trunc('month', requested_at) as date) as month
    from {{ ref('fct_attempts') }}

),

-- Where nobody states a price, a token costs what the bill charged for it over the month; so does one of a provider that no
-- trace names, whose whole bill went past the gateway.
billed_rates as (

    select
        billed.provider,
        billed.month,
        billed.model,
        billed.meter,
        case
            when abs(billed.billed_usd) <= abs(counted_monthly.tokens) then billed.billed_usd / nullif(counted_monthly.tokens, 0)
        end as usd_per_token,
        traced_providers.provider is null as is_untraced
    from billed
    left join traced_providers on billed.provider = traced_providers.provider and billed.month = traced_providers.month
    inner join counted_monthly
        on
            billed.provider = counted_monthly.provider
            and billed.month = counted_monthly.month
            and billed.model = counted_monthly.model
            and billed.meter = counted_monthly.meter

),

dearest as (

    select
        provider,
        max(usd_per_token) as usd_per_token
    from prices
    where service_tier = 'standard'
    group by provider

),

billed_by_period as (

    select
        provider,
        period_start,
        meter,
        sum(billed_usd) as billed_usd
    from {{ ref('int_reconciliation__usage_lines') }}
    where is_token_line and model = 'all'
    group by
        provider,
        period_start,
        meter

),

-- A bill that names no models: tokens beyond the ledger's may be of other models than the ledger's, so they cost what the
-- bill has beyond the ledger, if that is a price that any model can have.
mixed as (

    select
        cells.provider,
        cells.period_start,
        cells.meter,
        min(billed_by_period.billed_usd) / nullif(sum(cells.counted_tokens), 0) as counted_usd_per_token,
        (
            min(billed_by_period.billed_usd)
            - cast(
                sum((cells.ledger_tokens - cells.unpriced_tokens) * coalesce(cells.ledger_usd_per_token, 0)) as decimal(38, 12)
            )
        ) / nullif(sum(cells.counted_tokens - cells.ledger_tokens + cells.unpriced_tokens), 0) as usd_per_token
    from cells
    inner join billed_by_period
        on
            cells.provider = billed_by_period.provider
            and cells.period_start = billed_by_period.period_start
            and cells.meter = billed_by_period.meter
    where cells.model = 'all'
    group by
        cells.provider,
        cells.period_start,
        cells.meter
    having
        count(distinct cells.service_tier) = 1
        and sum(cells.counted_tokens - cells.ledger_tokens + cells.unpriced_tokens) > 0

),

plausible as (

    select
        mixed.provider,
        mixed.period_start,
        mixed.meter,
        mixed.counted_usd_per_token,
        mixed.usd_per_token
    from mixed
    inner join dearest on mixed.provider = dearest.provider
    where mixed.usd_per_token > 0 and mixed.usd_per_token <= dearest.usd_per_token

)

select
    cells.provider,
    cells.month,
    cells.period_start,
    cells.model,
    cells.service_tier,
    cells.meter,
    cast(cells.counted_tokens as decimal(38, 6)) as counted_tokens,
    cast(cells.ledger_tokens as decimal(38, 6)) as ledger_tokens,
    cast(cells.unpriced_tokens as decimal(38, 6)) as unpriced_tokens,
    cast(
        coalesce(
            plausible.usd_per_token, cells.ledger_usd_per_token,
            case when billed_rates.is_untraced then billed_rates.usd_per_token end, prices.usd_per_token,
            billed_rates.usd_per_token, 0
        ) as decimal(18, 15)
    ) as usd_per_token,
    cast(
        coalesce(
            plausible.counted_usd_per_token, cells.ledger_usd_per_token,
            case when billed_rates.is_untraced then billed_rates.usd_per_token end, prices.usd_per_token,
            billed_rates.usd_per_token, 0
        ) as decimal(18, 15)
    ) as counted_usd_per_token,
    case
        when plausible.usd_per_token is not null then 'bill'
        when cells.ledger_usd_per_token is not null then 'ledger'
        when billed_rates.is_untraced and billed_rates.usd_per_token is not null then 'bill'
        when prices.usd_per_token is not null then 'sheet'
        when billed_rates.usd_per_token is not null then 'bill'
        else 'nobody'
    end as priced_by
from cells
left join plausible
    on
        cells.model = 'all'
        and cells.provider = plausible.provider
        and cells.period_start = plausible.period_start
        and cells.meter = plausible.meter
left join prices
    on
        cells.provider = prices.provider
        and cells.model = prices.model
        and cells.service_tier = prices.service_tier
        and cells.meter = prices.meter
        and cells.period_start >= prices.effective_from
        and cells.period_start < prices.effective_until
left join billed_rates
    on
        cells.provider = billed_rates.provider
        and cells.month = billed_rates.month
        and cells.model = billed_rates.model
        and cells.meter = billed_rates.meter
