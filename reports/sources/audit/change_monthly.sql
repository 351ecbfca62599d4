-- One row per month: spend of all teams, that of the month before, and the change; null when that month is not in the data.
select
    strftime(month, '%Y-%m') as month_id,
    strftime(month, '%b %Y') as month_name,
    strftime(month - interval 1 month, '%b %Y') as previous_month_name,
    sum(cost_usd) as cost_usd,
    sum(previous_cost_usd) as previous_cost_usd,
    summed_usd(sum(change_usd)) as change_usd
from marts.fct_team_spend_monthly
group by all
order by month_id
