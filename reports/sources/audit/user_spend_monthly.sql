-- The users of a month that its lists name: of all teams the 50 whose spend changed most, of each team the 20 whose spend
-- changed most and the 20 who spent most. Spend without a user is the row 'unattributed', of no team.
select
    strftime(month, '%Y-%m') as month_id,
    case user_id when 'unattributed' then 'Unattributed' else user_id end as user_name,
    case tenant_id when '(none)' then null else tenant_id end as tenant,
    primary_team_id as team_id,
    coalesce(teams.team_name, label(spend.primary_team_id)) as team,
    cost_usd,
    previous_cost_usd,
    summed_usd(change_usd) as change_usd,
    request_count,
    cost_per_request_usd
from marts.fct_user_spend_monthly as spend
left join marts.dim_teams as teams on spend.primary_team_id = teams.team_id
qualify
    change_usd is not null and (
        row_number() over (partition by month order by abs(change_usd) desc, user_id, tenant_id) <= 50
        or row_number() over (partition by month, primary_team_id order by abs(change_usd) desc, user_id, tenant_id) <= 20
    )
    or row_number() over (partition by month, primary_team_id order by cost_usd desc, user_id, tenant_id) <= 20
order by month_id, abs(change_usd) desc, user_name, tenant
