-- The months that have spend, the audit month first: what month filters offer.
select distinct
    strftime(cost.date, '%Y-%m') as month_id,
    strftime(cost.date, '%b %Y') as month_name,
    strftime(cost.date, '%Y-%m') = strftime(run.audit_month, '%Y-%m') as is_audit_month
from marts.fct_cost_daily as cost
cross join marts.audit_run as run
order by is_audit_month desc, month_id desc
