-- The price of a model holds until its next row; the newest has no end.
select
    gpu_model,
    usd_per_gpu_hour,
    effective_from,
    coalesce(
        lead(effective_from) over (partition by gpu_model order by effective_from), date '9999-12-31'
    ) as effective_until
from {{ ref('gpu_prices') }}
where purchase = 'on_demand'
