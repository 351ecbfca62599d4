-- One row: what was audited, and whether its books are closed.
select
    audit_date,
    audit_month,
    strftime(audit_month, '%Y-%m') as month_id,
    label(books_status) as books_status,
    strftime(last_business_date, '%Y-%m-%d') as last_business_day,
    file_count,
    landed_record_count,
    staged_row_count,
    rejected_record_count,
    gate_count,
    failed_gate_count,
    warned_gate_count,
    project_version
from marts.audit_run
