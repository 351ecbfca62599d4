-- Promise 3: what changed adds up. The rows of a month and team are its spend, that of the month before and its change.
-- What has no price at all is null in one and nothing in the other, hence the coalesce.
with

changes as (

    select
        month,
        team_id,
        sum(cost_usd) as cost_usd,
        sum(previous_cost_usd) as previous_cost_usd,
        sum(change_usd) as change_usd,
        sum(request_count) as request_count,
        sum(unpriced_request_count) as unpriced_request_count,
        sum(unpriced_gpu_hours) as unpriced_gpu_hours
    from {{ ref('fct_spend_change_monthly') }}
    group by
        month,
        team_id

)

select
    coalesce(changes.month, teams.month) as month,
    coalesce(changes.team_id, teams.team_id) as team_id,
    teams.change_usd as expected_usd,
    changes.change_usd as found_usd
from changes
full outer join {{ ref('fct_team_spend_monthly') }} as teams
    on changes.month = teams.month and changes.team_id = teams.team_id
where
    coalesce(changes.cost_usd, 0) != coalesce(teams.cost_usd, 0)
    or coalesce(changes.previous_cost_usd, 0) != coalesce(teams.previous_cost_usd, 0)
    or coalesce(changes.change_usd, 0) != teams.change_usd
    or coalesce(changes.request_count, 0) != coalesce(teams.request_count, 0)
    or coalesce(changes.unpriced_request_count, 0) != coalesce(teams.unpriced_request_count, 0)
    or coalesce(changes.unpriced_gpu_hours, 0) != coalesce(teams.unpriced_gpu_hours, 0)
