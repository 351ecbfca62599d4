-- What is paid for in a request: prompt, cache, answer, tools or retries, and what do a thousand requests cost, by model?
-- The parts add up to the cost. Requests without a price are left out of the price of a thousand.
select
    costs.provider,
    costs.model,
    sum(costs.request_count) as requests,
    round(sum(costs.input_cost_usd), 2) as input_usd,
    round(sum(costs.cache_read_cost_usd), 2) as cache_read_usd,
    round(sum(costs.cache_write_cost_usd), 2) as cache_write_usd,
    round(sum(costs.output_cost_usd), 2) as output_usd,
    round(sum(costs.tool_cost_usd), 2) as tool_usd,
    round(sum(costs.retry_cost_usd), 2) as retry_usd,
    round(sum(costs.cost_usd), 2) as cost_usd,
    round(
        1000 * sum(costs.cost_usd) / nullif(sum(costs.request_count - costs.unpriced_request_count), 0), 2
    ) as per_thousand_usd
from marts.fct_request_costs_monthly as costs
inner join marts.audit_run on costs.month = audit_run.audit_month
group by all
order by cost_usd desc nulls last, costs.provider asc, costs.model asc;
