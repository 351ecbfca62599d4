-- One row per gate and provider. The figure is a share of dollars or tokens, or a count of days: see docs/gates.md.
select
    gate_id,
    label(gate_id) as gate,
    provider as provider_id,
    label(provider) as provider,
    month,
    strftime(month, '%Y-%m') as month_id,
    figure,
    warn_at,
    error_at,
    bad_when,
    shown_usd(amount_usd) as amount_usd,
    label(status) as status,
    look_first
from marts.fct_gates
order by case status when 'fail' then 1 when 'warn' then 2 else 3 end, gate_id, provider_id
