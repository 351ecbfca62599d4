-- Why is each invoice not what the ledger says? From the ledger, over each class of difference, to the invoice.
-- The steps of a provider and month add up to its invoice exactly; rule and evidence say why a step is what it is.
with

ledger as (

    select
        month,
        provider,
        ledger_usd,
        invoice_usd
    from marts.fct_coverage_monthly
    where provider != 'all' and invoice_usd is not null

),

steps as (

    select
        month,
        provider,
        1 as place,
        'ledger' as step,
        ledger_usd as usd,
        null as rule,
        null as evidence
    from ledger
    union all
    select
        month,
        provider,
        2 as place,
        residual_class as step,
        residual_usd as usd,
        rule,
        evidence
    from marts.fct_reconciliation_residuals_monthly
    union all
    select
        month,
        provider,
        3 as place,
        'invoice' as step,
        invoice_usd as usd,
        null as rule,
        null as evidence
    from ledger

)

select
    month,
    provider,
    step,
    usd,
    rule,
    evidence
from steps
order by month desc, provider asc, place asc, abs(usd) desc, step asc;
