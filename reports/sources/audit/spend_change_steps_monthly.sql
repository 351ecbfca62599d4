-- The waterfalls of a month: one row per team (team_id '*' is all teams), what it is by ('model' or 'feature') and step.
-- From the spend of the month before (place 1) over the ten largest changes (2) and the sum of the others (3) to the
-- spend of the month (4). None where the month before is not in the data.
with

changes as (

    select
        month,
        coalesce(team_id, '*') as team_id,
        case grouping(model) when 0 then 'model' else 'feature' end as by_what,
        named(coalesce(model, feature_name)) as name,
        sum(cost_usd) as cost_usd,
        sum(previous_cost_usd) as previous_cost_usd,
        sum(change_usd) as change_usd
    from marts.fct_spend_change_monthly
    group by grouping sets ((month, team_id, model), (month, team_id, feature_name), (month, model), (month, feature_name))

),

ranked as (

    select
        *,
        row_number() over (partition by month, team_id, by_what order by abs(change_usd) desc, name) as size_rank
    from changes
    where change_usd <> 0

),

steps as (

    select month, team_id, by_what, 1 as place, 0 as size_rank, strftime(month - interval 1 month, '%b %Y') as label,
        sum(previous_cost_usd) as amount_usd
    from changes
    group by all
    having count(change_usd) > 0
    union all
    select month, team_id, by_what, 2, size_rank, name, change_usd
    from ranked
    where size_rank <= 10
    union all
    select month, team_id, by_what, 3, 0, count(*) || if(count(*) = 1, ' other', ' others'), sum(change_usd)
    from ranked
    where size_rank > 10
    group by all
    union all
    select month, team_id, by_what, 4, 0, strftime(month, '%b %Y'), sum(cost_usd)
    from changes
    group by all
    having count(change_usd) > 0

)

select
    strftime(month, '%Y-%m') as month_id,
    team_id,
    by_what,
    place,
    size_rank,
    label,
    amount_usd,
    place in (1, 4) as is_total
from steps
order by month_id, team_id, by_what, place, size_rank
