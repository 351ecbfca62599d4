-- One row per business day, route, provider and model: what the baselines and detectors compare from day to day.
select
    request_date,
    route_id,
    provider,
    model,
    cast(sum(request_count) as bigint) as request_count,
    cast(sum(request_cost_usd) as decimal(38, 12)) as cost_usd,
    cast(sum(uncached_input_tokens + cache_read_tokens + cache_write_tokens + output_tokens) as bigint) as tokens,
    cast(sum(uncached_input_tokens + cache_read_tokens + cache_write_tokens) as bigint) as context_tokens,
    cast(sum(cache_read_tokens) as bigint) as cache_read_tokens,
    cast(sum(output_tokens) as bigint) as output_tokens,
    cast(sum(retry_cost_adjustment_usd) as decimal(38, 12)) as retry_cost_usd,
    min(requested_at) as first_requested_at,
    min(prompt_template_version) as lowest_template_version,
    max(prompt_template_version) as highest_template_version,
    max(prompt_fingerprint) as highest_prompt_fingerprint
from {{ ref('fct_requests') }}
where pricing_status = 'priced'
group by
    request_date,
    route_id,
    provider,
    model
