{{ config(materialized='view') }}

with

-- A GPU's hour counts once, also when two formats tell of it: the later delivery wins.
ranked as (

    select
        *,
        row_number() over (
            partition by hour_start_at, pool_id, node_id, gpu_id
            order by _source_file desc, _source_row desc
        ) as delivery_number
    from {{ ref('int_gpu_hours__pooled') }}

),

measured_months as (

    select distinct
        pool_id,
        usage_month
    from ranked
    where is_physical_gpu

)

-- Telemetry of the GPUs themselves counts what was there; what was allocated of the same GPUs is not added to it.
select ranked.*
from ranked
left join measured_months
    on ranked.pool_id = measured_months.pool_id and ranked.usage_month = measured_months.usage_month
where ranked.delivery_number = 1 and (ranked.is_physical_gpu or measured_months.pool_id is null)
