{%- set said = ['team_id', 'user_id', 'tenant_id', 'session_id', 'feature_name', 'workflow_name', 'environment'] %}

-- A trace's rows that are no calls (its root span, its trace record) say who and what for. The root's word counts, else
-- what all of them agree on.
select
    {%- for column in said %}
    coalesce(
        min(case when parent_span_id is null then {{ column }} end),
        case when count(distinct {{ column }}) = 1 then min({{ column }}) end
    ) as {{ column }},
    {%- endfor %}
    gateway,
    trace_id
from {{ ref('int_attempts__unioned') }}
where row_kind = 'context' and trace_id is not null
group by
    gateway,
    trace_id
