-- Which team's spend changed since the month before, and on which feature and model?
-- The changes of a team's rows add up to its change in fct_team_spend_monthly.
with

monthly as (

    select
        cast(date_trunc('month', date) as date) as month,
        team_id,
        feature_name,
        model,
        sum(cost_usd) as cost_usd
    from marts.fct_cost_daily
    group by all

),

this_month as (

    select monthly.*
    from monthly
    inner join marts.audit_run on monthly.month = audit_run.audit_month

),

last_month as (

    select monthly.*
    from monthly
    inner join marts.audit_run on monthly.month = audit_run.audit_month - interval 1 month

)

select
    coalesce(this_month.team_id, last_month.team_id) as team_id,
    coalesce(this_month.feature_name, last_month.feature_name) as feature_name,
    coalesce(this_month.model, last_month.model) as model,
    round(coalesce(last_month.cost_usd, 0), 2) as previous_cost_usd,
    round(coalesce(this_month.cost_usd, 0), 2) as cost_usd,
    round(coalesce(this_month.cost_usd, 0) - coalesce(last_month.cost_usd, 0), 2) as change_usd
from this_month
full outer join last_month
    on
        this_month.team_id = last_month.team_id
        and this_month.feature_name = last_month.feature_name
        and this_month.model = last_month.model
order by abs(change_usd) desc
limit 40;
