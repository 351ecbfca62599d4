-- A job's total is that of its months, an orphan's waste is part of its cost, and no other job wastes any.
with

months as (

    select
        pool_id,
        job_id,
        sum(gpu_hours) as gpu_hours,
        sum(cost_usd) as cost_usd,
        sum(waste_usd) as waste_usd
    from {{ ref('int_training_jobs__monthly') }}
    group by
        pool_id,
        job_id

)

select
    coalesce(jobs.pool_id, months.pool_id) as pool_id,
    coalesce(jobs.job_id, months.job_id) as job_id,
    jobs.gpu_hours,
    months.gpu_hours as monthly_gpu_hours,
    jobs.cost_usd,
    months.cost_usd as monthly_cost_usd,
    jobs.waste_usd,
    months.waste_usd as monthly_waste_usd
from {{ ref('fct_training_jobs') }} as jobs
full outer join months on jobs.pool_id = months.pool_id and jobs.job_id = months.job_id
where
    jobs.job_id is null
    or jobs.gpu_hours != coalesce(months.gpu_hours, 0)
    or (months.job_id is null and (jobs.cost_usd != 0 or jobs.waste_usd != 0))
    or (months.job_id is not null and coalesce(jobs.cost_usd, -1) != coalesce(months.cost_usd, -1))
    or (months.job_id is not null and coalesce(jobs.waste_usd, -1) != coalesce(months.waste_usd, -1))
    or jobs.waste_usd > jobs.cost_usd
    or (jobs.waste_usd > 0 and not jobs.is_orphaned)
