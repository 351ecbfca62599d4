{{ config(materialized='view') }}

with

rejects as (

    {% for format in format_models() %}
    select
        '{{ format.entity }}' as entity,
        '{{ format.format }}' as format,
        _source_file,
        cast(_source_row as bigint) as _source_row,
        _reject_reason as reason,
        _rejected_record as rejected_record
    from {{ ref(format.model) }}
    where _reject_reason is not null
    union all
    {% endfor %}
    -- Files of which nothing could be read as a record: they reject as a whole, with no line.
    select
        entity,
        format,
        file_id as _source_file,
        cast(null as bigint) as _source_row,
        problem as reason,
        cast(null as string) as rejected_record
    from {{ ref('int_landing__files') }}
    where status in ('empty', 'unknown_format', 'duplicate_delivery', 'superseded')

)

select
    entity,
    format,
    _source_file,
    _source_row,
    cast(
        row_number() over (partition by _source_file, _source_row order by reason, rejected_record) as bigint
    ) as reject_number,
    reason,
    rejected_record
from rejects
