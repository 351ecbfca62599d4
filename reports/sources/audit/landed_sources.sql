-- One row per kind of data and format: what landed and what became of it.
select
    entity as entity_id,
    label(entity) as entity,
    label(format) as format,
    count(*) as file_count,
    sum(record_count) as record_count,
    sum(rejected_record_count) as rejected_record_count,
    sum(staged_row_count) as staged_row_count,
    sum(duplicate_capture_count) as duplicate_capture_count,
    strftime(max(modified_at), '%Y-%m-%d %H:%M') as last_modified_at
from marts.fct_landed_files
group by all
order by entity_id, format
