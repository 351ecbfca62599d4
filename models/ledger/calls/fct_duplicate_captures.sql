select
    gateway,
    request_id,
    requested_at,
    provider,
    model,
    case duplicate_kind
        when 'same_event' then 'the same attempt of the same request at the same time is in the ledger already'
        when 'same_answer' then 'another gateway or span reports the same answer of the provider'
        else 'the span repeats the tokens of the calls below it in its trace'
    end as reason,
    kept_source_file,
    kept_source_row,
    _source_file,
    _source_row,
    _source_item
from {{ ref('int_attempts__captured') }}
where is_duplicate_capture
