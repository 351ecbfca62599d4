-- One row per UTC date and provider: billed, ledger and their gap, summed over models.
select
    date,
    strftime(date, '%Y-%m') as month_id,
    provider as provider_id,
    label(provider) as provider,
    sum(ledger_cost_usd) as ledger_cost_usd,
    sum(billed_usd) as billed_usd,
    shown_usd(sum(gap_usd)) as gap_usd
from marts.fct_reconciliation_daily
group by all
order by date, provider_id
