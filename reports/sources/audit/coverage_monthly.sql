-- One row per month and provider, and one for all providers (provider_id 'all').
select
    month,
    strftime(month, '%Y-%m') as month_id,
    provider as provider_id,
    label(provider) as provider,
    invoice_usd,
    ledger_usd,
    attributed_usd,
    unattributed_usd,
    stamped_usd,
    key_owner_usd,
    rule_usd,
    after_the_fact_usd,
    coverage_share,
    traced_coverage_share,
    label(verdict) as verdict,
    label(traced_verdict) as traced_verdict
from marts.fct_coverage_monthly
order by month, provider_id
