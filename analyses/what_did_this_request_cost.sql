-- What did one request cost, attempt by attempt, at which price, and where is its raw line?
-- Replace the request id; here the dearest request of the audit stands for it.
select
    attempts.attempt_number,
    attempts.requested_at,
    attempts.model,
    attempts.status_code,
    attempts.uncached_input_tokens,
    attempts.cache_read_tokens,
    attempts.output_tokens,
    attempts.input_cost_usd,
    attempts.cache_read_cost_usd,
    attempts.cache_write_cost_usd,
    attempts.output_cost_usd,
    attempts.tool_cost_usd,
    attempts.attempt_cost_usd,
    attempts.reported_cost_usd,
    attempts.price_id,
    attempts.price_source,
    attempts._source_file,
    attempts._source_row
from marts.fct_attempts as attempts
where
    attempts.request_id = (
        select requests.request_id
        from marts.fct_requests as requests
        order by requests.request_cost_usd desc nulls last, requests.request_id
        limit 1
    )
order by attempts.attempt_number;
