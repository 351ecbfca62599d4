with

days as (

    select * from {{ ref('int_route_days__summed') }}
    where tokens > 0

),

-- The baseline: what the route, provider and model cost over the 14 days before, all tokens together.
before as (

    select
        days.request_date,
        days.route_id,
        days.provider,
        days.model,
        count(earlier.request_date) as baseline_days,
        sum(earlier.cost_usd) as baseline_cost_usd,
        sum(earlier.tokens) as baseline_tokens,
        sum(earlier.cache_read_tokens) as baseline_cache_read_tokens,
        sum(earlier.context_tokens) as baseline_context_tokens,
        sum(earlier.output_tokens) as baseline_output_tokens,
        sum(earlier.retry_cost_usd) as baseline_retry_cost_usd
    from days
    left join days as earlier
        on
            days.route_id = earlier.route_id
            and days.provider = earlier.provider
            and days.model = earlier.model
            and earlier.request_date < days.request_date
            and earlier.request_date >= days.request_date - interval '14' day
    group by
        days.request_date,
        days.route_id,
        days.provider,
        days.model

),

compared as (

    select
        days.*,
        before.baseline_days,
        {{ per_unit('days.cost_usd * 1000', 'days.tokens') }} as cost_per_1k_tokens_usd,
        {{ per_unit('before.baseline_cost_usd * 1000', 'before.baseline_tokens') }} as baseline_cost_per_1k_tokens_usd,
        {{ share('days.cache_read_tokens', 'days.context_tokens') }} as cache_read_share,
        {{ share('before.baseline_cache_read_tokens', 'before.baseline_context_tokens') }} as baseline_cache_read_share,
        {{ share('days.output_tokens', 'days.tokens') }} as output_share,
        {{ share('before.baseline_output_tokens', 'before.baseline_tokens') }} as baseline_output_share,
        {{ share('days.retry_cost_usd', 'days.cost_usd') }} as retry_share,
        {{ share('before.baseline_retry_cost_usd', 'before.baseline_cost_usd') }} as baseline_retry_share
    from days
    inner join before
        on
            days.request_date = before.request_date
            and days.route_id = before.route_id
            and days.provider = before.provider
            and days.model = before.model

),

ratios as (

    select
        *,
        case
            when baseline_days >= 5 then {{ share('cost_per_1k_tokens_usd', 'baseline_cost_per_1k_tokens_usd') }}
        end as drift_ratio
    from compared

)

select
    request_date as date,
    route_id,
    provider,
    model,
    request_count,
    tokens,
    cost_usd,
    cost_per_1k_tokens_usd,
    baseline_cost_per_1k_tokens_usd,
    drift_ratio,
    case
        when drift_ratio is null then 'no_baseline'
        when drift_ratio >= {{ var('route_drift_error') }} then 'error'
        when drift_ratio >= {{ var('route_drift_warn') }} then 'warn'
        else 'ok'
    end as drift_status,
    -- The first of these that moved by a tenth or more of its scale: each raises the price of a route's average token.
    case
        when drift_ratio is null or drift_ratio < {{ var('route_drift_warn') }} then 'none'
        when baseline_cache_read_share - cache_read_share >= 0.10 then 'cache_reads_fell'
        when retry_share - baseline_retry_share >= 0.10 then 'retries_rose'
        when output_share - baseline_output_share >= 0.05 then 'output_share_rose'
        else 'price_or_context_mix'
    end as cause,
    cache_read_share,
    baseline_cache_read_share
from ratios
