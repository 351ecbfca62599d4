-- One row per month and team, for a chart: the nine teams with the largest charges, the others as one where they are many.
with teams as (
    select
        team_id,
        row_number() over (order by sum(total_usd) desc, team_id) as rank,
        count(*) over () as team_count
    from marts.fct_chargeback_monthly
    group by team_id
)

select
    strftime(charges.month, '%Y-%m') as month_id,
    strftime(charges.month, '%b %Y') as month_name,
    case
        when teams.rank <= 9 or teams.team_count = 10 then coalesce(charges.team_name, label(charges.team_id))
        else 'Other teams'
    end as team,
    sum(charges.total_usd) as total_usd
from marts.fct_chargeback_monthly as charges
inner join teams on charges.team_id = teams.team_id
group by all
order by month_id, min(teams.rank)
