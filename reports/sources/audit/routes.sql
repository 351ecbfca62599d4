-- One row per route, with and without traffic.
select
    route_id,
    feature_name,
    workflow_name,
    label(task_class) as task_class,
    label(minimum_tier) as minimum_tier,
    page_name(route_id) as page_name,
    '/routes/' || page_name(route_id) || '/' as page
from marts.dim_routes
order by route_id
