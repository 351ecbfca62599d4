select
    entity,
    format,
    _source_file,
    _source_row,
    reject_number,
    reason,
    rejected_record
from {{ ref('int_landing__rejected_records') }}
