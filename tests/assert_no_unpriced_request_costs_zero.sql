-- Promise 4: a missing price is never $0. An unpriced request has no cost and an exposure; a priced one has a cost, which
-- is zero only where the price sheet says so; a free one used nothing, or nothing that is paid by the token. What own GPUs
-- or unknown usage cost has no bound, and so no exposure.
with

attempts as (

    select
        *,
        uncached_input_tokens * coalesce(usd_per_uncached_token, 0) + cache_read_tokens * coalesce(usd_per_cache_read_token, 0)
        + output_tokens * coalesce(usd_per_output_token, 0) > 0 as has_rated_usage
    from {{ ref('fct_attempts') }}

),

requests as (

    select * from {{ ref('fct_requests') }}

),

retried as (

    select
        gateway,
        request_id,
        max(case when pricing_status = 'unpriced' then 1 else 0 end) = 1 as has_unpriced_attempt
    from attempts
    where attempt_count > 1
    group by
        gateway,
        request_id

),

-- Requests of one attempt, by day: as many without a price, and as many that cost something, as their attempts.
days as (

    select
        request_date,
        sum(unpriced) as unpriced,
        sum(costly) as costly
    from (
        select
            request_date,
            case when pricing_status = 'unpriced' then 1 else 0 end as unpriced,
            case when request_cost_usd > 0 then 1 else 0 end as costly
        from requests
        where attempt_count = 1
        union all
        select
            request_date,
            case when pricing_status = 'unpriced' then -1 else 0 end as unpriced,
            case when attempt_cost_usd > 0 then -1 else 0 end as costly
        from attempts
        where attempt_count = 1
    ) as both_sides
    group by request_date

)

select 'attempt' as what, gateway, request_id, pricing_status, attempt_cost_usd as cost_usd
from attempts
where
    (pricing_status = 'unpriced' and attempt_cost_usd is not null)
    or (pricing_status = 'priced' and price_id is null)
    or (pricing_status = 'priced' and attempt_cost_usd = 0 and has_rated_usage)
    or (pricing_status = 'free' and row_kind != 'cache_hit' and provider != 'self_hosted' and {{ all_tokens() }} > 0)
union all
select 'request' as what, gateway, request_id, pricing_status, request_cost_usd as cost_usd
from requests
where
    (pricing_status = 'unpriced') != (request_cost_usd is null)
    or (pricing_status != 'unpriced' and exposure_usd is not null)
    or (
        pricing_status = 'unpriced'
        and exposure_usd is null
        and provider != 'self_hosted'
        and uncached_input_tokens + cache_read_tokens + cache_write_tokens + output_tokens is not null
    )
union all
select
    'retried request' as what,
    requests.gateway,
    requests.request_id,
    requests.pricing_status,
    requests.request_cost_usd as cost_usd
from requests
inner join retried on requests.gateway = retried.gateway and requests.request_id = retried.request_id
where requests.attempt_count > 1 and retried.has_unpriced_attempt and requests.pricing_status != 'unpriced'
union all
select 'day' as what, null as gateway, cast(request_date as string) as request_id, null as pricing_status, null as cost_usd
from days
where unpriced != 0 or costly != 0
