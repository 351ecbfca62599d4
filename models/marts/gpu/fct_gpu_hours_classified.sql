select
    hour_start_at as hour,
    pool_id,
    class,
    cast(sum(gpu_hours) as decimal(38, 12)) as gpu_hours,
    cast(sum(cost_usd) as decimal(38, 12)) as cost_usd,
    cast(sum(case when is_unpriced then gpu_hours else 0 end) as decimal(38, 12)) as unpriced_gpu_hours
from {{ ref('int_gpu_hours__classified') }}
group by
    hour_start_at,
    pool_id,
    class
