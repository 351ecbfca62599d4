{{ config(materialized='view') }}

{{ with_columns(charge_columns(), [
    ref('int_focus_usage__charged'),
    ref('int_focus_gpu_hours__charged'),
    ref('int_focus_pools__billed'),
    ref('int_focus_residuals__charged'),
]) }}
