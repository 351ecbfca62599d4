with

usage_lines as (

    select
        lines.provider,
        lines.charge_date,
        cast(date_trunc('month', lines.charge_start_at) as date) as month,
        coalesce(models.canonical_model, lines.model) as model,
        lines.is_longer_than_a_day,
        lines.billed_usd
    from {{ ref('int_billing__lines') }} as lines
    left join {{ ref('int_models__resolved') }} as models on lines.provider = models.provider and lines.model = models.model
    where lines.line_type in ('usage', 'fee') and lines.provider != 'gpu_cloud'

),

-- What a provider's bill tells decides how fine it can be matched: a bill without model names matches over all models,
-- one with lines longer than a day matches over the month.
grains as (

    select
        provider,
        month,
        max(case when is_longer_than_a_day then 1 else 0 end) = 1 as is_monthly,
        max(case when model is null then 1 else 0 end) = 1 as is_over_all_models
    from usage_lines
    group by
        provider,
        month

),

-- By attempt: a request that fell back to another provider was billed by both.
ledger as (

    select
        provider,
        cast(requested_at as date) as charge_date,
        cast(date_trunc('month', requested_at) as date) as month,
        model,
        sum(attempt_cost_usd) as ledger_cost_usd,
        sum(case when pricing_status = 'unpriced' then request_count else 0 end) as unpriced_request_count
    from {{ ref('fct_attempts') }}
    where provider != 'self_hosted' and commitment_id is null
    group by
        provider,
        cast(requested_at as date),
        cast(date_trunc('month', requested_at) as date),
        model

),

provider_usage as (

    select
        provider,
        usage_date as charge_date,
        cast(date_trunc('month', usage_date) as date) as month,
        model,
        sum(usage_cost_usd) as provider_usage_cost_usd
    from {{ ref('int_provider_usage__costed') }}
    group by
        provider,
        usage_date,
        cast(date_trunc('month', usage_date) as date),
        model

),

sides as (

    select
        provider,
        charge_date,
        month,
        model,
        ledger_cost_usd,
        cast(null as decimal(38, 12)) as provider_usage_cost_usd,
        cast(null as decimal(38, 12)) as billed_usd,
        unpriced_request_count
    from ledger
    union all
    select
        provider,
        charge_date,
        month,
        model,
        cast(null as decimal(38, 12)) as ledger_cost_usd,
        provider_usage_cost_usd,
        cast(null as decimal(38, 12)) as billed_usd,
        cast(0 as bigint) as unpriced_request_count
    from provider_usage
    union all
    select
        provider,
        charge_date,
        month,
        model,
        cast(null as decimal(38, 12)) as ledger_cost_usd,
        cast(null as decimal(38, 12)) as provider_usage_cost_usd,
        billed_usd,
        cast(0 as bigint) as unpriced_request_count
    from usage_lines

),

at_grain as (

    select
        sides.provider,
        case when coalesce(grains.is_monthly, false) then sides.month else sides.charge_date end as date,
        case when coalesce(grains.is_over_all_models, false) then 'all' else coalesce(sides.model, 'all') end as model,
        case when coalesce(grains.is_monthly, false) then 'month' else 'day' end as match_grain,
        grains.provider is not null as has_bill,
        sides.ledger_cost_usd,
        sides.provider_usage_cost_usd,
        sides.billed_usd,
        sides.unpriced_request_count
    from sides
    left join grains on sides.provider = grains.provider and sides.month = grains.month

),

matched as (

    select
        date,
        provider,
        model,
        match_grain,
        has_bill,
        sum(ledger_cost_usd) as ledger_cost_usd,
        sum(provider_usage_cost_usd) as provider_usage_cost_usd,
        sum(billed_usd) as billed_usd,
        sum(unpriced_request_count) as unpriced_request_count
    from at_grain
    group by
        date,
        provider,
        model,
        match_grain,
        has_bill

),

gaps as (

    select
        *,
        case when has_bill then coalesce(billed_usd, 0) - coalesce(ledger_cost_usd, 0) end as gap_usd
    from matched

)

select
    date,
    provider,
    model,
    match_grain,
    cast(ledger_cost_usd as decimal(38, 12)) as ledger_cost_usd,
    cast(provider_usage_cost_usd as decimal(38, 12)) as provider_usage_cost_usd,
    cast(billed_usd as decimal(38, 12)) as billed_usd,
    cast(gap_usd as decimal(38, 12)) as gap_usd,
    {{ share('gap_usd', 'billed_usd') }} as gap_share,
    cast(unpriced_request_count as bigint) as unpriced_request_count,
    case
        when not has_bill then 'no_bill'
        when ledger_cost_usd is null then 'billed_only'
        when billed_usd is null then 'ledger_only'
        when abs(gap_usd) <= abs(billed_usd) * {{ var('gate_reconciliation_gap_warn') }} or abs(gap_usd) < 0.01 then 'matched'
        when gap_usd > 0 then 'billed_more'
        else 'ledger_more'
    end as status
from gaps
