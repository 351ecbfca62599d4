-- On which days did a team's feature cost far more than usual, was it planned, and what explains it?
select
    date,
    team_id,
    feature_name,
    round(cost_usd, 2) as cost_usd,
    round(expected_cost_usd, 2) as expected_usd,
    round(excess_usd, 2) as excess_usd,
    round(explained_usd, 2) as explained_usd,
    verdict,
    cause
from marts.fct_spend_spikes_daily
order by excess_usd desc, date asc, team_id asc, feature_name asc;
