-- One row per line of a bill whose amount has not the sign of its line type.
select
    strftime(month, '%Y-%m') as month_id,
    provider as provider_id,
    label(provider) as provider,
    account_id as account,
    invoice_id,
    label(line_type) as line_type,
    description,
    billed_amount,
    currency,
    billed_usd,
    problem,
    look_first,
    _source_file as source_file,
    _source_row as source_row
from marts.fct_flagged_bill_lines
order by month_id, abs(billed_usd) desc nulls last, provider_id, source_file, source_row
