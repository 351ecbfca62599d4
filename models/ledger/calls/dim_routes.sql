select
    routes.route_id,
    nullif(routes.feature_key, '') as feature_name,
    nullif(routes.workflow_key, '') as workflow_name,
    routes.task_class,
    task_classes.minimum_tier,
    routes.justification,
    routes.justified_until,
    owners.team_id as owner_team_id,
    routes.is_in_seed
from {{ ref('int_routes__named') }} as routes
left join {{ ref('task_classes') }} as task_classes on routes.task_class = task_classes.task_class
left join {{ ref('int_route_owners__in_audit_month') }} as owners on routes.route_id = owners.route_id
