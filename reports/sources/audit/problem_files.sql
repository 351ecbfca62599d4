-- One row per landed file that something is wrong with.
select
    entity as entity_id,
    label(entity) as entity,
    source_file,
    label(status) as status,
    record_count,
    rejected_record_count,
    problem
from marts.fct_landed_files
where problem is not null
order by rejected_record_count desc, source_file
