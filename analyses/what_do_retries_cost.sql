-- What do attempts cost that were thrown away, on which route and model, and how did they end?
-- An attempt that is not the final one of its request was paid for and used by nobody. Null status: the gateway has none.
select
    route_id,
    provider,
    model,
    status_code,
    count(*) as thrown_away_attempts,
    round(sum(attempt_cost_usd), 2) as wasted_usd
from marts.fct_attempts
where not is_final_attempt
group by all
order by wasted_usd desc nulls last, thrown_away_attempts desc, route_id asc, model asc, status_code asc
limit 40;
