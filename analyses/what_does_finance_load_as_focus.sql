-- What does a FinOps tool get that loads the FOCUS table, and is it the invoice?
-- Own GPUs (self_hosted) are no provider's bill. A difference of the other providers is theirs without an invoice.
with

focus as (

    select
        cast(BillingPeriodStart as date) as month,
        ProviderName as provider,
        sum(case when ChargeCategory = 'Usage' then BilledCost else 0 end) as usage_usd,
        sum(case when ChargeCategory = 'Credit' then BilledCost else 0 end) as credit_usd,
        sum(case when ChargeCategory = 'Tax' then BilledCost else 0 end) as tax_usd,
        sum(case when ChargeCategory not in ('Usage', 'Credit', 'Tax') then BilledCost else 0 end) as other_usd,
        sum(BilledCost) as billed_usd
    from marts.focus_cost_and_usage
    group by
        cast(BillingPeriodStart as date),
        ProviderName

)

select
    focus.month,
    focus.provider,
    round(focus.usage_usd, 2) as usage_usd,
    round(focus.credit_usd, 2) as credit_usd,
    round(focus.tax_usd, 2) as tax_usd,
    round(focus.other_usd, 2) as other_usd,
    round(focus.billed_usd, 2) as billed_usd,
    round(coverage.invoice_usd, 2) as invoice_usd
from focus
left join marts.fct_coverage_monthly as coverage
    on focus.month = coverage.month and focus.provider = coverage.provider
order by focus.month desc, focus.billed_usd desc;
