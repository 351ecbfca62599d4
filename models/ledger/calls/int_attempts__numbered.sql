with

several as (

    select
        gateway,
        request_id
    from {{ ref('int_attempts__captured') }}
    where not is_duplicate_capture
    group by
        gateway,
        request_id
    having count(*) > 1

)

select
    attempts._source_file,
    attempts._source_row,
    attempts._source_item,
    row_number() over (
        partition by attempts.gateway, attempts.request_id
        order by
            case when attempts.row_kind = 'billed_retry' then 0 else 1 end,
            coalesce(attempts.attempt_number, 1),
            attempts.requested_at,
            attempts._source_file,
            attempts._source_row,
            attempts._source_item
    ) as attempt_number,
    count(*) over (partition by attempts.gateway, attempts.request_id) as attempt_count
from {{ ref('int_attempts__captured') }} as attempts
inner join several on attempts.gateway = several.gateway and attempts.request_id = several.request_id
where not attempts.is_duplicate_capture
