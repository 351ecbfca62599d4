-- One row per route, model at a provider, and date of the last 92 days: USD per 1,000 tokens, and of the 14 days before.
-- A year of days of every route would be most of the site's data.
select
    baselines.date,
    page_name(baselines.route_id) as page_name,
    baselines.model || ', ' || label(baselines.provider) as model,
    baselines.cost_usd,
    baselines.cost_per_1k_tokens_usd,
    baselines.baseline_cost_per_1k_tokens_usd
from marts.fct_route_baselines_daily as baselines
cross join marts.audit_run as run
where baselines.date > run.audit_date - interval 92 day
order by page_name, model, baselines.date
