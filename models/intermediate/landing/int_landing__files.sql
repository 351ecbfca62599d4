{{ config(materialized='view') }}

select
    file_id,
    entity,
    format,
    account_id,
    file_version,
    size_bytes,
    modified_at,
    record_count,
    status,
    problem
from {{ ref('stg_landing__files') }}
