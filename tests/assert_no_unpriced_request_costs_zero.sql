-- Promise 4: a missing price is never $0. An unpriced request has no cost and an exposure; a priced one has a cost, which
-- is zero only where the price sheet says so; a free one used nothing, or nothing that is paid by the token. What own GPUs
-- or unknown usage cost has no bound, and so no exposure.
with

rated_attempts as (

    select
        gateway,
        request_id,
        sum(
            (uncached_input_tokens) * coalesce(usd_per_uncached_token, 0)
            + cache_read_tokens * coalesce(usd_per_cache_read_token, 0)
            + output_tokens * coalesce(usd_per_output_token, 0)
        ) as rated_usd,
        sum(case when price_id is null and pricing_status = 'priced' then 1 else 0 end) as attempts_without_price,
        sum(case when pricing_status = 'unpriced' then 1 else 0 end) as unpriced_attempts,
        sum(case when pricing_status = 'unpriced' and attempt_cost_usd is not null then 1 else 0 end) as unpriced_with_cost,
        sum(
            case
                when
                    pricing_status = 'free'
                    and row_kind != 'cache_hit'
                    and provider != 'self_hosted'
                    and uncached_input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_30m_tokens
                    + cache_write_1h_tokens + cache_write_12h_tokens + output_tokens > 0
                    then 1
                else 0
            end
        ) as free_attempts_with_usage
    from {{ ref('fct_attempts') }}
    group by
        gateway,
        request_id

)

select
    requests.gateway,
    requests.request_id,
    requests.pricing_status,
    requests.request_cost_usd,
    requests.exposure_usd
from {{ ref('fct_requests') }} as requests
inner join rated_attempts on requests.gateway = rated_attempts.gateway and requests.request_id = rated_attempts.request_id
where
    requests.pricing_status not in ('priced', 'unpriced', 'free')
    or (requests.pricing_status = 'unpriced') != (requests.request_cost_usd is null)
    or (requests.pricing_status != 'unpriced' and requests.exposure_usd is not null)
    or (
        requests.pricing_status = 'unpriced'
        and requests.exposure_usd is null
        and requests.provider != 'self_hosted'
        and requests.uncached_input_tokens + requests.cache_read_tokens + requests.cache_write_tokens
        + requests.output_tokens is not null
    )
    or (requests.pricing_status = 'unpriced') != (rated_attempts.unpriced_attempts > 0)
    or rated_attempts.unpriced_with_cost > 0
    or rated_attempts.attempts_without_price > 0
    or rated_attempts.free_attempts_with_usage > 0
    or (requests.request_cost_usd = 0 and requests.pricing_status = 'priced' and rated_attempts.rated_usd > 0)
