with

seeded as (

    select
        route_id,
        coalesce(feature_name, '') as feature_key,
        coalesce(workflow_name, '') as workflow_key,
        task_class,
        justification,
        justified_until
    from {{ ref('routes') }}

),

key_owners as (

    select distinct feature_name
    from {{ ref('int_key_owners__periods') }}
    where feature_name is not null

),

attempts as (

    select distinct
        coalesce(feature_name, '') as feature_key,
        coalesce(workflow_name, '') as workflow_key
    from {{ ref('int_calls__names') }}

),

-- A request without a feature may get its key owner's: that makes a route of its own.
seen as (

    select
        feature_key,
        workflow_key
    from attempts
    union
    select
        key_owners.feature_name as feature_key,
        attempts.workflow_key
    from key_owners
    cross join attempts
    where attempts.feature_key = ''

),

named as (

    select
        coalesce(
            seeded.route_id,
            coalesce(nullif(seen.feature_key, ''), '(none)') || '/' || coalesce(nullif(seen.workflow_key, ''), '(none)')
        ) as plain_route_id,
        coalesce(seen.feature_key, seeded.feature_key) as feature_key,
        coalesce(seen.workflow_key, seeded.workflow_key) as workflow_key,
        seeded.task_class,
        seeded.justification,
        seeded.justified_until,
        seeded.route_id is not null as is_in_seed
    from seeded
    full outer join seen on seeded.feature_key = seen.feature_key and seeded.workflow_key = seen.workflow_key

),

-- 'a/b' of 'c' and 'a' of 'b/c' are two routes: the second to bear a name gets a number.
numbered as (

    select
        *,
        row_number() over (
            partition by plain_route_id
            order by case when is_in_seed then 0 else 1 end, feature_key, workflow_key
        ) as bearer
    from named

)

select
    case when bearer = 1 then plain_route_id else plain_route_id || ' #' || cast(bearer as string) end as route_id,
    feature_key,
    workflow_key,
    task_class,
    justification,
    justified_until,
    is_in_seed
from numbered
