-- One row per kind of data, format, file and reason: how many records were rejected.
select
    entity as entity_id,
    label(entity) as entity,
    label(format) as format,
    _source_file as source_file,
    reason,
    count(*) as record_count,
    min(_source_row) as first_row
from marts.fct_rejected_records
group by all
order by record_count desc, source_file, reason
