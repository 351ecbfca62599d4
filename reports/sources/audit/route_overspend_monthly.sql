-- One row per month and route. A justified route has no overspend but a premium, until the date. The team is the one that
-- spent most on the route in the audit month, whatever the month.
select
    month,
    strftime(month, '%Y-%m') as month_id,
    strftime(month, '%b %Y') as month_name,
    overspend.route_id,
    page_name(overspend.route_id) as page_name,
    '/routes/' || page_name(overspend.route_id) || '/' as page,
    routes.owner_team_id as team_id,
    coalesce(teams.team_name, label(routes.owner_team_id)) as team,
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
    overspend.justification,
    case when overspend.justification is not null then coalesce(strftime(overspend.justified_until, '%Y-%m-%d'), 'No end') end as justified_until
from marts.fct_route_overspend_monthly as overspend
inner join marts.dim_routes as routes on overspend.route_id = routes.route_id
left join marts.dim_teams as teams on routes.owner_team_id = teams.team_id
order by month, overspend_usd desc, current_cost_usd desc, overspend.route_id
