-- One row per month, team, model and feature: spend. GPU hours have no model and no feature.
select
    strftime(date, '%Y-%m') as month_id,
    coalesce(team_id, 'unattributed') as team_id,
    case model when '(gpu hours)' then 'GPU hours' else model end as model,
    case feature_name when '(none)' then 'No feature' else feature_name end as feature,
    sum(cost_usd) as cost_usd
from marts.fct_cost_daily
group by all
order by all
