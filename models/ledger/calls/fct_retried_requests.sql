-- What a request cost beyond its final attempt, and whether any attempt has no price: a sum that leaves one out would
-- state less than was spent. No request costs a million dollars: then it has no price either.
select
    gateway,
    request_id,
    count(*) as attempt_count,
    cast(sum(case when is_final_attempt then 0 else attempt_cost_usd end) as decimal(38, 12)) as retry_cost_usd,
    cast(sum(list_cost_usd) as decimal(38, 12)) as list_cost_usd,
    cast(sum(reported_cost_usd) as decimal(38, 12)) as reported_cost_usd,
    cast(sum(coalesce(exposure_usd, attempt_cost_usd)) as decimal(38, 12)) as exposure_usd,
    max(case when pricing_status = 'unpriced' then 1 else 0 end) = 1
    or coalesce(sum(attempt_cost_usd), 0) >= 1000000
    or coalesce(sum(list_cost_usd), 0) >= 1000000 as has_unpriced_attempt
from {{ ref('fct_attempts') }}
where attempt_count > 1
group by
    gateway,
    request_id
