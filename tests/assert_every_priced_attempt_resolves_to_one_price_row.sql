-- Each priced attempt finds exactly one price row of its own moment, tier and context size, and was charged at it. Attempts
-- that share all of these are compared in sum: tokens times price is exact.
{%- set charged = {} %}
{%- for cost in ['input', 'cache_read', 'output'] %}
{%- set parts = [] %}
{%- for meter in meters('token') if meter.cost == cost %}
{%- set rate = 'cast(prices.' ~ meter.meter ~ '_usd * alike.region_multiplier as decimal(18, 12))' %}
{%- do parts.append('alike.' ~ meter.meter ~ '_used * coalesce(' ~ rate ~ ', 0)') %}
{%- endfor %}
{%- do charged.update({cost: parts | join(' + ')}) %}
{%- endfor %}

with

attempts as (

    select
        *,
        cast(requested_at as date) as charged_on,  -- prices change at midnight, UTC
        case when commitment_id is null then service_tier else 'standard' end as priced_tier,
        {{ all_tokens(without=['output']) }} as context_size
    from {{ ref('fct_attempts') }}
    where pricing_status = 'priced'

),

bands as (

    select
        provider,
        model,
        service_tier,
        max(above_context_tokens) as last_threshold
    from {{ ref('int_prices__in_force') }}
    group by
        provider,
        model,
        service_tier

),

-- Where a model has no long-context price, the size does not matter.
sized as (

    select
        attempts.*,
        case
            when bands.last_threshold > 0 then attempts.context_size / greatest(attempts.request_count, 1) else 1
        end as request_size
    from attempts
    left join bands
        on attempts.provider = bands.provider and attempts.model = bands.model and attempts.priced_tier = bands.service_tier

),

alike as (

    select
        provider,
        model,
        priced_tier,
        charged_on,
        request_size,
        region_multiplier,
        price_id,
        price_source,
        {%- for meter in meters('token') if meter.cost in charged %}
        sum({{ own_usage(meter) }}) as {{ meter.meter }}_used,
        {%- endfor %}
        sum(input_cost_usd) as input_cost_usd,
        sum(cache_read_cost_usd) as cache_read_cost_usd,
        sum(output_cost_usd) as output_cost_usd,
        count(*) as attempt_count
    from sized
    group by
        provider,
        model,
        priced_tier,
        charged_on,
        request_size,
        region_multiplier,
        price_id,
        price_source

),

resolved as (

    select
        alike.provider,
        alike.model,
        alike.priced_tier,
        alike.charged_on,
        alike.price_id,
        alike.attempt_count,
        count(prices.price_id) as price_rows,
        sum(
            case
                when
                    prices.price_id = alike.price_id
                    and prices.price_source = alike.price_source
                    and (prices.is_excess_only or alike.input_cost_usd = {{ charged['input'] }})
                    and (prices.is_excess_only or alike.cache_read_cost_usd = {{ charged['cache_read'] }})
                    and (prices.is_excess_only or alike.output_cost_usd = {{ charged['output'] }})
                    then 1
                else 0
            end
        ) as rows_charged
    from alike
    left join {{ ref('int_prices__in_force') }} as prices
        on
            alike.provider = prices.provider
            and alike.model = prices.model
            and alike.priced_tier = prices.service_tier
            and alike.charged_on >= prices.effective_from
            and alike.charged_on < prices.effective_until
            and alike.request_size > prices.above_context_tokens
            and alike.request_size <= prices.up_to_context_tokens
    group by
        alike.provider,
        alike.model,
        alike.priced_tier,
        alike.charged_on,
        alike.request_size,
        alike.region_multiplier,
        alike.price_id,
        alike.price_source,
        alike.attempt_count

)

select * from resolved
where price_rows != 1 or rows_charged != 1
