with

seeded as (

    select
        team_id,
        team_name,
        cost_center
    from {{ ref('teams') }}

),

seen as (

    select distinct team_id
    from {{ ref('fct_requests') }}
    where team_id is not null
    union
    select distinct team_id
    from {{ ref('int_gpu_costs__daily') }}
    where team_id is not null

)

select
    coalesce(seeded.team_id, seen.team_id) as team_id,
    coalesce(seeded.team_name, seen.team_id) as team_name,
    seeded.cost_center,
    seeded.team_id is not null as is_in_seed,
    seen.team_id is not null as has_spend
from seeded
full outer join seen on seeded.team_id = seen.team_id
