-- One row per UTC date, provider and model: ledger, usage export and bill. Monthly bills stand on the month's first day.
select
    date,
    strftime(date, '%Y-%m') as month_id,
    strftime(date, '%Y-%m-%d') as day,
    provider as provider_id,
    label(provider) as provider,
    case model when 'all' then 'All' else model end as model,
    match_grain,
    ledger_cost_usd,
    provider_usage_cost_usd,
    billed_usd,
    shown_usd(gap_usd) as gap_usd,
    label(status) as status,
    '/reconciliation/' || provider as page
from marts.fct_reconciliation_daily
order by date, provider_id, model
