-- What the ledger knows of a provider's month, by owner. By attempt: a request that fell back to another provider was
-- billed by both. GPU instances of a cloud bill (gpu_cloud) are owned through the pools that run on them.
with

owned as (

    select
        cast(date_trunc('month', requested_at) as date) as month,
        provider,
        team_id,
        attribution_method,
        attempt_cost_usd as cost_usd
    from {{ ref('fct_attempts') }}
    where provider != 'self_hosted' and attempt_cost_usd is not null
    union all
    select
        cast(date_trunc('month', cost_date) as date) as month,
        'gpu_cloud' as provider,
        team_id,
        case when team_id is not null then 'stamped' else 'unattributed' end as attribution_method,
        cost_usd
    from {{ ref('int_gpu_costs__daily') }}
    where cost_usd is not null

)

select
    month,
    provider,
    coalesce(team_id, 'unattributed') as team_id,
    attribution_method,
    cast(sum(cost_usd) as decimal(38, 12)) as cost_usd
from owned
group by
    month,
    provider,
    coalesce(team_id, 'unattributed'),
    attribution_method
