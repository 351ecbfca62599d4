-- One row per route, with and without traffic. The team is the one that spent most on it in the audit month.
select
    routes.route_id,
    routes.feature_name,
    routes.workflow_name,
    label(routes.task_class) as task_class,
    label(routes.minimum_tier) as minimum_tier,
    routes.owner_team_id as team_id,
    coalesce(teams.team_name, label(routes.owner_team_id)) as team,
    '/teams/' || routes.owner_team_id as team_page,
    page_name(routes.route_id) as page_name,
    '/routes/' || page_name(routes.route_id) || '/' as page
from marts.dim_routes as routes
left join marts.dim_teams as teams on routes.owner_team_id = teams.team_id
order by routes.route_id
