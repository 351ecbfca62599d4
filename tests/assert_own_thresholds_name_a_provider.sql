{{ config(severity = 'warn') }}

-- A row of the seed gate_thresholds for a provider that neither ledger nor bill has judges nothing: a name that is not the
-- canonical one ('Azure OpenAI', 'azur'), mostly. The gate keeps its other thresholds, so it is no wrong figure.
with

providers as (

    select provider from {{ ref('fct_coverage_monthly') }}
    union
    select provider from {{ ref('fct_attempts') }}

)

select
    thresholds.gate_id,
    thresholds.provider
from {{ ref('gate_thresholds') }} as thresholds
left join providers on thresholds.provider = providers.provider
where thresholds.provider is not null and providers.provider is null
