{{ config(materialized='view') }}

select
    upper(currency) as currency,
    rate_date as effective_from,
    -- A rate holds from its day until the next.
    coalesce(
        lead(rate_date) over (partition by upper(currency) order by rate_date), date '9999-12-31'
    ) as effective_until,
    usd_per_unit
from {{ ref('fx_rates') }}
