-- One row per month and GPU pool.
select
    pools.month,
    strftime(pools.month, '%Y-%m') as month_id,
    strftime(pools.month, '%b %Y') as month_name,
    pools.pool_id,
    page_name(pools.pool_id) as page_name,
    '/gpus/' || page_name(pools.pool_id) || '/' as page,
    label(pools.purpose) as purpose,
    coalesce(teams.team_name, pools.team_id) as team,
    pools.gpu_model,
    label(pools.purchase) as purchase,
    pools.usd_per_gpu_hour,
    pools.lowest_plausible_usd_per_gpu_hour,
    pools.highest_plausible_usd_per_gpu_hour,
    case when pools.is_rate_outlier then 'Outside' else 'Inside' end as rate_band,
    pools.required_gpu_model,
    pools.utilization_share,
    pools.utilization_floor,
    label(pools.cost_basis) as cost_basis,
    pools.gpu_hours,
    pools.unpriced_gpu_hours,
    pools.cost_usd,
    pools.idle_usd,
    pools.orphaned_usd,
    pools.oversize_usd,
    case when pools.waste_driver <> 'none' then pools.waste_driver_text end as waste_driver,
    pools.recoverable_share,
    pools.recoverable_usd
from marts.fct_gpu_pools_monthly as pools
left join marts.dim_teams as teams on pools.team_id = teams.team_id
order by pools.month, pools.recoverable_usd desc, pools.cost_usd desc, pools.pool_id
