-- One row per month: spend of all cost layers.
select
    date_trunc('month', date) as month,
    strftime(date_trunc('month', date), '%Y-%m') as month_id,
    strftime(date_trunc('month', date), '%b %Y') as month_name,
    sum(cost_usd) as cost_usd
from marts.fct_cost_daily
group by all
order by all
