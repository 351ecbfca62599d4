{{ config(materialized='view') }}

with

ranked as (

    select
        *,
        row_number() over (
            partition by hour_start_at, pool_id, node_id, gpu_id
            order by _source_file desc, _source_row desc
        ) as delivery_number
    from {{ ref('int_gpu_hours__unioned') }}
    where measure is null and is_physical_gpu

)

select * from ranked
where delivery_number = 1
