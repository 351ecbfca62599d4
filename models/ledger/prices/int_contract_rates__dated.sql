{{ config(materialized='view') }}

select
    provider,
    coalesce(model_pattern, '%') as model_pattern,
    meter,
    multiplier,
    coalesce(effective_from, date '1970-01-01') as effective_from,
    coalesce(effective_until, date '9999-12-31') as effective_until
from {{ ref('contract_rates') }}
