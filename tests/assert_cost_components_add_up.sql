-- Promise 3: a request's cost is the sum of its parts, and of its attempts, to the last decimal; so is the ledger.
with

attempts as (

    select * from {{ ref('fct_attempts') }}

),

requests as (

    select * from {{ ref('fct_requests') }}

),

retried as (

    select
        gateway,
        request_id,
        count(*) as attempt_count,
        sum(case when is_final_attempt then 1 else 0 end) as final_attempts,
        sum(attempt_cost_usd) as cost_usd,
        sum(case when not is_final_attempt then attempt_cost_usd else 0 end) as retry_usd
    from attempts
    where attempt_count > 1
    group by
        gateway,
        request_id

),

requests_of_several as (

    select * from requests
    where attempt_count > 1

),

-- Requests of one attempt, by day: as many, and as dear, as their attempts.
days as (

    select
        request_date,
        sum(requests) as request_count,
        sum(cost_usd) as cost_usd
    from (
        select request_date, 1 as requests, cast(request_cost_usd as decimal(38, 12)) as cost_usd
        from requests
        where attempt_count = 1
        union all
        select request_date, -1 as requests, -cast(attempt_cost_usd as decimal(38, 12)) as cost_usd
        from attempts
        where attempt_count = 1
    ) as both_sides
    group by request_date

)

select 'parts of an attempt' as problem, gateway, request_id, attempt_cost_usd as cost_usd
from attempts
where
    attempt_cost_usd is distinct from cast(input_cost_usd as decimal(38, 12)) + cache_read_cost_usd + cache_write_cost_usd
    + output_cost_usd + tool_cost_usd
    or (attempt_count = 1 and not is_final_attempt)
union all
select 'parts of a request' as problem, gateway, request_id, request_cost_usd as cost_usd
from requests
where
    pricing_status != 'unpriced'
    and request_cost_usd is distinct from cast(input_cost_usd as decimal(38, 12)) + cache_read_cost_usd + cache_write_cost_usd
    + output_cost_usd + tool_cost_usd + retry_cost_adjustment_usd
union all
select
    'attempts of a request' as problem,
    coalesce(requests.gateway, retried.gateway) as gateway,
    coalesce(requests.request_id, retried.request_id) as request_id,
    requests.request_cost_usd as cost_usd
from requests_of_several as requests
full outer join retried on requests.gateway = retried.gateway and requests.request_id = retried.request_id
where
    requests.request_id is null
    or retried.request_id is null
    or retried.final_attempts != 1
    or retried.attempt_count != requests.attempt_count
    or (
        requests.pricing_status != 'unpriced'
        and (
            requests.request_cost_usd is distinct from retried.cost_usd
            or requests.retry_cost_adjustment_usd is distinct from retried.retry_usd
        )
    )
union all
select 'requests of a day' as problem, null as gateway, cast(request_date as string) as request_id, cost_usd
from days
where request_count != 0 or coalesce(cost_usd, 0) != 0
