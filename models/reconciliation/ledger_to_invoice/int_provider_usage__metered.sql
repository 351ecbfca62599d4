with

usage as (

    select * from {{ ref('int_provider_usage__costed') }}

),

by_meter as (

    {%- for meter in whole_token_meters() %}
    select
        provider,
        account_id,
        usage_date,
        model,
        -- What a commitment serves is not billed by the token: it is a meter of its own.
        case when commitment_id is not null then 'commitment' else '{{ meter.meter }}' end as meter,
        {{ meter.usage }} as tokens,
        {{ meter.meter }}_cost_usd as cost_usd
    from usage
    where {{ meter.usage }} > 0
    union all
    {%- endfor %}
    select
        provider,
        account_id,
        usage_date,
        model,
        'other' as meter,
        cast(null as bigint) as tokens,
        web_search_cost_usd as cost_usd
    from usage
    where web_search_cost_usd != 0

)

select
    provider,
    account_id,
    usage_date,
    coalesce(model, 'unnamed') as model,
    meter,
    cast(sum(tokens) as bigint) as tokens,
    cast(sum(case when cost_usd is null then tokens end) as bigint) as unpriced_tokens,
    cast(sum(cost_usd) as decimal(38, 12)) as cost_usd
from by_meter
group by
    provider,
    account_id,
    usage_date,
    coalesce(model, 'unnamed'),
    meter
