{%- set meters = [
    'input', 'cache_read', 'cache_write_5m', 'cache_write_30m', 'cache_write_1h', 'cache_write_12h', 'output', 'input_audio',
    'input_image', 'output_audio', 'request', 'web_search',
] %}
{#- A meter without a price of its own is charged as the one it is a kind of, never at zero. -#}
{%- set kinds_of = {
    'cache_read': ['input'],
    'cache_write_5m': ['input'],
    'cache_write_30m': ['cache_write_5m', 'input'],
    'cache_write_1h': ['cache_write_5m', 'input'],
    'cache_write_12h': ['cache_write_5m', 'input'],
    'input_audio': ['input'],
    'input_image': ['input'],
    'output_audio': ['output'],
} %}
{%- set token_meters = meters[:10] %}

with

own as (

    select * from {{ ref('own_model_prices') }}

),

own_models as (

    select distinct
        provider,
        model
    from own

),

-- A model with prices of its own leaves the reference sheet altogether.
sheet as (

    select model_prices.*
    from {{ ref('model_prices') }} as model_prices
    left join own_models on model_prices.provider = own_models.provider and model_prices.model = own_models.model
    where own_models.model is null

),

list_prices as (

    select
        provider,
        model,
        meter,
        coalesce(service_tier, 'standard') as service_tier,
        coalesce(above_context_tokens, 0) as above_context_tokens,
        usd_per_unit,
        effective_from,
        coalesce(effective_until, date '9999-12-31') as effective_until,
        source
    from sheet
    union all
    select
        provider,
        model,
        meter,
        coalesce(service_tier, 'standard') as service_tier,
        coalesce(above_context_tokens, 0) as above_context_tokens,
        usd_per_unit,
        coalesce(effective_from, date '1970-01-01') as effective_from,
        coalesce(effective_until, date '9999-12-31') as effective_until,
        coalesce(source, 'own_model_prices') as source
    from own

),

contract_rates as (

    select
        provider,
        coalesce(model_pattern, '%') as model_pattern,
        meter,
        multiplier,
        coalesce(effective_from, date '1970-01-01') as effective_from,
        coalesce(effective_until, date '9999-12-31') as effective_until
    from {{ ref('contract_rates') }}

),

price_keys as (

    select distinct
        provider,
        model,
        service_tier
    from list_prices

),

-- A period ends wherever one of the model's prices or contract rates changes, so that within it every rate is one number.
boundaries as (

    select
        provider,
        model,
        service_tier,
        effective_from as boundary
    from list_prices
    union
    select
        provider,
        model,
        service_tier,
        effective_until as boundary
    from list_prices
    union
    select
        price_keys.provider,
        price_keys.model,
        price_keys.service_tier,
        contract_rates.effective_from as boundary
    from contract_rates
    inner join price_keys
        on contract_rates.provider = price_keys.provider and price_keys.model like contract_rates.model_pattern
    union
    select
        price_keys.provider,
        price_keys.model,
        price_keys.service_tier,
        contract_rates.effective_until as boundary
    from contract_rates
    inner join price_keys
        on contract_rates.provider = price_keys.provider and price_keys.model like contract_rates.model_pattern

),

periods as (

    select
        provider,
        model,
        service_tier,
        boundary as effective_from,
        lead(boundary) over (partition by provider, model, service_tier order by boundary) as effective_until
    from boundaries

),

-- How a model's long-context prices apply; without a rule of its own to the whole request, strictly above the threshold.
context_rules as (

    select
        price_keys.provider,
        price_keys.model,
        price_keys.service_tier,
        rules.rule,
        rules.threshold_test,
        row_number() over (
            partition by price_keys.provider, price_keys.model, price_keys.service_tier
            order by length(replace(rules.model_pattern, '%', '')) desc, rules.model_pattern
        ) as preference
    from price_keys
    inner join {{ ref('long_context_rules') }} as rules
        on price_keys.provider = rules.provider and price_keys.model like rules.model_pattern

),

distinct_thresholds as (

    select distinct
        provider,
        model,
        service_tier,
        above_context_tokens
    from list_prices

),

thresholds as (

    select
        distinct_thresholds.provider,
        distinct_thresholds.model,
        distinct_thresholds.service_tier,
        distinct_thresholds.above_context_tokens,
        -- 'at or above' N is above N - 1, since tokens are whole.
        case
            when distinct_thresholds.above_context_tokens = 0 then 0
            when context_rules.threshold_test = 'at_or_above' then distinct_thresholds.above_context_tokens - 1
            else distinct_thresholds.above_context_tokens
        end as starts_above,
        coalesce(context_rules.rule = 'excess_only', false) as is_excess_only
    from distinct_thresholds
    left join context_rules
        on
            distinct_thresholds.provider = context_rules.provider
            and distinct_thresholds.model = context_rules.model
            and distinct_thresholds.service_tier = context_rules.service_tier
            and context_rules.preference = 1

),

cells as (

    select
        periods.provider,
        periods.model,
        periods.service_tier,
        periods.effective_from,
        periods.effective_until,
        thresholds.above_context_tokens,
        thresholds.starts_above,
        thresholds.is_excess_only,
        list_prices.meter,
        list_prices.usd_per_unit,
        list_prices.source,
        -- A meter that has no price of its own above a threshold keeps the price below it.
        row_number() over (
            partition by
                periods.provider, periods.model, periods.service_tier, periods.effective_from,
                thresholds.above_context_tokens, list_prices.meter
            order by list_prices.above_context_tokens desc
        ) as preference
    from periods
    inner join thresholds
        on
            periods.provider = thresholds.provider
            and periods.model = thresholds.model
            and periods.service_tier = thresholds.service_tier
    inner join list_prices
        on
            periods.provider = list_prices.provider
            and periods.model = list_prices.model
            and periods.service_tier = list_prices.service_tier
            and periods.effective_from >= list_prices.effective_from
            and periods.effective_from < list_prices.effective_until
            and thresholds.above_context_tokens >= list_prices.above_context_tokens
    where periods.effective_until is not null

),

multipliers as (

    select
        cells.*,
        coalesce(contract_rates.multiplier, 1) as multiplier,
        -- The narrowest contract rate wins: one that names the meter, then the longest model pattern.
        row_number() over (
            partition by
                cells.provider, cells.model, cells.service_tier, cells.effective_from, cells.above_context_tokens, cells.meter
            order by
                case when contract_rates.meter is null then 1 else 0 end,
                length(contract_rates.model_pattern) desc,
                contract_rates.effective_from desc,
                contract_rates.multiplier
        ) as rate_preference
    from cells
    left join contract_rates
        on
            cells.provider = contract_rates.provider
            and cells.model like contract_rates.model_pattern
            and cells.effective_from >= contract_rates.effective_from
            and cells.effective_from < contract_rates.effective_until
            and (contract_rates.meter is null or contract_rates.meter = cells.meter)
    where cells.preference = 1

),

wide as (

    select
        provider,
        model,
        service_tier,
        effective_from,
        effective_until,
        above_context_tokens,
        starts_above,
        is_excess_only,
        {%- for meter in meters %}
        max(case when meter = '{{ meter }}' then usd_per_unit end) as own_list_{{ meter }}_usd,
        cast(max(case when meter = '{{ meter }}' then usd_per_unit * multiplier end) as decimal(18, 12)) as own_{{ meter }}_usd,
        {%- endfor %}
        max(case when multiplier != 1 then 1 else 0 end) = 1 as has_contract_rate,
        max(source) as price_source
    from multipliers
    where rate_preference = 1
    group by
        provider,
        model,
        service_tier,
        effective_from,
        effective_until,
        above_context_tokens,
        starts_above,
        is_excess_only

),

-- An explicit zero in the sheet is a price.
filled as (

    select
        provider,
        model,
        service_tier,
        effective_from,
        effective_until,
        starts_above,
        is_excess_only,
        lead(starts_above) over (
            partition by provider, model, service_tier, effective_from order by starts_above
        ) as next_starts_above,
        {%- for kind in ['list_', ''] %}
        {%- for meter in token_meters %}
        {%- set own = [] %}
        {%- for each in [meter] + kinds_of.get(meter, []) %}{% do own.append('own_' ~ kind ~ each ~ '_usd') %}{% endfor %}
        {{ 'coalesce(' ~ own | join(', ') ~ ')' if own | length > 1 else own[0] }} as {{ kind }}{{ meter }}_usd,
        {%- endfor %}
        coalesce(own_{{ kind }}request_usd, 0) as {{ kind }}request_usd,
        own_{{ kind }}web_search_usd as {{ kind }}web_search_usd,
        {%- endfor %}
        has_contract_rate,
        price_source
    from wide

)

select
    provider,
    model,
    service_tier,
    effective_from,
    effective_until,
    case when starts_above = 0 then cast(-1 as bigint) else starts_above end as above_context_tokens,
    coalesce(next_starts_above, cast(1000000000000 as bigint)) as up_to_context_tokens,
    is_excess_only,
    {%- for kind in ['list_', ''] %}
    {%- for meter in token_meters %}
    {{ kind }}{{ meter }}_usd,
    -- What one token in each place of the context below this band comes to, where only the excess costs more.
    cast(
        case
            when is_excess_only
                then coalesce(
                    sum((next_starts_above - starts_above) * {{ kind }}{{ meter }}_usd) over (
                        partition by provider, model, service_tier, effective_from
                        order by starts_above
                        rows between unbounded preceding and 1 preceding
                    ), 0
                )
        end as decimal(38, 12)
    ) as {{ kind }}{{ meter }}_usd_below,
    {%- endfor %}
    {{ kind }}request_usd,
    {{ kind }}web_search_usd,
    {%- endfor %}
    has_contract_rate,
    price_source,
    provider || '/' || model || '/' || service_tier || '/' || cast(effective_from as string) as price_id
from filled
