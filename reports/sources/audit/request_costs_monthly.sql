-- One row per month, team and provider ('*' is all of them), what it is by ('all', 'model' or 'feature'), and model or
-- feature: what requests to providers cost. Requests without a price are counted, and left out where cost is per request.
select
    strftime(month, '%Y-%m') as month_id,
    coalesce(team_id, '*') as team_id,
    coalesce(provider, '*') as provider_id,
    case when grouping(model) = 0 then 'model' when grouping(feature_name) = 0 then 'feature' else 'all' end as by_what,
    named(coalesce(model, feature_name)) as name,
    sum(request_count) as request_count,
    sum(attempt_count) as attempt_count,
    sum(retried_request_count) as retried_request_count,
    sum(error_count) as error_count,
    sum(unpriced_request_count) as unpriced_request_count,
    sum(exposure_usd) as exposure_usd,
    sum(cost_usd) as cost_usd,
    sum(list_cost_usd) as list_cost_usd,
    1000 * cast(sum(cost_usd) as double) / nullif(sum(request_count - unpriced_request_count), 0) as per_thousand_usd,
    sum(retry_cost_usd) as retry_cost_usd,
    sum(retry_cost_usd) / nullif(sum(cost_usd), 0) as retry_share
from marts.fct_request_costs_monthly
group by month, cube (team_id, provider), grouping sets ((), (model), (feature_name))
order by month_id, team_id, provider_id, by_what, cost_usd desc, name
