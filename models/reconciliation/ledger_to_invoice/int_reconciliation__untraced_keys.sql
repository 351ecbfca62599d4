with

grains as (

    select * from {{ ref('int_reconciliation__grains') }}

),

traced as (

    select distinct
        attempts.provider,
        grains.month,
        case when grains.is_over_all_models then 'all' else attempts.model end as model,
        attempts.api_key_hash,
        attempts.team_id
    from {{ ref('fct_attempts') }} as attempts
    inner join grains
        on attempts.provider = grains.provider and cast(date_trunc('month', attempts.requested_at) as date) = grains.month
    where attempts.pricing_status in ('priced', 'unpriced')

),

traced_keys as (

    select distinct
        provider,
        month,
        model,
        api_key_hash
    from traced
    where api_key_hash is not null

),

traced_teams as (

    select distinct
        provider,
        month,
        model,
        team_id
    from traced
    where team_id is not null

),

key_use as (

    select
        provider,
        month,
        period_start,
        model,
        service_tier,
        meter,
        key_id,
        sum(tokens) as tokens
    from {{ ref('int_reconciliation__counted_tokens') }}
    where key_id is not null and counted_by != 'ledger'
    group by
        provider,
        month,
        period_start,
        model,
        service_tier,
        meter,
        key_id

),

-- Whose key it was in the month: the provider's own entry before one for any provider, then the latest.
owner_candidates as (

    select
        key_use.provider,
        key_use.month,
        key_use.key_id,
        periods.team_id,
        row_number() over (
            partition by key_use.provider, key_use.month, key_use.key_id
            order by case when periods.provider = 'any' then 1 else 0 end, periods.effective_from desc
        ) as preference
    from key_use
    inner join {{ ref('int_key_owners__periods') }} as periods
        on
            key_use.key_id = periods.key_hash_or_id
            and periods.provider in (key_use.provider, 'any')
            and key_use.period_start >= periods.effective_from
            and key_use.period_start < periods.effective_until

),

owners as (

    select
        provider,
        month,
        key_id,
        team_id
    from owner_candidates
    where preference = 1

)

select
    key_use.provider,
    key_use.month,
    key_use.period_start,
    key_use.model,
    key_use.service_tier,
    key_use.meter,
    key_use.key_id,
    key_use.tokens,
    owners.team_id as owner_team_id
from key_use
left join owners on key_use.provider = owners.provider and key_use.month = owners.month and key_use.key_id = owners.key_id
left join traced_keys
    on
        key_use.provider = traced_keys.provider
        and key_use.month = traced_keys.month
        and key_use.model = traced_keys.model
        and key_use.key_id = traced_keys.api_key_hash
left join traced_teams
    on
        key_use.provider = traced_teams.provider
        and key_use.month = traced_teams.month
        and key_use.model = traced_teams.model
        and owners.team_id = traced_teams.team_id
where traced_keys.api_key_hash is null and traced_teams.team_id is null
