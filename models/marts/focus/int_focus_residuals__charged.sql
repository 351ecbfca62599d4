{{ config(materialized='view') }}

select
    'residual' as charge_kind,
    month as starts_on,
    true as is_monthly,
    provider,
    'Invoice less ledger: ' || replace(residual_class, '_', ' ') as description,
    residual_usd as list_usd,
    residual_usd as cost_usd,
    residual_class,
    evidence
from {{ ref('fct_reconciliation_residuals_monthly') }}
where residual_usd != 0
