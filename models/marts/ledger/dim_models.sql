with

resolved as (

    select
        provider,
        canonical_model as model,
        max(case when priced_model is not null then 1 else 0 end) = 1 as is_priced
    from {{ ref('int_models__resolved') }}
    group by
        provider,
        canonical_model

),

tiers as (

    select * from {{ ref('int_model_tiers__current') }}

),

used as (

    select
        provider,
        model,
        min(request_date) as first_used_on,
        max(request_date) as last_used_on,
        count(*) as request_count
    from {{ ref('fct_requests') }}
    group by
        provider,
        model

)

select
    resolved.provider,
    resolved.model,
    tiers.tier,
    tiers.tokenizer_factor,
    resolved.is_priced,
    used.first_used_on,
    used.last_used_on,
    coalesce(used.request_count, 0) as request_count
from resolved
left join tiers on resolved.provider = tiers.provider and resolved.model = tiers.model
left join used on resolved.provider = used.provider and resolved.model = used.model
