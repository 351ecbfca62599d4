-- A job's total is that of its hours, an orphan's waste is part of its cost, and no other job wastes any.
with

hours as (

    select
        job_id,
        sum(gpu_hours) as gpu_hours,
        sum(cost_usd) as cost_usd
    from {{ ref('int_training_jobs__hours') }}
    group by job_id

)

select
    coalesce(jobs.job_id, hours.job_id) as job_id,
    jobs.gpu_hours,
    hours.gpu_hours as hourly_gpu_hours,
    jobs.cost_usd,
    hours.cost_usd as hourly_cost_usd,
    jobs.waste_usd
from {{ ref('fct_training_jobs') }} as jobs
full outer join hours on jobs.job_id = hours.job_id
where
    jobs.job_id is null
    or jobs.gpu_hours != coalesce(hours.gpu_hours, 0)
    or (hours.job_id is not null and coalesce(jobs.cost_usd, -1) != coalesce(hours.cost_usd, -1))
    or jobs.waste_usd > jobs.cost_usd
    or (jobs.waste_usd > 0 and not jobs.is_orphaned)
