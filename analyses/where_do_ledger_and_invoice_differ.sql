-- On which days and models do the ledger, the provider's usage export and the bill disagree most?
-- usage = bill but not ledger: traffic outside the gateway. ledger = usage but not bill: a price or a discount.
select
    date,
    provider,
    model,
    match_grain,
    round(ledger_cost_usd, 4) as ledger_usd,
    round(provider_usage_cost_usd, 4) as provider_usage_usd,
    round(billed_usd, 4) as billed_usd,
    round(gap_usd, 4) as gap_usd,
    gap_share,
    status
from marts.fct_reconciliation_daily
order by abs(gap_usd) desc nulls last
limit 40;
