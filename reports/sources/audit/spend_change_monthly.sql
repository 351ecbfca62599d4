-- One row per month, team (team_id '*' is all teams), what it is by ('model' or 'feature'), and model or feature: spend,
-- that of the month before, and the change. GPU hours have no model and no feature.
select
    strftime(month, '%Y-%m') as month_id,
    coalesce(team_id, '*') as team_id,
    case grouping(model) when 0 then 'model' else 'feature' end as by_what,
    named(coalesce(model, feature_name)) as name,
    sum(cost_usd) as cost_usd,
    sum(previous_cost_usd) as previous_cost_usd,
    summed_usd(sum(change_usd)) as change_usd
from marts.fct_spend_change_monthly
group by grouping sets ((month, team_id, model), (month, team_id, feature_name), (month, model), (month, feature_name))
order by month_id, team_id, by_what, abs(sum(change_usd)) desc, name
