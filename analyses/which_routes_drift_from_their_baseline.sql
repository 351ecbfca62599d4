-- Which routes cost more per token than on their own fourteen days before, and what moved?
select
    date,
    route_id,
    model,
    cost_per_1k_tokens_usd,
    baseline_cost_per_1k_tokens_usd,
    drift_ratio,
    drift_status,
    cause,
    round(cost_usd, 2) as cost_usd
from marts.fct_route_baselines_daily
where drift_status in ('warn', 'error')
order by cost_usd desc
limit 40;
