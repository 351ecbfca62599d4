-- Which users and customers (tenants) cost most this month, what does one of their requests cost, and who grew?
select
    spend.month,
    spend.tenant_id,
    spend.user_id,
    round(spend.cost_usd, 2) as cost_usd,
    round(spend.change_usd, 2) as change_usd,
    spend.request_count,
    round(spend.cost_per_request_usd, 4) as usd_per_request
from marts.fct_user_spend_monthly as spend
inner join marts.audit_run as runs on spend.month = runs.audit_month
order by spend.cost_usd desc nulls last, spend.tenant_id asc, spend.user_id asc
limit 40;
