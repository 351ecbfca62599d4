-- The 50 users of a month whose spend changed most. Spend without a user is the row 'unattributed'.
select
    strftime(month, '%Y-%m') as month_id,
    case user_id when 'unattributed' then 'Unattributed' else user_id end as user_name,
    case tenant_id when '(none)' then null else tenant_id end as tenant,
    cost_usd,
    previous_cost_usd,
    summed_usd(change_usd) as change_usd,
    request_count
from marts.fct_user_spend_monthly
where change_usd is not null
qualify row_number() over (partition by month order by abs(change_usd) desc, user_id, tenant_id) <= 50
order by month_id, abs(change_usd) desc, user_name, tenant
