with

days as (

    select
        date as cost_date,
        team_id,
        feature_name,
        coalesce(sum(cost_usd), 0) as cost_usd
    from {{ ref('fct_cost_daily') }}
    where cost_layer = 'managed_api'
    group by
        date,
        team_id,
        feature_name

),

-- What the day was expected to cost: the mean of the same weekday over the four weeks before, so that a weekly rhythm
-- is no spike.
expected as (

    select
        days.cost_date,
        days.team_id,
        days.feature_name,
        days.cost_usd,
        count(earlier.cost_date) as earlier_days,
        cast(sum(earlier.cost_usd) / nullif(count(earlier.cost_date), 0) as decimal(38, 12)) as expected_cost_usd
    from days
    left join days as earlier
        on
            days.team_id = earlier.team_id
            and days.feature_name = earlier.feature_name
            and earlier.cost_date in (
                cast(days.cost_date - interval '7' day as date),
                cast(days.cost_date - interval '14' day as date),
                cast(days.cost_date - interval '21' day as date),
                cast(days.cost_date - interval '28' day as date)
            )
    group by
        days.cost_date,
        days.team_id,
        days.feature_name,
        days.cost_usd

),

spikes as (

    select
        *,
        cost_usd - expected_cost_usd as excess_usd
    from expected
    where
        earlier_days >= 2
        and cost_usd > expected_cost_usd * {{ var('spend_spike_multiple') }}
        and cost_usd - expected_cost_usd >= {{ var('spend_spike_minimum_usd') }}

),

planned as (

    select
        spikes.cost_date,
        spikes.team_id,
        spikes.feature_name,
        min(planned_events.note) as note
    from spikes
    inner join {{ ref('planned_events') }} as planned_events
        on
            spikes.team_id = planned_events.team_id
            and (planned_events.feature_name is null or spikes.feature_name = planned_events.feature_name)
            and spikes.cost_date >= cast(planned_events.starts_at as date)
            and spikes.cost_date < planned_events.ends_at
            -- A plan explains what was planned: well above it, the day is a spike again.
            and spikes.cost_usd <= spikes.expected_cost_usd * planned_events.expected_multiple * 1.5
    group by
        spikes.cost_date,
        spikes.team_id,
        spikes.feature_name

),

-- Waste that another detector has named on that day: it explains the spike and is claimed there, not here.
named_waste as (

    select
        {{ business_date('loops.started_at') }} as cost_date,
        coalesce(loops.team_id, 'unattributed') as team_id,
        coalesce(routes.feature_name, '(none)') as feature_name,
        'runaway_session' as cause,
        loops.waste_usd
    from {{ ref('fct_agent_loops') }} as loops
    inner join {{ ref('dim_routes') }} as routes on loops.route_id = routes.route_id
    union all
    select
        breaks.request_date as cost_date,
        owners.team_id,
        coalesce(routes.feature_name, '(none)') as feature_name,
        'cache_break' as cause,
        breaks.waste_usd * {{ share('owners.cost_usd', 'owners.route_cost_usd') }} as waste_usd
    from {{ ref('int_cache_breaks__daily') }} as breaks
    inner join {{ ref('dim_routes') }} as routes on breaks.route_id = routes.route_id
    inner join {{ ref('int_route_owners__daily') }} as owners
        on breaks.request_date = owners.request_date and breaks.route_id = owners.route_id

),

explained as (

    select
        cost_date,
        team_id,
        feature_name,
        min(cause) as cause,
        sum(waste_usd) as waste_usd
    from named_waste
    group by
        cost_date,
        team_id,
        feature_name

)

select
    spikes.cost_date as date,
    spikes.team_id,
    spikes.feature_name,
    cast(spikes.cost_usd as decimal(38, 12)) as cost_usd,
    cast(spikes.expected_cost_usd as decimal(38, 12)) as expected_cost_usd,
    cast(spikes.excess_usd as decimal(38, 12)) as excess_usd,
    cast(least(coalesce(explained.waste_usd, 0), spikes.excess_usd) as decimal(38, 12)) as explained_usd,
    case
        when planned.cost_date is not null then 'planned'
        when explained.waste_usd >= spikes.excess_usd * 0.5 then 'regression'
        else 'unexplained'
    end as verdict,
    coalesce(planned.note, explained.cause, 'none found') as cause
from spikes
left join planned
    on
        spikes.cost_date = planned.cost_date
        and spikes.team_id = planned.team_id
        and spikes.feature_name = planned.feature_name
left join explained
    on
        spikes.cost_date = explained.cost_date
        and spikes.team_id = explained.team_id
        and spikes.feature_name = explained.feature_name
