-- Each part is zero or more, the parts are the whole, and the whole is at most the cost.
select
    month,
    pool_id,
    cost_usd,
    idle_usd,
    orphaned_usd,
    oversize_usd,
    recoverable_usd
from {{ ref('fct_gpu_pools_monthly') }}
where
    recoverable_usd > cost_usd
    or recoverable_usd != idle_usd + orphaned_usd + coalesce(oversize_usd, 0)
    or idle_usd < 0
    or orphaned_usd < 0
    or oversize_usd < 0
    or (recoverable_usd is null) != (cost_usd is null)
