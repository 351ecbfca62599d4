-- The UTC months of bills and ledger, the audit month first: what month filters offer where bills are matched.
-- The audit month is there without a bill too: a filter without a choice would leave its page waiting.
select distinct
    strftime(months.month, '%Y-%m') as month_id,
    strftime(months.month, '%b %Y') as month_name,
    months.month = run.audit_month as is_audit_month
from (
    select month from marts.fct_coverage_monthly
    union all
    select audit_month from marts.audit_run
) as months
cross join marts.audit_run as run
order by is_audit_month desc, month_id desc
