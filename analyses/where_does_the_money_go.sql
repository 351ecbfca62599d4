-- Where does the money go, by cost layer and provider or pool, month by month?
-- The rows of a month add up to everything the audit knows: model APIs, own GPUs, training.
with

monthly as (

    select
        cast(date_trunc('month', date) as date) as month,
        cost_layer,
        provider_or_pool,
        sum(cost_usd) as cost_usd,
        sum(request_count) as requests,
        sum(unpriced_request_count) as unpriced_requests
    from marts.fct_cost_daily
    group by all

)

select
    month,
    cost_layer,
    provider_or_pool,
    round(cost_usd, 2) as cost_usd,
    round(100 * cost_usd / sum(cost_usd) over (partition by month), 1) as percent_of_month,
    requests,
    unpriced_requests
from monthly
order by month, cost_usd desc;
