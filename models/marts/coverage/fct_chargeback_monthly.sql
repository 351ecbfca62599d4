with

by_team as (

    select
        month,
        team_id,
        sum(case when part in ('direct', 'after_the_fact') then usd else 0 end) as direct_cost_usd,
        sum(case when part = 'after_the_fact' then usd else 0 end) as after_the_fact_usd,
        sum(case when part = 'shared' then usd else 0 end) as shared_cost_usd,
        sum(case when part = 'unattributed' then usd else 0 end) as unattributed_share_usd,
        sum(usd) as total_usd
    from {{ ref('int_chargeback__parts') }}
    group by
        month,
        team_id

),

-- In cents by the largest remainder: every team's cents are rounded down, and the cents that the month is then short of
-- go to the teams with the largest fractions.
cents as (

    select
        *,
        floor(total_usd * 100) as whole_cents,
        row_number() over (
            partition by month order by total_usd * 100 - floor(total_usd * 100) desc, team_id
        ) as remainder_rank,
        round(sum(total_usd) over (partition by month) * 100, 0) as month_cents
    from by_team

),

booked as (

    select
        *,
        whole_cents
        + case
            when remainder_rank <= month_cents - sum(whole_cents) over (partition by month) then 1 else 0
        end as booked_cents
    from cents

)

select
    booked.month,
    booked.team_id,
    coalesce(teams.team_name, booked.team_id) as team_name,
    teams.cost_center,
    '{{ var("chargeback_rule") }}' as chargeback_rule,
    cast(booked.direct_cost_usd as decimal(38, 12)) as direct_cost_usd,
    cast(booked.after_the_fact_usd as decimal(38, 12)) as after_the_fact_usd,
    cast(booked.shared_cost_usd as decimal(38, 12)) as shared_cost_usd,
    cast(booked.unattributed_share_usd as decimal(38, 12)) as unattributed_share_usd,
    cast(booked.total_usd as decimal(38, 12)) as total_usd,
    cast(booked.booked_cents * 0.01 as decimal(18, 2)) as booked_usd
from booked
left join {{ ref('dim_teams') }} as teams on booked.team_id = teams.team_id
