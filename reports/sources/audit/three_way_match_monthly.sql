-- One row per month, provider, meter and status: ledger, usage export and bill, summed over days, accounts and models.
select
    strftime(month, '%Y-%m') as month_id,
    provider as provider_id,
    label(meter) as meter,
    status as status_id,
    label(status) as status,
    count(*) as row_count,
    sum(ledger_tokens) as ledger_tokens,
    sum(exported_tokens) as exported_tokens,
    sum(billed_tokens) as billed_tokens,
    sum(ledger_cost_usd) as ledger_cost_usd,
    sum(exported_cost_usd) as exported_cost_usd,
    sum(billed_usd) as billed_usd,
    shown_usd(sum(billed_less_ledger_usd)) as billed_less_ledger_usd
from marts.fct_three_way_match
group by all
order by month_id, provider_id, abs(sum(billed_less_ledger_usd)) desc, meter, status_id
