-- Do our commitments pay off: how much of each is used, at what price, and from which use on is it cheaper than on demand?
select
    month,
    provider,
    commitment_id,
    kind,
    used_share,
    break_even_used_share,
    round(commitment_cost_usd, 2) as commitment_cost_usd,
    round(unused_cost_usd, 2) as unused_cost_usd,
    round(on_demand_cost_usd, 2) as on_demand_cost_usd,
    round(saving_usd, 2) as saving_usd,
    effective_usd_per_1k_tokens,
    verdict
from marts.fct_commitments_monthly
order by
    month desc,
    saving_usd nulls first,
    commitment_id
