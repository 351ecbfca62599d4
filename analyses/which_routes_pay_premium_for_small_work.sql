-- Which routes pay a premium price for work that a smaller model would do, and which premium is justified?
-- overspend_multiple is exact; 'proven' rests on an evaluation, 'candidate' on the task class only.
select
    month,
    route_id,
    task_class,
    minimum_tier,
    model,
    right_sized_model,
    round(current_cost_usd, 2) as current_cost_usd,
    round(right_sized_cost_usd, 2) as right_sized_cost_usd,
    round(overspend_usd, 2) as overspend_usd,
    round(overspend_multiple, 1) as multiple,
    verdict,
    evidence_level,
    round(justified_premium_usd, 2) as justified_premium_usd,
    justification
from marts.fct_route_overspend_monthly
order by month desc, overspend_usd desc, justified_premium_usd desc;
