{{ config(materialized='view') }}

with

-- Records that tell a part of an hour: one measure of one holder (dcgm), or what one allocation held (opencost).
parts as (

    select
        *,
        sum(sample_count) over (
            partition by source, hour_start_at, pool_id, node_id, gpu_id, gpu_part, measure, _source_file, _source_row
        ) as delivered_samples
    from {{ ref('int_gpu_hours__unioned') }}
    where measure is not null or not is_physical_gpu

),

-- Exports overlap: of each measure the delivery with the most samples counts, as a whole; of equal ones the later.
ranked as (

    select
        *,
        rank() over (
            partition by source, hour_start_at, pool_id, node_id, gpu_id, gpu_part, measure
            order by delivered_samples desc, _source_file desc, _source_row desc
        ) as delivery_rank
    from parts

)

select * from ranked
where delivery_rank = 1
