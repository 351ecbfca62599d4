-- One row per month and team: what the team is charged; what is charged to no team is the row 'unattributed'.
select
    strftime(month, '%Y-%m') as month_id,
    strftime(month, '%b %Y') as month_name,
    team_id,
    coalesce(team_name, label(team_id)) as team,
    cost_center,
    label(chargeback_rule) as chargeback_rule,
    direct_cost_usd,
    after_the_fact_usd,
    summed_usd(shared_cost_usd) as shared_cost_usd,
    summed_usd(unattributed_share_usd) as unattributed_share_usd,
    total_usd,
    booked_usd,
    '/teams/' || team_id as page
from marts.fct_chargeback_monthly
order by month_id, total_usd desc, team_id
