with

usage as (

    select
        *,
        case when coalesce(is_batch, false) then 'batch' else {{ served_tier('service_tier') }} end as priced_tier,
        -- A bucket holds many requests, so the long-context price applies only where the export names the window.
        case when context_window = '200k-1M' then cast(200001 as bigint) else cast(0 as bigint) end as context_size
    from {{ ref('int_provider_usage__current') }}

),

models as (

    select * from {{ ref('int_models__resolved') }}

),

prices as (

    select * from {{ ref('int_prices__in_force') }}

),

-- Tokens of a class without a price cost null, never zero; a class without tokens needs no price. Embeddings have no
-- output; a bucket without any token count (speech is counted in characters) costs null.
priced as (

    select
        usage.*,
        models.canonical_model,
        commitments.commitment_id,
        {%- for meter in whole_token_meters() %}
        case
            when coalesce(usage.{{ meter.usage }}, 0) = 0 then 0 else usage.{{ meter.usage }} * prices.{{ meter.meter }}_usd
        end as {{ meter.meter }}_amount,
        {%- endfor %}
        coalesce(usage.web_search_count, 0) * coalesce(prices.web_search_usd, 0) as web_search_amount
    from usage
    left join models on usage.provider = models.provider and usage.model = models.model
    -- What a commitment serves is priced on demand, as in the ledger.
    left join {{ ref('int_commitments__served_names') }} as commitments
        on
            usage.provider = commitments.provider
            and usage.model = commitments.model
            and commitments.requested_model = ''
            and usage.priced_tier = commitments.service_tier
            and usage.bucket_start_at >= commitments.effective_from
            and usage.bucket_start_at < commitments.effective_until
    left join prices
        on
            usage.provider = prices.provider
            and models.priced_model = prices.model
            and case when commitments.commitment_id is null then usage.priced_tier else 'standard' end = prices.service_tier
            and usage.bucket_start_at >= prices.effective_from
            and usage.bucket_start_at < prices.effective_until
            and usage.context_size > prices.above_context_tokens
            and usage.context_size <= prices.up_to_context_tokens

),

costed as (

    select
        *,
        cast(
            case
                when coalesce(uncached_input_tokens, output_tokens) is not null
                    then {% for meter in whole_token_meters() %}{{ meter.meter }}_amount + {% endfor %}web_search_amount
            end as decimal(38, 12)
        ) as usage_cost_usd
    from priced

)

select
    provider,
    account_id,
    cast(bucket_start_at as date) as usage_date,
    project_id,
    api_key_id,
    coalesce(canonical_model, model) as model,
    priced_tier as service_tier,
    commitment_id,
    request_count,
    {{ all_tokens(without=['output']) }} as input_tokens,
    {%- for meter in whole_token_meters() %}
    {{ meter.usage }},
    cast(case when usage_cost_usd is not null then {{ meter.meter }}_amount end as decimal(38, 12)) as {{ meter.meter }}_cost_usd,
    {%- endfor %}
    cast(case when usage_cost_usd is not null then web_search_amount end as decimal(38, 12)) as web_search_cost_usd,
    usage_cost_usd
from costed
