-- One row per month, pool (and '*' for all pools), weekday and hour of the day (UTC): idle is allocated and unallocated.
select
    strftime(hour, '%Y-%m') as month_id,
    coalesce(pool_id, '*') as pool_id,
    coalesce(page_name(pool_id), '*') as page_name,
    isodow(hour) as weekday_number,
    strftime(hour, '%a') as weekday,
    strftime(hour, '%H') as hour_of_day,
    sum(gpu_hours) as gpu_hours,
    coalesce(sum(gpu_hours) filter (where class in ('allocated_idle', 'unallocated_idle')), 0) as idle_gpu_hours
from marts.fct_gpu_hours_classified
group by grouping sets
    ((month_id, weekday_number, weekday, hour_of_day), (month_id, weekday_number, weekday, hour_of_day, pool_id))
order by month_id, pool_id, weekday_number, hour_of_day
