-- Promise 3: a request's cost is the sum of its parts, and of its attempts, to the last decimal; so is the ledger.
with

attempts as (

    select
        gateway,
        request_id,
        count(*) as attempt_count,
        sum(case when is_final_attempt then 1 else 0 end) as final_attempts,
        sum(attempt_cost_usd) as cost_usd,
        sum(case when not is_final_attempt then attempt_cost_usd else 0 end) as retry_usd,
        sum(
            cast(input_cost_usd as decimal(38, 12)) + cache_read_cost_usd + cache_write_cost_usd + output_cost_usd + tool_cost_usd
        ) as components_usd
    from {{ ref('fct_attempts') }}
    group by
        gateway,
        request_id

),

requests as (

    select * from {{ ref('fct_requests') }}

)

select
    coalesce(requests.gateway, attempts.gateway) as gateway,
    coalesce(requests.request_id, attempts.request_id) as request_id,
    requests.request_cost_usd,
    attempts.cost_usd as attempts_cost_usd
from requests
full outer join attempts on requests.gateway = attempts.gateway and requests.request_id = attempts.request_id
where
    requests.request_id is null
    or attempts.request_id is null
    or attempts.final_attempts != 1
    or attempts.attempt_count != requests.attempt_count
    or (
        requests.pricing_status != 'unpriced'
        and (
            requests.request_cost_usd is distinct from cast(requests.input_cost_usd as decimal(38, 12))
            + requests.cache_read_cost_usd + requests.cache_write_cost_usd + requests.output_cost_usd + requests.tool_cost_usd
            + requests.retry_cost_adjustment_usd
            or requests.request_cost_usd is distinct from attempts.cost_usd
            or requests.request_cost_usd is distinct from attempts.components_usd
            or requests.retry_cost_adjustment_usd is distinct from attempts.retry_usd
        )
    )
