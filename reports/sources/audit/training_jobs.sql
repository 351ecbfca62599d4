-- One row per training job, orphaned ones first. Times are UTC.
select
    jobs.job_id,
    jobs.pool_id,
    page_name(jobs.pool_id) as page_name,
    '/gpus/' || page_name(jobs.pool_id) || '/' as page,
    coalesce(jobs.team_id, 'unattributed') as team_id,
    coalesce(teams.team_name, jobs.team_id) as team,
    jobs.user_id,
    jobs.gpu_model,
    jobs.gpu_count,
    strftime(jobs.started_at, '%Y-%m-%d %H:%M') as started_at,
    coalesce(strftime(jobs.ended_at, '%Y-%m-%d %H:%M'), 'Still running') as ended_at,
    strftime(jobs.last_progress_at, '%Y-%m-%d %H:%M') as last_progress_at,
    jobs.gpu_hours,
    jobs.cost_usd,
    label(jobs.state) as state,
    case when jobs.is_orphaned then 'Orphaned' else 'No' end as orphaned,
    case when jobs.has_auto_stop then 'Yes' when not jobs.has_auto_stop then 'No' else 'Not known' end as auto_stop,
    jobs.waste_usd
from marts.fct_training_jobs as jobs
left join marts.dim_teams as teams on jobs.team_id = teams.team_id
order by jobs.is_orphaned desc, jobs.waste_usd desc, jobs.cost_usd desc, jobs.pool_id, jobs.job_id
