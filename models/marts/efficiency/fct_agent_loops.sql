with

requests as (

    select
        session_id,
        route_id,
        team_id,
        requested_at,
        request_date,
        gateway,
        request_id,
        uncached_input_tokens + cache_read_tokens + cache_write_tokens as context_tokens,
        coalesce(request_cost_usd, 0) as cost_usd,
        row_number() over (
            partition by route_id, session_id
            order by requested_at, gateway, request_id
        ) as call_number
    from {{ ref('fct_requests') }}
    where session_id is not null

),

sessions as (

    select
        route_id,
        session_id,
        min(requested_at) as started_at,
        max(requested_at) as ended_at,
        max(team_id) as team_id,
        count(*) as call_count,
        sum(cost_usd) as cost_usd
    from requests
    group by
        route_id,
        session_id

),

-- What a session of the route normally takes. Those already longer than the minimum for a runaway are left out, so
-- that one loop does not make the next look normal.
normal_lengths as (

    select
        route_id,
        cast(ceil(percentile_cont(0.99) within group (order by call_count)) as bigint) as normal_call_count
    from sessions
    where call_count < {{ var('runaway_session_minimum_calls') }}
    group by route_id

),

runaways as (

    select
        sessions.*,
        coalesce(normal_lengths.normal_call_count, 0) as normal_call_count,
        greatest(
            {{ var('runaway_session_minimum_calls') }},
            {{ var('runaway_session_multiple') }} * coalesce(normal_lengths.normal_call_count, 0)
        ) as runaway_call_count
    from sessions
    left join normal_lengths on sessions.route_id = normal_lengths.route_id
    where
        sessions.call_count >= greatest(
            {{ var('runaway_session_minimum_calls') }},
            {{ var('runaway_session_multiple') }} * coalesce(normal_lengths.normal_call_count, 0)
        )

),

beyond_normal as (

    select
        runaways.route_id,
        runaways.session_id,
        min(case when requests.call_number = runaways.runaway_call_count then requests.requested_at end) as detected_at,
        max(case when requests.call_number = 1 then requests.context_tokens end) as first_context_tokens,
        max(requests.context_tokens) as largest_context_tokens,
        sum(case when requests.call_number > runaways.normal_call_count then requests.cost_usd else 0 end) as waste_usd
    from runaways
    inner join requests on runaways.route_id = requests.route_id and runaways.session_id = requests.session_id
    group by
        runaways.route_id,
        runaways.session_id

)

select
    runaways.session_id,
    runaways.route_id,
    runaways.team_id,
    runaways.started_at,
    beyond_normal.detected_at,
    runaways.ended_at,
    cast(runaways.call_count as bigint) as call_count,
    runaways.normal_call_count,
    beyond_normal.first_context_tokens,
    beyond_normal.largest_context_tokens,
    cast(runaways.cost_usd as decimal(38, 12)) as cost_usd,
    cast(beyond_normal.waste_usd as decimal(38, 12)) as waste_usd
from runaways
inner join beyond_normal on runaways.route_id = beyond_normal.route_id and runaways.session_id = beyond_normal.session_id
