{{ config(materialized='view') }}

with

-- A partitioned GPU is paid for as a whole: its instances share one GPU by their slices, and it is not counted beside them.
partitioned as (

    select
        *,
        sum(case when gpu_part is not null then gpu_count end)
            over (partition by source, hour_start_at, pool_id, node_id, gpu_id) as part_sum
    from {{ ref('int_gpu_hours__summed') }}

),

shared_out as (

    select
        *,
        coalesce(cast(cast(gpu_count as double) / cast(part_sum as double) as decimal(18, 6)), gpu_count) as gpu_share
    from partitioned
    where gpu_part is not null or part_sum is null

)

-- The rounding goes to the first instance, so that they add up to one GPU.
select
    *,
    case
        when gpu_part is not null and row_number() over (whole_gpu order by gpu_part) = 1
            then cast(1 + gpu_share - sum(gpu_share) over whole_gpu as decimal(18, 6))
        else cast(gpu_share as decimal(18, 6))
    end as exact_gpu_count
from shared_out
window whole_gpu as (partition by source, hour_start_at, pool_id, node_id, gpu_id)
