{{ config(materialized='view') }}

select distinct
    provider,
    month,
    is_monthly,
    is_over_all_models,
    is_over_all_meters
from {{ ref('int_reconciliation__usage_lines') }}
where is_token_line
