{{ config(materialized='view') }}

{% for format in format_models() %}
-- A record is one row, or several items: then it is staged when any of them is, and rejected when none is.
select
    '{{ format.entity }}' as entity,
    '{{ format.format }}' as format,
    records._source_file,
    cast(sum(case when records.good_rows > 0 then records.record_count else 0 end) as bigint) as staged_record_count,
    cast(sum(case when records.good_rows = 0 then records.record_count else 0 end) as bigint) as rejected_record_count,
    cast(sum(records.good_rows) as bigint) as staged_row_count
from (
    select
        _source_file,
        1 as record_count,
        sum(case when _reject_reason is null then 1 else 0 end) as good_rows
    from {{ ref(format.model) }}
    where
        _source_file in (
            select items._source_file
            from {{ ref(format.model) }} as items
            where items._source_item > 1
        )
    group by
        _source_file,
        _source_row
    union all
    select
        _source_file,
        count(*) as record_count,
        case when _reject_reason is null then count(*) else 0 end as good_rows
    from {{ ref(format.model) }}
    where
        _source_file not in (
            select items._source_file
            from {{ ref(format.model) }} as items
            where items._source_item > 1
        )
    group by
        _source_file,
        _reject_reason
) as records
group by records._source_file
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
