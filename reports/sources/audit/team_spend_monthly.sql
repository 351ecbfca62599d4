-- One row per month and team; spend without a team is the row 'unattributed'.
select
    month,
    strftime(month, '%Y-%m') as month_id,
    strftime(month, '%b %Y') as month_name,
    team_id,
    coalesce(team_name, label(team_id)) as team,
    cost_center,
    cost_usd,
    managed_api_cost_usd,
    self_hosted_inference_cost_usd,
    training_cost_usd,
    previous_cost_usd,
    change_usd,
    change_share,
    share_of_total,
    request_count,
    unpriced_request_count,
    '/teams/' || team_id as page
from marts.fct_team_spend_monthly
order by month, cost_usd desc, team_id
