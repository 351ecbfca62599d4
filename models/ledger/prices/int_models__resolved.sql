with

named_in_data as (

    select distinct
        provider,
        model
    from {{ ref('int_calls__names') }}
    union
    select distinct
        provider,
        model
    from {{ ref('int_provider_usage__current') }}
    where model is not null
    union
    select distinct
        provider,
        model
    from {{ ref('int_billing__lines') }}
    where model is not null

),

priced_models as (

    select distinct
        provider,
        model
    from {{ ref('int_prices__in_force') }}

),

aliases as (

    select
        provider,
        lower(alias) as alias,
        model
    from {{ ref('model_aliases') }}
    union
    select
        provider,
        lower(model) as alias,
        on_demand_model as model
    from {{ ref('commitments') }}
    where on_demand_model is not null

),

-- Each step takes away one thing that a route adds to a model's name: the provider's prefix, the region and vendor of
-- Bedrock, the snapshot date and version.
without_prefix as (

    select
        provider,
        model,
        regexp_replace(lower(model), '^.*/', '') as plain
    from named_in_data

),

without_region as (

    select
        *,
        regexp_replace(plain, '^(us|eu|apac|jp|au|ca|in|global|us-gov)[.]', '') as regionless
    from without_prefix

),

without_vendor as (

    select
        *,
        regexp_replace(
            regionless, '^(anthropic|amazon|meta|mistral|cohere|deepseek|openai|qwen|ai21|google)[.]', ''
        ) as vendorless
    from without_region

),

without_version as (

    select
        *,
        regexp_replace(
            vendorless, '([@-](20[0-9]{6}|20[0-9]{2}-[0-9]{2}-[0-9]{2}))?(-v[0-9]+)?(:[0-9]+)?([@-](latest|default))?$', ''
        ) as versionless,
        regexp_replace(
            regionless, '([@-](20[0-9]{6}|20[0-9]{2}-[0-9]{2}-[0-9]{2}))?(-v[0-9]+)?(:[0-9]+)?([@-](latest|default))?$', ''
        ) as regionless_versionless
    from without_vendor

),

candidates as (

    select provider, model, 1 as step, 'exact' as resolution, model as candidate from without_version
    union all
    select provider, model, 2 as step, 'rule' as resolution, plain as candidate from without_version
    union all
    select provider, model, 3 as step, 'rule' as resolution, regionless as candidate from without_version
    union all
    select provider, model, 4 as step, 'rule' as resolution, vendorless as candidate from without_version
    union all
    select provider, model, 5 as step, 'rule' as resolution, regionless_versionless as candidate from without_version
    union all
    select provider, model, 6 as step, 'rule' as resolution, versionless as candidate from without_version

),

found as (

    select
        candidates.provider,
        candidates.model,
        candidates.step * 2 as step,
        candidates.resolution,
        priced_models.model as priced_model
    from candidates
    inner join priced_models on candidates.provider = priced_models.provider and candidates.candidate = priced_models.model
    union all
    select
        candidates.provider,
        candidates.model,
        candidates.step * 2 + 1 as step,
        'alias' as resolution,
        aliases.model as priced_model
    from candidates
    inner join aliases on candidates.provider = aliases.provider and lower(candidates.candidate) = aliases.alias
    inner join priced_models on aliases.provider = priced_models.provider and aliases.model = priced_models.model

),

preferred as (

    select
        *,
        row_number() over (partition by provider, model order by step, priced_model) as preference
    from found

)

select
    named_in_data.provider,
    named_in_data.model,
    preferred.priced_model,
    coalesce(preferred.priced_model, named_in_data.model) as canonical_model,
    coalesce(preferred.resolution, 'none') as resolution
from named_in_data
left join preferred
    on
        named_in_data.provider = preferred.provider
        and named_in_data.model = preferred.model
        and preferred.preference = 1
