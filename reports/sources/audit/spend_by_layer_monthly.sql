-- One row per month and cost layer.
select
    date_trunc('month', date) as month,
    strftime(date_trunc('month', date), '%Y-%m') as month_id,
    strftime(date_trunc('month', date), '%b %Y') as month_name,
    label(cost_layer) as cost_layer,
    sum(cost_usd) as cost_usd,
    sum(unpriced_request_count) as unpriced_request_count
from marts.fct_cost_daily
group by all
order by all
