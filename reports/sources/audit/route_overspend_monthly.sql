-- One row per month and route. A justified route has no overspend but a premium, until the date.
select
    month,
    strftime(month, '%Y-%m') as month_id,
    strftime(month, '%b %Y') as month_name,
    route_id,
    page_name(route_id) as page_name,
    '/routes/' || page_name(route_id) || '/' as page,
    provider as provider_id,
    label(provider) as provider,
    model,
    right_sized_model,
    current_cost_usd,
    right_sized_cost_usd,
    overspend_usd,
    overspend_multiple,
    justified_premium_usd,
    verdict as verdict_id,
    label(verdict) as verdict,
    evidence_label(evidence_level) as evidence,
    justification,
    case when justification is not null then coalesce(strftime(justified_until, '%Y-%m-%d'), 'No end') end as justified_until
from marts.fct_route_overspend_monthly
order by month, overspend_usd desc, current_cost_usd desc, route_id
