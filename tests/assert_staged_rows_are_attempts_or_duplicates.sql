-- Promise 2: no request counts twice, and none is lost, by accident. Each good staged row is once an attempt of the ledger
-- or once a named duplicate capture, by its line in its file; each duplicate names a line that is in the ledger, or another
-- duplicate's. Rows of a trace that are no calls (row_kind context) carry no tokens.
with

rows_by_line as (

    {% for format in var('formats')['gateway_traces'] %}
    select
        _source_file,
        _source_row,
        1 as staged,
        0 as attempts,
        0 as duplicates
    from {{ ref('stg_gateway_traces_' ~ format ~ '__requests') }}
    where _reject_reason is null and row_kind != 'context'
    union all
    {% endfor %}
    select
        _source_file,
        _source_row,
        0 as staged,
        1 as attempts,
        0 as duplicates
    from {{ ref('fct_attempts') }}
    union all
    select
        _source_file,
        _source_row,
        0 as staged,
        0 as attempts,
        1 as duplicates
    from {{ ref('fct_duplicate_captures') }}

),

lost_or_doubled as (

    select
        _source_file,
        _source_row,
        sum(staged) as staged_rows,
        sum(attempts) as attempt_rows,
        sum(duplicates) as duplicate_rows
    from rows_by_line
    group by
        _source_file,
        _source_row
    having sum(staged) != sum(attempts) + sum(duplicates)

),

duplicates_of_nothing as (

    select
        duplicates._source_file,
        duplicates._source_row,
        1 as staged_rows,
        0 as attempt_rows,
        1 as duplicate_rows
    from {{ ref('fct_duplicate_captures') }} as duplicates
    left join {{ ref('fct_attempts') }} as attempts
        on duplicates.kept_source_file = attempts._source_file and duplicates.kept_source_row = attempts._source_row
    left join {{ ref('fct_duplicate_captures') }} as others
        on
            duplicates.kept_source_file = others._source_file
            and duplicates.kept_source_row = others._source_row
            and (duplicates._source_file != others._source_file or duplicates._source_row != others._source_row)
    where attempts._source_file is null and others._source_file is null

)

select * from lost_or_doubled
union all
select * from duplicates_of_nothing
