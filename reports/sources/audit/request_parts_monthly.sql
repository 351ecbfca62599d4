-- One row per month, team and provider ('*' is all of them), and part of what a request costs. The parts add up to the
-- cost; tokens are those of final attempts, and retries are all parts of the attempts before them.
with

parts as (

    select * from (
        values
        (1, 'Input'), (2, 'Cache reads'), (3, 'Cache writes'), (4, 'Output'), (5, 'Tools'), (6, 'Retries')
    ) as parts (place, part)

)

select
    strftime(month, '%Y-%m') as month_id,
    strftime(month, '%b %Y') as month_name,
    coalesce(team_id, '*') as team_id,
    coalesce(provider, '*') as provider_id,
    label(provider) as provider,
    parts.place,
    parts.part,
    sum(case parts.place
        when 1 then input_cost_usd when 2 then cache_read_cost_usd when 3 then cache_write_cost_usd
        when 4 then output_cost_usd when 5 then tool_cost_usd when 6 then retry_cost_usd
    end) as part_usd,
    part_usd / nullif(sum(cost_usd), 0) as part_share,
    sum(case parts.place
        when 1 then uncached_input_tokens when 2 then cache_read_tokens when 3 then cache_write_tokens when 4 then output_tokens
    end) as tokens
from marts.fct_request_costs_monthly
cross join parts
group by month, parts.place, parts.part, cube (team_id, provider)
order by month_id, team_id, provider_id, parts.place
