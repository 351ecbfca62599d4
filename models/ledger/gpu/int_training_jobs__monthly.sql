select
    cast(date_trunc('month', usage_date) as date) as month,
    pool_id,
    job_id,
    cast(sum(gpu_hours) as decimal(38, 12)) as gpu_hours,
    cast(sum(cost_usd) as decimal(38, 12)) as cost_usd,
    cast(sum(waste_usd) as decimal(38, 12)) as waste_usd
from {{ ref('int_training_jobs__hours') }}
group by
    cast(date_trunc('month', usage_date) as date),
    pool_id,
    job_id
