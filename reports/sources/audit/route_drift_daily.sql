-- One row per date, route, provider and model: USD per 1,000 tokens against the 14 days before.
select
    date,
    strftime(date, '%Y-%m-%d') as day,
    strftime(date, '%Y-%m') as month_id,
    route_id,
    page_name(route_id) as page_name,
    '/routes/' || page_name(route_id) || '/' as page,
    label(provider) as provider,
    model,
    request_count,
    cost_usd,
    cost_per_1k_tokens_usd,
    baseline_cost_per_1k_tokens_usd,
    drift_ratio,
    drift_status as drift_status_id,
    label(drift_status) as drift_status,
    label(cause) as cause,
    cache_read_share,
    baseline_cache_read_share
from marts.fct_route_baselines_daily
order by date, route_id, provider, model
