select
    gateway,
    request_id,
    requested_at,
    provider,
    model,
    'the same attempt of the same request at the same time is in the ledger already' as reason,
    kept_source_file,
    kept_source_row,
    _source_file,
    _source_row
from {{ ref('int_attempts__captured') }}
where is_duplicate_capture
