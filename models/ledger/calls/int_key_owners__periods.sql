{{ config(materialized='view') }}

with

key_owners as (

    select * from {{ ref('key_owners') }}

),

providers as (

    select * from {{ ref('provider_aliases') }}

),

-- A key handed over belongs to its next owner from that day: a period never runs past the start of the next.
periods as (

    select
        coalesce(providers.provider, lower(key_owners.provider), 'any') as provider,
        key_owners.key_hash_or_id,
        key_owners.team_id,
        key_owners.feature_name,
        coalesce(key_owners.effective_from, date '1970-01-01') as effective_from,
        least(
            coalesce(key_owners.effective_until, date '9999-12-31'),
            coalesce(
                lead(key_owners.effective_from) over (
                    partition by coalesce(providers.provider, lower(key_owners.provider), 'any'), key_owners.key_hash_or_id
                    order by key_owners.effective_from, key_owners.team_id
                ),
                date '9999-12-31'
            )
        ) as effective_until
    from key_owners
    left join providers on lower(key_owners.provider) = providers.alias

)

select * from periods
where effective_from < effective_until
