-- On one day a request is served by one commitment, under one set of terms: else neither its use nor its break-even is known.
-- Commitments that serve the same requests are one row of the seed, with their units added up.
with

periods as (

    select
        *,
        row_number() over (order by provider, commitment_id, effective_from) as number
    from {{ ref('int_commitments__periods') }}

)

select
    one.provider,
    one.commitment_id as one_commitment,
    other.commitment_id as other_commitment,
    greatest(one.effective_from, other.effective_from) as overlap_from
from periods as one
inner join periods as other
    on
        one.provider = other.provider
        and one.number < other.number
        and one.effective_from < other.effective_until
        and other.effective_from < one.effective_until
where
    one.commitment_id = other.commitment_id
    or (
        one.model = other.model
        and coalesce(one.service_tier, other.service_tier, '') = coalesce(other.service_tier, one.service_tier, '')
    )
