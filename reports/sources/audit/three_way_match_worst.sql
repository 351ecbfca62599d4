-- The rows of a month and provider that were compared and do not match, the 50 with the most dollars.
select
    strftime(month, '%Y-%m') as month_id,
    strftime(period_start, '%Y-%m-%d') as period,
    provider as provider_id,
    case account_id when 'all' then 'All' else account_id end as account,
    case model when 'all' then 'All' else model end as model,
    label(meter) as meter,
    label(status) as status,
    ledger_tokens,
    billed_tokens,
    shown_usd(billed_less_ledger_usd) as billed_less_ledger_usd
from marts.fct_three_way_match
where status not in ('matched', 'not_compared')
qualify
    row_number() over (
        partition by month, provider
        order by abs(billed_less_ledger_usd) desc nulls last, period_start, account_id, model, meter
    ) <= 50
order by month_id, provider_id, abs(billed_less_ledger_usd) desc nulls last, period, account, model, meter
