with

telemetry_hours as (

    select
        *,
        cast(date_trunc('month', usage_date) as date) as usage_month
    from {{ ref('int_gpu_hours__classified') }}

),

job_hours as (

    select
        *,
        cast(date_trunc('month', usage_date) as date) as usage_month
    from {{ ref('int_training_jobs__hours') }}

),

measured_months as (

    select distinct
        pool_id,
        usage_month
    from telemetry_hours

),

-- Telemetry counts what was paid for, used or not; jobs count only what ran. A pool's month is one or the other.
charged_hours as (

    select
        telemetry_hours.usage_date,
        telemetry_hours.pool_id,
        coalesce(telemetry_hours.team_id, jobs.team_id) as team_id,
        'telemetry' as cost_basis,
        telemetry_hours.gpu_hours,
        telemetry_hours.cost_usd,
        telemetry_hours.is_unpriced,
        telemetry_hours.tokens
    from telemetry_hours
    left join {{ ref('int_training_jobs__timed') }} as jobs
        on telemetry_hours.pool_id = jobs.pool_id and telemetry_hours.job_id = jobs.job_id
    union all
    select
        job_hours.usage_date,
        job_hours.pool_id,
        job_hours.team_id,
        'jobs' as cost_basis,
        job_hours.gpu_hours,
        job_hours.cost_usd,
        job_hours.is_unpriced,
        cast(null as bigint) as tokens
    from job_hours
    left join measured_months
        on job_hours.pool_id = measured_months.pool_id and job_hours.usage_month = measured_months.usage_month
    where measured_months.pool_id is null

),

owned as (

    select
        charged_hours.usage_date as cost_date,
        case
            when coalesce(gpu_pools.purpose, '') = 'training' then 'training'
            when gpu_pools.purpose is null and charged_hours.cost_basis = 'jobs' then 'training'
            else 'self_hosted_inference'
        end as cost_layer,
        charged_hours.pool_id,
        coalesce(charged_hours.team_id, gpu_pools.team_id) as team_id,
        charged_hours.cost_basis,
        charged_hours.gpu_hours,
        charged_hours.cost_usd,
        charged_hours.is_unpriced,
        charged_hours.tokens
    from charged_hours
    left join {{ ref('gpu_pools') }} as gpu_pools on charged_hours.pool_id = gpu_pools.pool_id

)

select
    cost_date,
    cost_layer,
    pool_id,
    team_id,
    cost_basis,
    cast(sum(cost_usd) as decimal(38, 12)) as cost_usd,
    cast(sum(gpu_hours) as decimal(38, 12)) as gpu_hours,
    cast(sum(case when is_unpriced then gpu_hours else 0 end) as decimal(38, 12)) as unpriced_gpu_hours,
    cast(sum(tokens) as bigint) as tokens
from owned
group by
    cost_date,
    cost_layer,
    pool_id,
    team_id,
    cost_basis
