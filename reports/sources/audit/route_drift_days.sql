-- One row per date, route, provider and model whose USD per 1,000 tokens drifted from the 14 days before: warn or error.
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
    label(drift_status) as drift_status,
    label(cause) as cause,
    cache_read_share,
    baseline_cache_read_share
from marts.fct_route_baselines_daily
where drift_status in ('warn', 'error')
order by date, route_id, provider, model
