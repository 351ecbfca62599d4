-- Which routes read how much of their prompt from the provider's cache, and what did that save against the plain price?
-- Every attempt counts, as it was paid for. Writing to the cache costs more than plain input and is shown beside it.
select
    route_id,
    model,
    sum(request_count) as requests,
    cast(
        sum(cache_read_tokens) / nullif(sum(uncached_input_tokens + cache_read_tokens), 0) as decimal(9, 3)
    ) as read_share,
    round(sum(cache_read_cost_usd), 2) as read_usd,
    round(sum(cache_read_tokens * usd_per_uncached_token - cache_read_cost_usd), 2) as saved_usd,
    round(sum(cache_write_cost_usd), 2) as write_usd
from marts.fct_attempts
where provider != 'self_hosted'
group by all
order by saved_usd desc nulls last, route_id asc, model asc
limit 40;
