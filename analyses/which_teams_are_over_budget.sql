-- Which teams spend more than their budget (seed team_budgets), and how much of the month's budget is gone?
-- A team without a budget has none to be over, and is listed last.
select
    spend.month,
    spend.team_name,
    round(spend.cost_usd, 2) as cost_usd,
    budgets.budget_usd,
    round(spend.cost_usd - budgets.budget_usd, 2) as over_usd,
    cast(spend.cost_usd / nullif(budgets.budget_usd, 0) as decimal(9, 3)) as share_of_budget
from marts.fct_team_spend_monthly as spend
left join seeds.team_budgets as budgets
    on spend.team_id = budgets.team_id and spend.month = budgets.month
where spend.team_id != 'unattributed'
order by spend.month desc, share_of_budget desc nulls last, spend.team_name asc;
