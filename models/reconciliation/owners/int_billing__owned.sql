-- The billed usage of a provider's month that the ledger gives to no team, and the teams that the bill itself gives it to.
-- A team's keys were billed for more than the ledger has of the team: the excess is the team's, after the fact.
with

billed as (

    select
        month,
        provider,
        sum(billed_usd) as billed_usd
    from {{ ref('int_billing__line_owners') }}
    group by
        month,
        provider

),

billed_by_team as (

    select
        month,
        provider,
        team_id,
        sum(billed_usd) as billed_usd,
        sum(case when attribution_method = 'key_owner_after_the_fact' then billed_usd else 0 end) as key_billed_usd
    from {{ ref('int_billing__line_owners') }}
    where team_id is not null
    group by
        month,
        provider,
        team_id

),

ledger_by_team as (

    select
        month,
        provider,
        team_id,
        sum(cost_usd) as ledger_usd
    from {{ ref('int_ledger_owners__monthly') }}
    where team_id != 'unattributed'
    group by
        month,
        provider,
        team_id

),

ledger as (

    select
        month,
        provider,
        sum(ledger_usd) as owned_usd
    from ledger_by_team
    group by
        month,
        provider

),

without_owner as (

    select
        billed.month,
        billed.provider,
        greatest(billed.billed_usd - coalesce(ledger.owned_usd, 0), 0) as usd
    from billed
    left join ledger on billed.month = ledger.month and billed.provider = ledger.provider

),

excesses as (

    select
        billed_by_team.month,
        billed_by_team.provider,
        billed_by_team.team_id,
        billed_by_team.billed_usd,
        billed_by_team.key_billed_usd,
        coalesce(ledger_by_team.ledger_usd, 0) as ledger_usd,
        greatest(billed_by_team.billed_usd - coalesce(ledger_by_team.ledger_usd, 0), 0) as excess_usd
    from billed_by_team
    left join ledger_by_team
        on
            billed_by_team.month = ledger_by_team.month
            and billed_by_team.provider = ledger_by_team.provider
            and billed_by_team.team_id = ledger_by_team.team_id

),

totals as (

    select
        excesses.*,
        without_owner.usd as without_owner_usd,
        sum(excesses.excess_usd) over (partition by excesses.month, excesses.provider) as all_excess_usd
    from excesses
    inner join without_owner on excesses.month = without_owner.month and excesses.provider = without_owner.provider

),

-- A caller may stamp another team than the one whose key it uses: the stamp stands, and the excesses share what is left.
shared as (

    select
        *,
        all_excess_usd > without_owner_usd as is_shared,
        {{ charged_part('without_owner_usd', 'excess_usd', 'all_excess_usd') }} as part_usd,
        row_number() over (partition by month, provider order by excess_usd desc, team_id) as excess_rank
    from totals
    where excess_usd > 0

),

owned as (

    select
        *,
        case
            when not is_shared then excess_usd
            -- The largest takes what rounding leaves.
            when excess_rank = 1 then part_usd + without_owner_usd - sum(part_usd) over (partition by month, provider)
            else part_usd
        end as owned_usd
    from shared

),

owned_by_provider as (

    select
        month,
        provider,
        sum(owned_usd) as owned_usd
    from owned
    group by
        month,
        provider

),

by_method as (

    select
        month,
        provider,
        team_id,
        'key_owner_after_the_fact' as attribution_method,
        key_billed_usd as billed_usd,
        ledger_usd,
        least(owned_usd, key_billed_usd) as owned_usd
    from owned
    union all
    select
        month,
        provider,
        team_id,
        'tag_after_the_fact' as attribution_method,
        billed_usd - key_billed_usd as billed_usd,
        ledger_usd,
        owned_usd - least(owned_usd, key_billed_usd) as owned_usd
    from owned

),

parts as (

    select * from by_method
    where owned_usd > 0
    union all
    select
        without_owner.month,
        without_owner.provider,
        'unattributed' as team_id,
        'unattributed' as attribution_method,
        cast(null as decimal(38, 12)) as billed_usd,
        cast(null as decimal(38, 12)) as ledger_usd,
        without_owner.usd - coalesce(owned.owned_usd, 0) as owned_usd
    from without_owner
    left join owned_by_provider as owned on without_owner.month = owned.month and without_owner.provider = owned.provider

)

select
    month,
    provider,
    team_id,
    attribution_method,
    cast(billed_usd as decimal(38, 12)) as billed_usd,
    cast(ledger_usd as decimal(38, 12)) as ledger_usd,
    cast(owned_usd as decimal(38, 12)) as owned_usd
from parts
where owned_usd != 0
