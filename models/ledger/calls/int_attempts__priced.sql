{{ config(materialized='view') }}

{%- set tokens = meters('token') %}
{%- set tools = meters() | selectattr('unit', 'ne', 'token') | selectattr('unit', 'ne', 'request') | list %}
{%- set carried = [
    'provider', 'model', 'requested_model', 'service_tier', 'inference_geo', 'attempt_number', 'tool_cost_usd',
    'reported_cost_usd', 'team_id', 'feature_name', 'retry_count', 'span_id', 'parent_span_id', '_file_version',
    '_reject_reason', '_rejected_record',
] %}

with

attempts as (

    select
        *,
        {{ all_tokens(without=['output']) }} as context_size,
        {{ all_tokens() }} as total_tokens,
        {{ request_size() }} as request_size
    from {{ ref('int_attempts__identified') }}

),

prices as (

    select * from {{ ref('int_prices__by_call') }}

),

-- The most that an unpriced request can have cost: its tokens at the dearest text price that the provider ever had, or at
-- the dearest of all when it has none.
dearest as (

    select
        provider,
        max(list_input_usd) as input_usd,
        max(list_output_usd) as output_usd
    from {{ ref('int_prices__in_force') }}
    where service_tier = 'standard'
    group by provider

),

-- A request served on own GPUs costs the hours of a pool. Without any pool its cost is unknown, not zero.
serving_pools as (

    select count(*) as serving_pool_count
    from {{ ref('gpu_pools') }}
    where purpose in ('inference', 'dev')

),

any_provider as (

    select
        max(input_usd) as input_usd,
        max(output_usd) as output_usd
    from dearest

),

matched as (

    select
        attempts.*,
        models.canonical_model,
        models.resolution as model_resolution,
        case when attempts.row_kind = 'cache_hit' then null else prices.commitment_id end as commitment_id,
        coalesce(prices.region_multiplier, 1) as region_multiplier,
        prices.above_context_tokens,
        prices.is_excess_only,
        {%- for meter in meters() %}
        {%- for kind in ['', 'list_'] %}
        prices.{{ kind ~ meter.meter }}_usd,
        {%- if meter.unit == 'token' %}
        prices.{{ kind ~ meter.meter }}_usd_below,
        {%- endif %}
        {%- endfor %}
        {%- endfor %}
        prices.price_source as sheet_source,
        prices.price_id as sheet_price_id,
        prices.rate_id,
        serving_pools.serving_pool_count,
        coalesce(dearest.input_usd, any_provider.input_usd) as dearest_input_usd,
        coalesce(dearest.output_usd, any_provider.output_usd) as dearest_output_usd
    from attempts
    left join {{ ref('int_models__resolved') }} as models
        on attempts.provider = models.provider and attempts.model = models.model
    left join prices
        on
            attempts.provider = prices.provider
            and attempts.model = prices.model
            and coalesce(attempts.requested_model, '') = prices.requested_model
            and coalesce(attempts.service_tier, '') = prices.service_tier
            and coalesce(attempts.inference_geo, '') = prices.inference_geo
            and attempts.requested_at >= prices.effective_from
            and attempts.requested_at < prices.effective_until
            and attempts.request_size > prices.above_context_tokens
            and attempts.request_size <= prices.up_to_context_tokens
    left join dearest on attempts.provider = dearest.provider
    cross join any_provider
    cross join serving_pools

),

rated as (

    select
        {%- for meter in tokens %}
        {{ rate_in_context(meter.meter) }} as {{ meter.meter }}_rate,
        {{ rate_in_context('list_' ~ meter.meter) }} as list_{{ meter.meter }}_rate,
        {{ own_usage(meter) }} as {{ meter.meter }}_used,
        {%- endfor %}
        *
    from matched

),

-- What each part comes to at the matched rates, whatever the status; null rates count only where nothing was used. Tools
-- cost what the gateway reports, else their units at the sheet's price. A price per request counts among them.
amounts as (

    select
        *,
        {%- for cost in ['input', 'cache_read', 'cache_write', 'output'] %}
        {% for meter in tokens if meter.cost == cost -%}
        {{ amount(meter.meter ~ '_used', meter.meter ~ '_rate') }}{{ ' + ' if not loop.last }}
        {%- endfor %} as {{ cost }}_amount,
        {%- endfor %}
        {% for meter in tokens -%}
        {{ amount(meter.meter ~ '_used', 'list_' ~ meter.meter ~ '_rate') }}{{ ' + ' if not loop.last }}
        {%- endfor %} as list_token_amount,
        coalesce(
            tool_cost_usd,
            {% for meter in tools %}{{ amount('coalesce(' ~ meter.usage ~ ', 0)', meter.meter ~ '_usd') }}
            {{- ' + ' if not loop.last }}{% endfor %}, 0
        ) as tool_amount,
        {{ amount('request_count', 'request_usd') }} as request_amount,
        {{ amount('request_count', 'list_request_usd') }} as list_request_amount,
        coalesce(context_size, 0) * dearest_input_usd + coalesce(output_tokens, 0) * dearest_output_usd
        + coalesce(tool_cost_usd, 0) as exposure_amount
    from rated

),

