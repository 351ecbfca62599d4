with

totals as (

    select
        pool_id,
        job_id,
        sum(gpu_hours) as gpu_hours,
        sum(cost_usd) as cost_usd,
        sum(waste_usd) as waste_usd,
        max(case when is_unpriced then 1 else 0 end) = 1 as is_unpriced
    from {{ ref('int_training_jobs__hours') }}
    group by
        pool_id,
        job_id

)

-- A job that never ran used no GPU and cost nothing; a job that ran at an unknown rate has no cost.
select
    jobs.job_id,
    jobs.pool_id,
    jobs.team_id,
    jobs.user_id,
    jobs.gpu_model,
    jobs.gpu_count,
    jobs.state,
    jobs.submitted_at,
    jobs.started_at,
    jobs.ended_at,
    jobs.last_progress_at,
    jobs.time_limit_hours,
    jobs.has_auto_stop,
    jobs.is_orphaned,
    coalesce(totals.is_unpriced, false) as is_unpriced,
    cast(coalesce(totals.gpu_hours, 0) as decimal(38, 12)) as gpu_hours,
    cast(case when totals.job_id is null then 0 else totals.cost_usd end as decimal(38, 12)) as cost_usd,
    cast(case when totals.job_id is null then 0 else totals.waste_usd end as decimal(38, 12)) as waste_usd,
    jobs._source_file,
    jobs._source_row
from {{ ref('int_training_jobs__timed') }} as jobs
left join totals on jobs.pool_id = totals.pool_id and jobs.job_id = totals.job_id
