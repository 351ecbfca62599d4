{%- set call = ['provider', 'model', 'requested_model', 'service_tier', 'inference_geo'] %}

with

-- Each way in which a model was called: what decides about its price, apart from the moment and the size.
names as (

    select distinct
        provider,
        model,
        coalesce(requested_model, '') as requested_model,
        coalesce(service_tier, '') as service_tier,
        coalesce(inference_geo, '') as inference_geo
    from {{ ref('int_calls__names') }}

),

calls as (

    select
        names.*,
        {{ served_tier('names.service_tier') }} as priced_tier,
        models.priced_model,
        coalesce(models.priced_model, names.model) as region_model
    from names
    left join {{ ref('int_models__resolved') }} as models
        on names.provider = models.provider and names.model = models.model

),

prices as (

    select * from {{ ref('int_prices__in_force') }}

),

-- What a commitment serves is not billed by the token. The ledger has it at what it would cost on demand.
commitments as (

    select
        calls.{{ call | join(', calls.') }},
        served.commitment_id,
        served.effective_from,
        served.effective_until
    from calls
    inner join {{ ref('int_commitments__served_names') }} as served
        on
            calls.provider = served.provider
            and calls.model = served.model
            and calls.requested_model = served.requested_model
            and calls.priced_tier = served.service_tier

),

-- Where the provider ran a request may change its price (data residency, regional endpoints): of the rules that fit, the
-- one for the narrowest names.
fitting_regions as (

    select
        calls.{{ call | join(', calls.') }},
        rules.multiplier,
        coalesce(rules.effective_from, date '1970-01-01') as effective_from,
        coalesce(rules.effective_until, date '9999-12-31') as effective_until,
        rank() over (
            partition by calls.{{ call | join(', calls.') }}
            order by
                length(replace(rules.model_pattern, '%', '')) desc,
                rules.model_pattern,
                length(replace(rules.inference_geo, '%', '')) desc,
                rules.inference_geo
        ) as preference
    from calls
    inner join {{ ref('regional_multipliers') }} as rules
        on
            calls.provider = rules.provider
            and calls.region_model like rules.model_pattern
            and calls.inference_geo like rules.inference_geo
    where calls.inference_geo != ''

),

regions as (

    select * from fitting_regions
    where preference = 1

),

-- Between two of these days every rate of a call is one number.
boundaries as (

    {%- for period in ['commitments', 'regions'] %}
    {%- for boundary in ['effective_from', 'effective_until'] %}
    select {{ call | join(', ') }}, {{ boundary }} as boundary from {{ period }}
    union
    {%- endfor %}
    {%- endfor %}
    {%- for boundary in ['effective_from', 'effective_until'] %}
    select calls.{{ call | join(', calls.') }}, prices.{{ boundary }} as boundary
    from calls
    inner join prices
        on
            calls.provider = prices.provider
            and calls.priced_model = prices.model
            and prices.service_tier in (calls.priced_tier, 'standard')
    {{ 'union' if not loop.last }}
    {%- endfor %}

),

periods as (

    select
        {{ call | join(', ') }},
        boundary as effective_from,
        lead(boundary) over (partition by {{ call | join(', ') }} order by boundary) as effective_until
    from boundaries

)

select
    periods.{{ call | join(',\n    periods.') }},
    periods.effective_from,
    periods.effective_until,
    commitments.commitment_id,
    cast(coalesce(regions.multiplier, 1) as decimal(9, 6)) as region_multiplier,
    prices.model as priced_model,
    coalesce(prices.above_context_tokens, cast(-1 as bigint)) as above_context_tokens,
    coalesce(prices.up_to_context_tokens, cast(1000000000000 as bigint)) as up_to_context_tokens,
    coalesce(prices.is_excess_only, false) as is_excess_only,
    {%- for meter in meters('token') %}
    {%- for kind in ['', 'list_'] %}
    cast(prices.{{ kind ~ meter.meter }}_usd * coalesce(regions.multiplier, 1) as decimal(18, 12))
        as {{ kind ~ meter.meter }}_usd,
    cast(prices.{{ kind ~ meter.meter }}_usd_below * coalesce(regions.multiplier, 1) as decimal(18, 12))
        as {{ kind ~ meter.meter }}_usd_below,
    {%- endfor %}
    {%- endfor %}
    {%- for meter in meters() if meter.unit != 'token' %}
    {%- for kind in ['', 'list_'] %}
    prices.{{ kind ~ meter.meter }}_usd,
    {%- endfor %}
    {%- endfor %}
    prices.price_source,
    prices.price_id,
    prices.price_id
    || case when prices.above_context_tokens > 0 then '/above_' || cast(prices.above_context_tokens as string) else '' end
    || case when regions.multiplier != 1 then '/times_' || cast(regions.multiplier as string) else '' end as rate_id
from periods
inner join calls
    on
        {%- for column in call %}
        periods.{{ column }} = calls.{{ column }} and
        {%- endfor %}
        periods.effective_until is not null
left join commitments
    on
        {%- for column in call %}
        periods.{{ column }} = commitments.{{ column }} and
        {%- endfor %}
        periods.effective_from >= commitments.effective_from
        and periods.effective_from < commitments.effective_until
left join regions
    on
        {%- for column in call %}
        periods.{{ column }} = regions.{{ column }} and
        {%- endfor %}
        periods.effective_from >= regions.effective_from
        and periods.effective_from < regions.effective_until
left join prices
    on
        calls.provider = prices.provider
        and calls.priced_model = prices.model
        and case when commitments.commitment_id is null then calls.priced_tier else 'standard' end = prices.service_tier
        and periods.effective_from >= prices.effective_from
        and periods.effective_from < prices.effective_until
