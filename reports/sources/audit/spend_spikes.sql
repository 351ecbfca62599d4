-- One row per day, team and feature that cost far more than the same weekday did.
select
    spikes.date,
    strftime(spikes.date, '%Y-%m-%d') as day,
    strftime(spikes.date, '%Y-%m') as month_id,
    coalesce(spikes.team_id, 'unattributed') as team_id,
    coalesce(teams.team_name, label(coalesce(spikes.team_id, 'unattributed'))) as team,
    '/teams/' || coalesce(spikes.team_id, 'unattributed') as page,
    spikes.feature_name,
    spikes.cost_usd,
    spikes.expected_cost_usd,
    spikes.excess_usd,
    spikes.explained_usd,
    label(spikes.verdict) as verdict,
    case when spikes.verdict = 'planned' then 'Planned event' else label(spikes.cause) end as cause,
    case when spikes.verdict = 'planned' then spikes.cause end as planned_event
from marts.fct_spend_spikes_daily as spikes
left join marts.dim_teams as teams on spikes.team_id = teams.team_id
order by spikes.date desc, spikes.excess_usd desc, team_id, spikes.feature_name
