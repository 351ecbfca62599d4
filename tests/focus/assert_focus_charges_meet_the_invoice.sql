-- What the charges of a provider's UTC month add up to is its invoice; where it sent none, the ledger. Own GPUs cost what
-- their pools cost, less what a cloud billed of it.
with

charges as (

    select
        cast(BillingPeriodStart as date) as month,
        ProviderName as provider,
        sum(BilledCost) as usd
    from {{ ref('focus_cost_and_usage') }}
    group by
        cast(BillingPeriodStart as date),
        ProviderName

),

pools as (

    select
        cast(date_trunc('month', cost_date) as date) as month,
        'self_hosted' as provider,
        cost_usd as usd
    from {{ ref('int_gpu_costs__daily') }}
    union all
    select
        month,
        'self_hosted' as provider,
        -ledger_usd as usd
    from {{ ref('fct_coverage_monthly') }}
    where provider = 'gpu_cloud'

),

stated as (

    select
        month,
        provider,
        coalesce(invoice_usd, ledger_usd) as usd
    from {{ ref('fct_coverage_monthly') }}
    where provider != 'all'
    union all
    select
        month,
        provider,
        sum(usd) as usd
    from pools
    group by
        month,
        provider

),

-- A provider that charged nothing may have rows on either side.
charged as (

    select * from charges
    where usd != 0

),

to_meet as (

    select * from stated
    where usd != 0

)

{{ reconciliation_failures('charged', 'to_meet', by=['month', 'provider'], measure='usd') }}
