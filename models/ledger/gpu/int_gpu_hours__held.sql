{{ config(materialized='view') }}

with

holders as (

    select
        source, hour_start_at, pool_id, node_id, gpu_id, gpu_part,
        team_id,
        job_id,
        namespace,
        rank() over (
            partition by source, hour_start_at, pool_id, node_id, gpu_id, gpu_part order by sum(sample_count) desc
        ) as place
    from {{ ref('int_gpu_parts__counted') }}
    where is_allocated
    group by source, hour_start_at, pool_id, node_id, gpu_id, gpu_part, team_id, job_id, namespace

)

select
    source, hour_start_at, pool_id, node_id, gpu_id, gpu_part,
    -- Whoever held the GPU for the most samples has the hour; of several with as many, nobody.
    case when min(coalesce(team_id, '')) = max(coalesce(team_id, '')) then max(team_id) end as team_id,
    case when min(coalesce(job_id, '')) = max(coalesce(job_id, '')) then max(job_id) end as job_id,
    case when min(coalesce(namespace, '')) = max(coalesce(namespace, '')) then max(namespace) end as namespace
from holders
where place = 1
group by source, hour_start_at, pool_id, node_id, gpu_id, gpu_part
