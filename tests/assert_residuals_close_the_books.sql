-- Promise 5: explanations add up. Per provider and UTC month, the ledger plus the classes of its residuals is the invoice,
-- exactly. Invoice and ledger are summed here from lines and attempts, and both sides are joined both ways: a provider
-- that is absent on one of them fails.
with

invoices as (

    select
        provider,
        month,
        sum(billed_usd) as invoice_usd,
        sum(case when line_type in ('usage', 'fee', 'commitment') then billed_usd else 0 end) as billed_usd
    from {{ ref('int_billing__lines') }}
    group by
        provider,
        month
    having sum(billed_usd) is not null

),

attempts as (

    select
        provider,
        cast(date_trunc('month', requested_at) as date) as month,
        sum(attempt_cost_usd) as ledger_usd
    from {{ ref('fct_attempts') }}
    where provider != 'self_hosted'
    group by
        provider,
        cast(date_trunc('month', requested_at) as date)

),

pools as (

    select
        cast(date_trunc('month', cost_date) as date) as month,
        sum(cost_usd) as ledger_usd
    from {{ ref('int_gpu_costs__daily') }}
    group by cast(date_trunc('month', cost_date) as date)

),

-- GPU instances are covered by the pools, up to what the cloud billed.
expected as (

    select
        invoices.provider,
        invoices.month,
        invoices.invoice_usd - case
            when invoices.provider = 'gpu_cloud' then least(coalesce(pools.ledger_usd, 0), invoices.billed_usd)
            else coalesce(attempts.ledger_usd, 0)
        end as gap_usd
    from invoices
    left join attempts on invoices.provider = attempts.provider and invoices.month = attempts.month
    left join pools on invoices.month = pools.month

),

residuals as (

    select
        provider,
        month,
        sum(residual_usd) as gap_usd,
        sum(case when residual_class = 'unknown' then 1 else 0 end) as unknown_rows
    from {{ ref('fct_reconciliation_residuals_monthly') }}
    group by
        provider,
        month

)

select
    coalesce(expected.provider, residuals.provider) as provider,
    coalesce(expected.month, residuals.month) as month,
    expected.gap_usd as expected_usd,
    residuals.gap_usd as found_usd
from expected
full outer join residuals on expected.provider = residuals.provider and expected.month = residuals.month
where
    expected.gap_usd is null
    or residuals.gap_usd is null
    or expected.gap_usd != residuals.gap_usd
    or residuals.unknown_rows != 1
