{%- set rule = var('chargeback_rule') %}
{%- if rule not in ['proportional', 'even', 'none'] %}
{{ exceptions.raise_compiler_error("chargeback_rule is '" ~ rule ~ "': write proportional, even or none") }}
{%- endif %}

-- What is charged: each provider's invoice, and of the company's own GPUs what no cloud bill covers. A provider that sent
-- no bill charges nothing.
with

billed as (

    select
        month,
        provider,
        sum(case when line_type in ('usage', 'fee', 'commitment') then billed_usd else 0 end) as used_usd,
        sum(billed_usd) as invoice_usd
    from {{ ref('int_billing__lines') }}
    group by
        month,
        provider

),

ledger as (

    select
        month,
        provider,
        team_id,
        sum(cost_usd) as cost_usd
    from {{ ref('int_ledger_owners__monthly') }}
    group by
        month,
        provider,
        team_id

),

pools as (

    select
        month,
        sum(cost_usd) as cost_usd
    from ledger
    where provider = 'gpu_cloud'
    group by month

),

charged as (

    select
        coalesce(billed.month, pools.month) as month,
        coalesce(billed.provider, 'gpu_cloud') as provider,
        case
            when pools.month is not null then greatest(pools.cost_usd, coalesce(billed.used_usd, 0))
            else coalesce(billed.used_usd, 0)
        end as used_usd,
        coalesce(billed.invoice_usd - billed.used_usd, 0) as other_lines_usd
    from billed
    full outer join pools on billed.month = pools.month and billed.provider = 'gpu_cloud'

),

-- A ledger that states more than was billed is scaled down to the bill, team by team.
claims as (

    select
        ledger.month,
        ledger.provider,
        ledger.team_id,
        ledger.cost_usd,
        charged.used_usd,
        sum(ledger.cost_usd) over (partition by ledger.month, ledger.provider) as claimed_usd,
        row_number() over (
            partition by ledger.month, ledger.provider order by ledger.cost_usd desc, ledger.team_id
        ) as claim_rank
    from ledger
    inner join charged on ledger.month = charged.month and ledger.provider = charged.provider
    where ledger.team_id != 'unattributed' and ledger.cost_usd > 0

),

scaled as (

    select
        *,
        {{ charged_part('greatest(used_usd, 0)', 'cost_usd', 'claimed_usd') }} as scaled_usd
    from claims

),

direct as (

    select
        month,
        provider,
        team_id,
        case
            when claimed_usd <= used_usd then cost_usd
            -- The largest takes what rounding leaves.
            when claim_rank = 1
                then scaled_usd + greatest(used_usd, 0) - sum(scaled_usd) over (partition by month, provider)
            else scaled_usd
        end as usd
    from scaled

),

after_the_fact as (

    select
        month,
        provider,
        team_id,
        sum(owned_usd) as usd
    from {{ ref('int_billing__owned') }}
    where team_id != 'unattributed'
    group by
        month,
        provider,
        team_id

),

own_parts as (

    select month, provider, team_id, 'direct' as part, usd from direct
    union all
    select month, provider, team_id, 'after_the_fact' as part, usd from after_the_fact

),

by_team as (

    select
        month,
        provider,
        team_id,
        sum(usd) as usd
    from own_parts
    group by
        month,
        provider,
        team_id

),

by_provider as (

    select
        month,
        provider,
        sum(usd) as usd
    from by_team
    group by
        month,
        provider

),

-- What is left to share, provider by provider: lines that are no usage, and usage without an owner.
left_over as (

    select
        month,
        provider,
        'shared' as part,
        other_lines_usd as usd
    from charged
    union all
    select
        charged.month,
        charged.provider,
        'unattributed' as part,
        charged.used_usd - coalesce(by_provider.usd, 0) as usd
    from charged
    left join by_provider on charged.month = by_provider.month and charged.provider = by_provider.provider

),

{% if rule == 'none' -%}
shared_out as (

    select
        month,
        provider,
        'unattributed' as team_id,
        part,
        usd
    from left_over

)
{%- else -%}
-- A provider's shared cost falls on the teams that used it; where no team did, on every team of the month.
all_teams as (

    select
        month,
        team_id,
        sum(usd) as usd
    from by_team
    group by
        month,
        team_id

),

weights as (

    select
        month,
        provider,
        team_id,
        {{ 'usd' if rule == 'proportional' else 'cast(1 as decimal(38, 12))' }} as weight
    from by_team
    where usd > 0
    union all
    select
        charged.month,
        charged.provider,
        all_teams.team_id,
        {{ 'all_teams.usd' if rule == 'proportional' else 'cast(1 as decimal(38, 12))' }} as weight
    from charged
    inner join all_teams on charged.month = all_teams.month
    left join by_provider
        on charged.month = by_provider.month and charged.provider = by_provider.provider and by_provider.usd > 0
    where by_provider.month is null and all_teams.usd > 0

),

weighed as (

    select
        left_over.month,
        left_over.provider,
        coalesce(weights.team_id, 'unattributed') as team_id,
        left_over.part,
        left_over.usd,
        weights.weight,
        sum(weights.weight) over (partition by left_over.month, left_over.provider, left_over.part) as all_weights,
        row_number() over (
            partition by left_over.month, left_over.provider, left_over.part
            order by weights.weight desc nulls last, weights.team_id nulls last
        ) as weight_rank
    from left_over
    left join weights on left_over.month = weights.month and left_over.provider = weights.provider

),

split as (

    select
        *,
        coalesce({{ charged_part('usd', 'weight', 'all_weights') }}, usd) as part_usd
    from weighed

),

shared_out as (

    select
        month,
        provider,
        team_id,
        part,
        -- The largest takes what rounding leaves.
        case
            when weight_rank = 1 then part_usd + usd - sum(part_usd) over (partition by month, provider, part)
            else part_usd
        end as usd
    from split

)
{%- endif %}

select
    month,
    provider,
    team_id,
    part,
    cast(usd as decimal(38, 12)) as usd
from own_parts
where usd != 0
union all
select
    month,
    provider,
    team_id,
    part,
    cast(usd as decimal(38, 12)) as usd
from shared_out
where usd != 0
