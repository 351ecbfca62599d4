-- Which team's spend changed since the month before, and on which feature and model?
-- The changes of a team's rows add up to its change in fct_team_spend_monthly.
select
    changes.team_id,
    changes.feature_name,
    changes.model,
    changes.cost_layer,
    round(changes.previous_cost_usd, 2) as previous_cost_usd,
    round(changes.cost_usd, 2) as cost_usd,
    round(changes.change_usd, 2) as change_usd
from marts.fct_spend_change_monthly as changes
inner join marts.audit_run on changes.month = audit_run.audit_month
order by
    abs(changes.change_usd) desc nulls last,
    changes.team_id asc,
    changes.feature_name asc,
    changes.model asc
limit 40;
