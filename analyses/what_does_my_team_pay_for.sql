-- What does one team pay for: which features and models, how many tokens, at what price for a million of them?
-- Replace 'search' by your team (marts.dim_teams). Own GPUs and training stand under their pool, without tokens of requests.
select
    cast(date_trunc('month', date) as date) as month,
    feature_name,
    provider_or_pool,
    model,
    round(sum(cost_usd), 2) as cost_usd,
    sum(tokens) as tokens,
    sum(request_count) as requests,
    round(1000000 * sum(cost_usd) / nullif(sum(tokens), 0), 4) as usd_per_million_tokens
from marts.fct_cost_daily
where team_id = 'search'
group by all
order by month desc, cost_usd desc, feature_name asc, model asc;
