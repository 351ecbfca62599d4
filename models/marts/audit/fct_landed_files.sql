with

duplicates as (

    select
        _source_file,
        count(*) as duplicate_capture_count
    from {{ ref('fct_duplicate_captures') }}
    group by _source_file

)

select
    files.file_id as source_file,
    files.entity,
    files.format,
    files.account_id,
    files.file_version,
    files.size_bytes,
    files.modified_at,
    files.record_count,
    coalesce(counts.staged_record_count, 0) as staged_record_count,
    coalesce(counts.rejected_record_count, 0) as rejected_record_count,
    coalesce(counts.staged_row_count, 0) as staged_row_count,
    cast(coalesce(duplicates.duplicate_capture_count, 0) as bigint) as duplicate_capture_count,
    files.status,
    files.problem
from {{ ref('int_landing__files') }} as files
left join {{ ref('int_landing__file_counts') }} as counts on files.file_id = counts._source_file
left join duplicates on files.file_id = duplicates._source_file
