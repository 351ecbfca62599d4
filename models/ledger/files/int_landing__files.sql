{{ config(materialized='view') }}

select
    file_id,
    entity,
    format,
    account_id,
    file_version,
    size_bytes,
    modified_at,
    delivered_on,
    case when {{ is_enabled_format() }} then record_count else 0 end as record_count,
    case
        when not {{ is_enabled_format() }} then 'unknown_format'
        when superseded_by is not null then 'superseded'
        else status
    end as status,
    case
        when {{ is_enabled_format() }} and superseded_by is not null
            then 'delivered again as ' || superseded_by || '; that file is read, this one is not'
        when {{ is_enabled_format() }} or status = 'unknown_format' then problem
        else 'no enabled format reads this folder; move the file, or enable the format in the variable formats'
    end as problem
from {{ ref('stg_landing__files') }}
