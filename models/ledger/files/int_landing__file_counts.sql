{{ config(materialized='view') }}

{% for format in format_models() %}
-- A record with several results (a page of a report) is staged when any of them is, and rejected when none is.
select
    '{{ format.entity }}' as entity,
    '{{ format.format }}' as format,
    _source_file,
    cast(sum(case when good_rows > 0 then 1 else 0 end) as bigint) as staged_record_count,
    cast(sum(case when good_rows = 0 then 1 else 0 end) as bigint) as rejected_record_count,
    cast(sum(good_rows) as bigint) as staged_row_count
from (
    select
        _source_file,
        _source_row,
        sum(case when _reject_reason is null then 1 else 0 end) as good_rows
    from {{ ref(format.model) }}
    group by
        _source_file,
        _source_row
) as records
group by _source_file
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
