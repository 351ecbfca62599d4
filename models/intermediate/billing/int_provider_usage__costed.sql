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

)

select
    usage.provider,
    usage.account_id,
    cast(usage.bucket_start_at as date) as usage_date,
    usage.project_id,
    usage.api_key_id,
    coalesce(models.canonical_model, usage.model) as model,
    usage.request_count,
    usage.uncached_input_tokens + usage.cache_read_tokens + usage.cache_write_5m_tokens + usage.cache_write_30m_tokens
    + usage.cache_write_1h_tokens + usage.cache_write_12h_tokens as input_tokens,
    usage.output_tokens,
    cast(
        usage.uncached_input_tokens * prices.input_usd
        + usage.cache_read_tokens * prices.cache_read_usd
        + usage.cache_write_5m_tokens * prices.cache_write_5m_usd
        + usage.cache_write_30m_tokens * prices.cache_write_30m_usd
        + usage.cache_write_1h_tokens * prices.cache_write_1h_usd
        + usage.cache_write_12h_tokens * prices.cache_write_12h_usd
        + usage.output_tokens * coalesce(prices.output_usd, 0)
        + coalesce(usage.web_search_count, 0) * coalesce(prices.web_search_usd, 0)
        as decimal(38, 12)
    ) as usage_cost_usd
from usage
left join models on usage.provider = models.provider and usage.model = models.model
left join prices
    on
        usage.provider = prices.provider
        and models.priced_model = prices.model
        and usage.priced_tier = prices.service_tier
        and usage.bucket_start_at >= prices.effective_from
        and usage.bucket_start_at < prices.effective_until
        and usage.context_size > prices.above_context_tokens
        and usage.context_size <= prices.up_to_context_tokens
