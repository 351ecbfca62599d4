{%- set writes = meters('token') | selectattr('cost', 'eq', 'cache_write') | list %}
{%- set others = whole_token_meters() | selectattr('cost', 'ne', 'cache_write') | list %}

with

attempts as (

    select
        *,
        cast(requested_at as date) as usage_date,
        commitment_id is not null as is_committed
    from {{ ref('fct_attempts') }}
    where provider != 'self_hosted' and pricing_status in ('priced', 'unpriced')

),

by_day as (

    select
        provider,
        usage_date,
        api_key_hash,
        model,
        service_tier,
        is_committed,
        pricing_status,
        {%- for meter in whole_token_meters() %}
        sum({{ meter.usage }}) as {{ meter.usage }},
        {%- endfor %}
        sum(input_cost_usd) as input_cost_usd,
        sum(cache_read_cost_usd) as cache_read_cost_usd,
        sum(cache_write_cost_usd) as cache_write_cost_usd,
        sum(output_cost_usd) as output_cost_usd,
        sum(tool_cost_usd) as tool_cost_usd
    from attempts
    group by
        provider,
        usage_date,
        api_key_hash,
        model,
        service_tier,
        is_committed,
        pricing_status

),

cache_writes as (

    {%- for meter in writes %}
    select
        provider,
        usage_date,
        api_key_hash,
        model,
        service_tier,
        is_committed,
        pricing_status,
        '{{ meter.meter }}' as meter,
        {{ meter.usage }} as tokens,
        cache_write_cost_usd
    from by_day
    where {{ meter.usage }} > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- The ledger prices all cache writes of a request together. Each kind has its part by what the sheet charges for it.
at_sheet as (

    select
        cache_writes.*,
        coalesce(cache_writes.tokens * prices.usd_per_token, 0) as sheet_usd,
        cast(sum(coalesce(cache_writes.tokens * prices.usd_per_token, 0)) over day_and_model as decimal(38, 12)) as all_sheet_usd,
        sum(cache_writes.tokens) over day_and_model as all_tokens,
        row_number() over (
            partition by
                cache_writes.provider, cache_writes.usage_date, cache_writes.api_key_hash, cache_writes.model,
                cache_writes.service_tier, cache_writes.is_committed, cache_writes.pricing_status
            order by cache_writes.meter
        ) as kind
    from cache_writes
    left join {{ ref('int_reconciliation__sheet_prices') }} as prices
        on
            cache_writes.provider = prices.provider
            and cache_writes.model = prices.model
            and cache_writes.service_tier = prices.service_tier
            and cache_writes.meter = prices.meter
            and cache_writes.usage_date >= prices.effective_from
            and cache_writes.usage_date < prices.effective_until
    window day_and_model as (
        partition by
            cache_writes.provider, cache_writes.usage_date, cache_writes.api_key_hash, cache_writes.model,
            cache_writes.service_tier, cache_writes.is_committed, cache_writes.pricing_status
    )

),

parts as (

    select
        *,
        cast(
            cache_write_cost_usd * cast(
                case when all_sheet_usd > 0 then sheet_usd / all_sheet_usd else tokens / all_tokens end as decimal(13, 12)
            ) as decimal(38, 12)
        ) as part_usd
    from at_sheet

),

-- What rounding leaves goes to the first kind, so that the parts add up.
split as (

    select
        *,
        case when kind = 1 then cache_write_cost_usd - sum(part_usd) over day_and_model else 0 end as rest_usd
    from parts
    window day_and_model as (
        partition by provider, usage_date, api_key_hash, model, service_tier, is_committed, pricing_status
    )

),

by_meter as (

    {%- for meter in others %}
    select
        provider,
        usage_date,
        api_key_hash,
        model,
        is_committed,
        pricing_status,
        '{{ meter.meter }}' as meter,
        {{ meter.usage }} as tokens,
        {{ meter.cost }}_cost_usd as cost_usd
    from by_day
    where {{ meter.usage }} > 0 or {{ meter.cost }}_cost_usd != 0
    union all
    {%- endfor %}
    select
        provider,
        usage_date,
        api_key_hash,
        model,
        is_committed,
        pricing_status,
        meter,
        tokens,
        part_usd + rest_usd as cost_usd
    from split
    union all
    select
        provider,
        usage_date,
        api_key_hash,
        model,
        is_committed,
        pricing_status,
        'other' as meter,
        cast(null as bigint) as tokens,
        tool_cost_usd as cost_usd
    from by_day
    where tool_cost_usd != 0

),

-- What a commitment serves is not billed by the token: it is a meter of its own.
served as (

    select
        *,
        case when is_committed and meter != 'other' then 'commitment' else meter end as matched_meter
    from by_meter

)

select
    provider,
    usage_date,
    api_key_hash,
    model,
    matched_meter as meter,
    cast(sum(tokens) as bigint) as tokens,
    cast(sum(case when pricing_status = 'unpriced' then tokens end) as bigint) as unpriced_tokens,
    cast(sum(cost_usd) as decimal(38, 12)) as cost_usd
from served
group by
    provider,
    usage_date,
    api_key_hash,
    model,
    matched_meter
