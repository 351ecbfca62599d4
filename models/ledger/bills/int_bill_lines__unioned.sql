{{ config(materialized='view') }}

with

lines as (

    select
        *,
        cast(null as string) as charge_kind,
        cast(null as timestamp) as exported_at,
        cast(null as string) as payer_id
    from {{ ref('int_provider_costs__unioned') }}
    union all
    select * from {{ ref('int_cloud_lines__billed') }}

)

select
    lines.*,
    coalesce(providers.provider, lines.provider) as canonical_provider
from lines
left join {{ ref('provider_aliases') }} as providers on lines.provider = providers.alias
