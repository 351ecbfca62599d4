-- Which raw records could not be used, in which file and line, and why?
select
    files.source_file,
    files.status as file_status,
    files.record_count,
    files.staged_record_count,
    files.rejected_record_count,
    rejects._source_row,
    rejects.reason
from marts.fct_rejected_records as rejects
inner join marts.fct_landed_files as files on rejects._source_file = files.source_file
order by files.source_file, rejects._source_row;
