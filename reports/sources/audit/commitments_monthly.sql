-- One row per UTC month and commitment: cost, use, and the same work on demand.
select
    strftime(month, '%Y-%m') as month_id,
    strftime(month, '%b %Y') as month_name,
    provider as provider_id,
    label(provider) as provider,
    commitment_id as commitment,
    label(kind) as kind,
    model,
    unit_hours,
    used_share,
    break_even_used_share,
    commitment_cost_usd,
    used_cost_usd,
    summed_usd(unused_cost_usd) as unused_cost_usd,
    on_demand_cost_usd,
    summed_usd(saving_usd) as saving_usd,
    effective_usd_per_1k_tokens,
    on_demand_usd_per_1k_tokens,
    label(cost_source) as cost_source,
    label(verdict) as verdict
from marts.fct_commitments_monthly
order by month_id, commitment_cost_usd desc nulls last, commitment
