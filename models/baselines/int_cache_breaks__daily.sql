with

days as (

    select
        *,
        {{ share('cache_read_tokens', 'context_tokens') }} as cache_read_share
    from {{ ref('int_route_days__summed') }}
    where context_tokens > 0

),

-- The established read share: the upper quartile of the 28 days before, so that the days of a long break do not lower
-- the bar that they are measured with.
established as (

    select
        days.request_date,
        days.route_id,
        days.provider,
        days.model,
        count(earlier.request_date) as earlier_days,
        cast(percentile_cont(0.75) within group (order by earlier.cache_read_share) as decimal(18, 6)) as established_share
    from days
    left join days as earlier
        on
            days.route_id = earlier.route_id
            and days.provider = earlier.provider
            and days.model = earlier.model
            and earlier.request_date < days.request_date
            and earlier.request_date >= days.request_date - interval '28' day
    group by
        days.request_date,
        days.route_id,
        days.provider,
        days.model

),

unread as (

    select
        *,
        {{ all_tokens(without=['cache_read', 'output']) }} as unread_tokens
    from {{ ref('fct_attempts') }}
    where pricing_status = 'priced'

),

rates as (

    select
        request_date,
        route_id,
        provider,
        model,
        -- What the day's tokens that were not read from the cache would have saved, each at its own tier's prices.
        {{ per_unit(
            'sum(unread_tokens * (usd_per_uncached_token - usd_per_cache_read_token))', 'sum(unread_tokens)'
        ) }} as usd_saved_per_cached_token
    from unread
    group by
        request_date,
        route_id,
        provider,
        model

),

judged as (

    select
        days.*,
        established.established_share,
        rates.usd_saved_per_cached_token,
        coalesce(
            established.earlier_days >= 5
            and established.established_share >= {{ var('cache_break_minimum_share') }}
            and days.cache_read_share < established.established_share * {{ var('cache_break_drop') }},
            false
        ) as is_broken
    from days
    inner join established
        on
            days.request_date = established.request_date
            and days.route_id = established.route_id
            and days.provider = established.provider
            and days.model = established.model
    inner join rates
        on
            days.request_date = rates.request_date
            and days.route_id = rates.route_id
            and days.provider = rates.provider
            and days.model = rates.model

),

-- Days with traffic that follow each other and are all broken are one break.
numbered as (

    select
        *,
        lag(is_broken) over (partition by route_id, provider, model order by request_date) as was_broken,
        lag(highest_template_version) over (
            partition by route_id, provider, model order by request_date
        ) as previous_template_version,
        lag(highest_prompt_fingerprint) over (
            partition by route_id, provider, model order by request_date
        ) as previous_prompt_fingerprint
    from judged

),

runs as (

    select
        *,
        cast(
            sum(case when is_broken and not coalesce(was_broken, false) then 1 else 0 end) over (
                partition by route_id, provider, model order by request_date
            ) as bigint
        ) as break_number
    from numbered

)

select
    request_date,
    route_id,
    provider,
    model,
    break_number,
    first_requested_at,
    context_tokens,
    cache_read_tokens,
    cache_read_share,
    established_share,
    previous_template_version,
    highest_template_version as template_version,
    previous_prompt_fingerprint,
    highest_prompt_fingerprint as prompt_fingerprint,
    cast(
        greatest(cast(context_tokens * established_share as bigint) - cache_read_tokens, 0)
        * coalesce(usd_saved_per_cached_token, 0)
        as decimal(38, 12)
    ) as waste_usd
from runs
where is_broken
