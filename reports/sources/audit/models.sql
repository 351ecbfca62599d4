-- One row per provider and model that occurs in traces, usage exports or bills; all months together.
select
    provider as provider_id,
    label(provider) as provider,
    model,
    label(tier) as tier,
    pricing_status as price_id,
    label(pricing_status) as price,
    strftime(first_used_on, '%Y-%m-%d') as first_used_on,
    strftime(last_used_on, '%Y-%m-%d') as last_used_on,
    request_count,
    token_count,
    unpriced_request_count,
    unpriced_token_count,
    exposure_usd
from marts.dim_models
order by provider_id, model
