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
        count(*) as request_count,
        cast(
            sum(uncached_input_tokens + cache_read_tokens + cache_write_tokens + output_tokens) as bigint
        ) as token_count,
        sum(case when pricing_status = 'unpriced' then 1 else 0 end) as unpriced_request_count,
        cast(
            sum(
                case
                    when pricing_status = 'unpriced'
                        then uncached_input_tokens + cache_read_tokens + cache_write_tokens + output_tokens
                end
            ) as bigint
        ) as unpriced_token_count,
        cast(sum(exposure_usd) as decimal(38, 12)) as exposure_usd
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
    case
        when resolved.is_priced then 'priced'
        when resolved.provider = 'self_hosted' then 'own_gpus'
        else 'unpriced'
    end as pricing_status,
    used.first_used_on,
    used.last_used_on,
    coalesce(used.request_count, 0) as request_count,
    coalesce(used.token_count, 0) as token_count,
    cast(coalesce(used.unpriced_request_count, 0) as bigint) as unpriced_request_count,
    coalesce(used.unpriced_token_count, 0) as unpriced_token_count,
    coalesce(used.exposure_usd, 0) as exposure_usd
from resolved
left join tiers on resolved.provider = tiers.provider and resolved.model = tiers.model
left join used on resolved.provider = used.provider and resolved.model = used.model
