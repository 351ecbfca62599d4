-- One row per month, provider and residual class: why the invoice is not the ledger.
select
    strftime(month, '%Y-%m') as month_id,
    provider as provider_id,
    label(provider) as provider,
    label(residual_class) as residual_class,
    shown_usd(residual_usd) as residual_usd,
    match_grain,
    label(rule) as rule,
    evidence,
    '/reconciliation/' || provider as page
from marts.fct_reconciliation_residuals_monthly
order by month, abs(residual_usd) desc, provider_id, residual_class
