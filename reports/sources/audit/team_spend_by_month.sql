-- One row per month and team, for a chart: the nine teams with the most spend, the others as one where they are many.
with teams as (
    select
        team_id,
        row_number() over (order by sum(cost_usd) desc, team_id) as rank,
        count(*) over () as team_count
    from marts.fct_team_spend_monthly
    group by team_id
)

select
    strftime(spend.month, '%Y-%m') as month_id,
    strftime(spend.month, '%b %Y') as month_name,
    case
        when teams.rank <= 9 or teams.team_count = 10 then coalesce(spend.team_name, label(spend.team_id))
        else 'Other teams'
    end as team,
    sum(spend.cost_usd) as cost_usd
from marts.fct_team_spend_monthly as spend
inner join teams on spend.team_id = teams.team_id
group by all
order by month_id, min(teams.rank)
