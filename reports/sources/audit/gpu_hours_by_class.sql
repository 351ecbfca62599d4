-- One row per month, pool and class of GPU hours.
select
    strftime(hour, '%Y-%m') as month_id,
    strftime(date_trunc('month', hour), '%b %Y') as month_name,
    pool_id,
    page_name(pool_id) as page_name,
    label(class) as class,
    sum(gpu_hours) as gpu_hours,
    sum(cost_usd) as cost_usd,
    sum(unpriced_gpu_hours) as unpriced_gpu_hours
from marts.fct_gpu_hours_classified
group by all
order by month_id, pool_id, gpu_hours desc, class
