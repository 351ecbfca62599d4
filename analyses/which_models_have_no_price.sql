-- Which models have no price, and how much could that hide? The largest exposure first; give each a row in the seed
-- model_aliases, in own_model_prices, or a newer sheet (`ai-cost prices refresh`).
select
    provider,
    model,
    unpriced_request_count,
    unpriced_token_count,
    cast(exposure_usd as decimal(18, 2)) as exposure_usd,
    first_used_on,
    last_used_on
from marts.dim_models
where unpriced_request_count > 0
order by exposure_usd desc, provider asc, model asc;
