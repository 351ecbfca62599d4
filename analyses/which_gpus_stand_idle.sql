-- Which GPU pools stand idle, on which day of the week and hour (UTC), and what does that cost?
select
    pool_id,
    dayname(hour) as day_of_week,
    extract(hour from hour) as hour_of_day,
    round(sum(gpu_hours), 1) as idle_gpu_hours,
    round(sum(cost_usd), 2) as idle_usd
from marts.fct_gpu_hours_classified
where class in ('allocated_idle', 'unallocated_idle')
group by all
order by idle_usd desc
limit 40;
