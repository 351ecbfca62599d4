-- One row per month, provider and model: spend and tokens. GPU hours are no model's.
select
    strftime(date, '%Y-%m') as month_id,
    strftime(date_trunc('month', date), '%b %Y') as month_name,
    provider_or_pool as provider_id,
    model,
    sum(cost_usd) as cost_usd,
    sum(tokens) as tokens,
    sum(request_count) as request_count
from marts.fct_cost_daily
where model <> '(gpu hours)'
group by all
order by all
