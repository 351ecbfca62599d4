with

named_in_data as (

    select
        provider,
        model,
        coalesce(requested_model, '') as requested_model,
        {{ served_tier('service_tier') }} as service_tier
    from {{ ref('int_calls__names') }}
    where model is not null
    union
    select
        provider,
        model,
        '' as requested_model,
        case when coalesce(is_batch, false) then 'batch' else {{ served_tier('service_tier') }} end as service_tier
    from {{ ref('int_provider_usage__current') }}
    where model is not null

),

-- A commitment is known by the name that was called; by the name that the price sheet has for it if nothing is known by
-- the name that was called.
matched as (

    select
        named_in_data.*,
        periods.commitment_id,
        periods.effective_from,
        periods.effective_until,
        rank() over (
            partition by
                named_in_data.provider, named_in_data.model, named_in_data.requested_model, named_in_data.service_tier
            order by
                case
                    when periods.model in (lower(named_in_data.model), lower(named_in_data.requested_model)) then 1
                    else 2
                end
        ) as preference
    from named_in_data
    left join {{ ref('int_models__resolved') }} as models
        on named_in_data.provider = models.provider and named_in_data.model = models.model
    inner join {{ ref('int_commitments__periods') }} as periods
        on
            named_in_data.provider = periods.provider
            and coalesce(periods.service_tier, named_in_data.service_tier) = named_in_data.service_tier
            and periods.model
            in (lower(named_in_data.model), lower(named_in_data.requested_model), lower(models.canonical_model))

)

select
    provider,
    model,
    requested_model,
    service_tier,
    commitment_id,
    effective_from,
    -- One request is served by one commitment, also where the seed's rows overlap (which a test forbids).
    least(
        effective_until,
        coalesce(
            lead(effective_from) over (
                partition by provider, model, requested_model, service_tier
                order by effective_from, commitment_id
            ), date '9999-12-31'
        )
    ) as effective_until
from matched
where preference = 1
