{{ config(materialized='view') }}

select
    commitment_id,
    provider,
    kind,
    lower(model) as model,
    case when nullif(service_tier, '') is not null then {{ served_tier('service_tier') }} end as service_tier,
    units,
    tokens_per_minute_per_unit,
    coalesce(output_token_weight, 1) as output_token_weight,
    coalesce(cache_read_token_weight, 1) as cache_read_token_weight,
    usd_per_unit_hour,
    effective_from,
    coalesce(effective_until, date '9999-12-31') as effective_until
from {{ ref('commitments') }}
