with

period as (

    select * from {{ ref('int_audit__period') }}

),

gates as (

    select
        count(*) as gate_count,
        sum(case when status = 'fail' then 1 else 0 end) as failed_gate_count,
        sum(case when status = 'warn' then 1 else 0 end) as warned_gate_count,
        sum(case when gate_id = 'reconciliation_gap' and status != 'no_data' then 1 else 0 end) as reconciled_provider_count
    from {{ ref('fct_gates') }}

),

files as (

    select
        count(*) as file_count,
        sum(record_count) as record_count,
        sum(staged_row_count) as staged_row_count,
        sum(rejected_record_count) as rejected_record_count
    from {{ ref('fct_landed_files') }}

)

-- No clock in here: two builds of the same landing zone must publish the same row.
select
    period.audit_date,
    period.audit_month,
    -- Books that no invoice was held against are not closed, though no gate fails.
    case
        when gates.failed_gate_count > 0 or coalesce(gates.reconciled_provider_count, 0) = 0 then 'open'
        else 'closed'
    end as books_status,
    period.first_date as first_business_date,
    period.last_date as last_business_date,
    '{{ var("reporting_timezone") }}' as reporting_timezone,
    cast(files.file_count as bigint) as file_count,
    cast(coalesce(files.record_count, 0) as bigint) as landed_record_count,
    cast(coalesce(files.staged_row_count, 0) as bigint) as staged_row_count,
    cast(coalesce(files.rejected_record_count, 0) as bigint) as rejected_record_count,
    cast(gates.gate_count as bigint) as gate_count,
    cast(coalesce(gates.failed_gate_count, 0) as bigint) as failed_gate_count,
    cast(coalesce(gates.warned_gate_count, 0) as bigint) as warned_gate_count,
    '{{ project_version() }}' as project_version,
    '{{ dbt_version }}' as dbt_version
from period
cross join gates
cross join files
