-- Promise 1: no line is lost. For every landed file, its records (counted before SQL read it) are the distinct records
-- in staging, good or rejected; the published counts say the same; a file of which nothing is read has a reject row.
with

files as (

    select
        file_id,
        case when {{ is_read_file() }} then record_count else 0 end as record_count,
        {{ is_read_file() }} as is_read
    from {{ ref('stg_landing__files') }}

),

staged as (

    {% for format in format_models() %}
    select
        _source_file,
        count(distinct _source_row) as record_count,
        sum(case when _reject_reason = '' then 1 else 0 end) as unnamed_rejects
    from {{ ref(format.model) }}
    group by _source_file
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

published as (

    select
        source_file,
        staged_record_count,
        rejected_record_count
    from {{ ref('fct_landed_files') }}

),

rejects as (

    select
        _source_file,
        count(*) as reject_count,
        sum(case when coalesce(reason, '') = '' then 1 else 0 end) as unnamed_rejects
    from {{ ref('fct_rejected_records') }}
    group by _source_file

)

select
    coalesce(files.file_id, staged._source_file, published.source_file, rejects._source_file) as source_file,
    files.record_count as landed_records,
    staged.record_count as records_in_staging,
    published.staged_record_count,
    published.rejected_record_count,
    rejects.reject_count
from files
full outer join staged on files.file_id = staged._source_file
full outer join published on coalesce(files.file_id, staged._source_file) = published.source_file
full outer join rejects on coalesce(files.file_id, staged._source_file, published.source_file) = rejects._source_file
where
    files.file_id is null
    or published.source_file is null
    or files.record_count != coalesce(staged.record_count, 0)
    or files.record_count != published.staged_record_count + published.rejected_record_count
    or (files.is_read and published.rejected_record_count > coalesce(rejects.reject_count, 0))
    or (not files.is_read and rejects._source_file is null)
    or staged.unnamed_rejects > 0
    or rejects.unnamed_rejects > 0