judged as (

    select
        *,
        case
            when row_kind = 'cache_hit' then 'free'
            when provider = 'self_hosted' and serving_pool_count > 0 then 'free'
            when
                (total_tokens = 0 or (total_tokens is null and is_error))
                and coalesce(tool_cost_usd, 0) = 0
                {%- for meter in tools %}
                and coalesce({{ meter.usage }}, 0) = 0
                {%- endfor %}
                then 'free'
            when total_tokens is null then 'unpriced'  -- the source does not say what was used
            when
                sheet_price_id is null
                {%- for meter in tokens %}
                or ({{ meter.meter }}_used > 0 and {{ meter.meter }}_rate is null)
                {%- endfor %}
                {%- for meter in tools %}
                or (coalesce({{ meter.usage }}, 0) > 0 and tool_cost_usd is null and {{ meter.meter }}_usd is null)
                {%- endfor %}
                then 'unpriced'
            -- No request costs a million dollars: its counts or its price are damaged.
            when input_amount + cache_read_amount + cache_write_amount + output_amount + tool_amount + request_amount >= 1000000
                then 'unpriced'
            when list_token_amount + tool_amount + list_request_amount >= 1000000 then 'unpriced'
            else 'priced'
        end as pricing_status
    from amounts

),

{%- set costs = {
    'input_cost_usd': 'input_amount',
    'cache_read_cost_usd': 'cache_read_amount',
    'cache_write_cost_usd': 'cache_write_amount',
    'output_cost_usd': 'output_amount',
    'tool_and_request_cost_usd': 'tool_amount + request_amount',
    'list_cost_usd': 'list_token_amount + tool_amount + list_request_amount',
} %}

costed as (

    select
        *,
        {%- for cost, amount in costs.items() %}
        cast(case pricing_status when 'priced' then {{ amount }} when 'free' then 0 end as decimal(18, 12)) as {{ cost }},
        {%- endfor %}
        -- A list price bounds what a provider can bill; of what own GPUs cost it says nothing.
        cast(
            case
                when
                    pricing_status = 'unpriced'
                    and provider != 'self_hosted'
                    and (context_size is not null or output_tokens is not null)
                    then case when exposure_amount >= 1000000 then 999999 else exposure_amount end
            end as decimal(18, 12)
        ) as exposure_usd
    from judged

)

select
    {%- for column in request_columns() if column not in carried %}
    {{ column }},
    {%- endfor %}
    attempt_number,
    attempt_count,
    is_final_attempt,
    {{ business_date('requested_at') }} as request_date,
    provider,
    model as reported_model,
    coalesce(canonical_model, model) as model,
    requested_model,
    coalesce(model_resolution, 'none') as model_resolution,
    team_id,
    feature_name,
    route_id,
    {{ served_tier('service_tier') }} as service_tier,
    commitment_id,
    inference_geo,
    cast(region_multiplier as decimal(9, 6)) as region_multiplier,
    input_cost_usd,
    cache_read_cost_usd,
    cache_write_cost_usd,
    output_cost_usd,
    tool_and_request_cost_usd as tool_cost_usd,
    cast(
        input_cost_usd + cache_read_cost_usd + cache_write_cost_usd + output_cost_usd + tool_and_request_cost_usd
        as decimal(18, 12)
    ) as attempt_cost_usd,
    list_cost_usd,
    reported_cost_usd,
    exposure_usd,
    -- What a missed cache read costs, per token; later models price lost caching with it.
    input_rate as usd_per_uncached_token,
    cache_read_rate as usd_per_cache_read_token,
    output_rate as usd_per_output_token,
    pricing_status,
    case
        when pricing_status = 'priced' then sheet_source
        when pricing_status = 'free' and provider = 'self_hosted' then 'gpu_pool'
        when row_kind = 'cache_hit' then 'gateway_cache'
        when pricing_status = 'free' then 'no_usage'
    end as price_source,
    case when pricing_status = 'priced' then sheet_price_id end as price_id,
    case when pricing_status = 'priced' then rate_id end as rate_id,
    attribution_method
from costed
