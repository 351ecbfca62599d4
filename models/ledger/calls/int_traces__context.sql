-- A trace's rows that are no calls (its root span, its trace record) say who and what for. The root's word counts, else
-- what all of them agree on.
select
    gateway,
    trace_id,
    coalesce(
        min(case when parent_span_id is null then team_id end),
        case when count(distinct team_id) = 1 then min(team_id) end
    ) as team_id,
    coalesce(
        min(case when parent_span_id is null then user_id end),
        case when count(distinct user_id) = 1 then min(user_id) end
    ) as user_id,
    coalesce(
        min(case when parent_span_id is null then tenant_id end),
        case when count(distinct tenant_id) = 1 then min(tenant_id) end
    ) as tenant_id,
    coalesce(
        min(case when parent_span_id is null then session_id end),
        case when count(distinct session_id) = 1 then min(session_id) end
    ) as session_id,
    coalesce(
        min(case when parent_span_id is null then feature_name end),
        case when count(distinct feature_name) = 1 then min(feature_name) end
    ) as feature_name,
    coalesce(
        min(case when parent_span_id is null then workflow_name end),
        case when count(distinct workflow_name) = 1 then min(workflow_name) end
    ) as workflow_name,
    coalesce(
        min(case when parent_span_id is null then environment end),
        case when count(distinct environment) = 1 then min(environment) end
    ) as environment
from {{ ref('int_attempts__unioned') }}
where row_kind = 'context' and trace_id is not null
group by
    gateway,
    trace_id
