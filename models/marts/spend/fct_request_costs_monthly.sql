select
    cast(date_trunc('month', request_date) as date) as month,
    coalesce(team_id, 'unattributed') as team_id,
    provider,
    model,
    coalesce(feature_name, '(none)') as feature_name,
    ---------- counts
    cast(sum(request_count) as bigint) as request_count,
    cast(sum(attempt_count) as bigint) as attempt_count,
    cast(sum(case when attempt_count > 1 then request_count else 0 end) as bigint) as retried_request_count,
    cast(sum(case when is_error then request_count else 0 end) as bigint) as error_count,
    cast(sum(case when pricing_status = 'unpriced' then request_count else 0 end) as bigint) as unpriced_request_count,
    ---------- tokens
    cast(sum(uncached_input_tokens) as bigint) as uncached_input_tokens,
    cast(sum(cache_read_tokens) as bigint) as cache_read_tokens,
    cast(sum(cache_write_tokens) as bigint) as cache_write_tokens,
    cast(sum(output_tokens) as bigint) as output_tokens,
    ---------- money
    {%- for part in ['input', 'cache_read', 'cache_write', 'output', 'tool'] %}
    cast(sum({{ part }}_cost_usd) as decimal(38, 12)) as {{ part }}_cost_usd,
    {%- endfor %}
    cast(sum(retry_cost_adjustment_usd) as decimal(38, 12)) as retry_cost_usd,
    cast(sum(request_cost_usd) as decimal(38, 12)) as cost_usd,
    cast(sum(list_cost_usd) as decimal(38, 12)) as list_cost_usd,
    cast(coalesce(sum(exposure_usd), 0) as decimal(38, 12)) as exposure_usd
from {{ ref('fct_requests') }}
where provider != 'self_hosted'
group by
    cast(date_trunc('month', request_date) as date),
    coalesce(team_id, 'unattributed'),
    provider,
    model,
    coalesce(feature_name, '(none)')
