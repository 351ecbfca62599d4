{#- Every token meter: how a charge calls it, and the token class it belongs to. -#}
{%- set meters = [
    ('input', 'uncached input tokens', 'uncached_input'),
    ('input_audio', 'audio input tokens', 'uncached_input'),
    ('input_image', 'image input tokens', 'uncached_input'),
    ('cache_read', 'cache read tokens', 'cache_read'),
    ('cache_write_5m', 'cache write tokens (5 minutes)', 'cache_write'),
    ('cache_write_30m', 'cache write tokens (30 minutes)', 'cache_write'),
    ('cache_write_1h', 'cache write tokens (1 hour)', 'cache_write'),
    ('cache_write_12h', 'cache write tokens (12 hours)', 'cache_write'),
    ('output', 'output tokens', 'output'),
    ('output_audio', 'audio output tokens', 'output'),
] %}
{#- Attempts that share all of these, and so their rates, share a charge per meter. -#}
{%- set keys = [
    'charge_date', 'provider', 'model', 'team_id', 'feature_name', 'route_id', 'service_tier', 'inference_geo',
    'region_multiplier', 'pricing_status', 'price_source', 'price_id', 'priced_model', 'above_context_tokens',
    'mean_over_context_tokens',
] %}
{#- What every kind of charge states; the columns of FOCUS follow from it. A kind that lacks one leaves it null. -#}
{%- set charge_columns = {
    'charge_kind': 'string',
    'starts_on': 'date',
    'is_monthly': 'boolean',
    'provider': 'string',
    'model': 'string',
    'meter': 'string',
    'token_class': 'string',
    'description': 'string',
    'service_tier': 'string',
    'inference_geo': 'string',
    'region_multiplier': 'decimal(9, 6)',
    'pool_id': 'string',
    'purchase': 'string',
    'team_id': 'string',
    'feature_name': 'string',
    'route_id': 'string',
    'pricing_status': 'string',
    'price_source': 'string',
    'price_id': 'string',
    'sku_id': 'string',
    'sku_price_id': 'string',
    'quantity': 'decimal(38, 12)',
    'unit': 'string',
    'list_unit_price': 'decimal(38, 12)',
    'unit_price': 'decimal(38, 12)',
    'list_usd': 'decimal(38, 12)',
    'cost_usd': 'decimal(38, 12)',
    'residual_class': 'string',
} %}
{#- Where each kind of charge comes from, and what it gives those columns. -#}
{%- set usage = {
    'from': 'priced_usage',
    'charge_kind': "case when pricing_status = 'unpriced' then 'unpriced_usage' else 'usage' end",
    'starts_on': 'charge_date',
    'is_monthly': 'false',
    'description': "model || ' ' || meter_name",
    'list_unit_price': 'list_usd_per_unit * units_per_price',
    'unit_price': 'usd_per_unit * units_per_price',
    'list_usd': 'quantity * list_usd_per_unit',
    'cost_usd': 'quantity * usd_per_unit',
} %}
{%- for column in [
    'provider', 'model', 'meter', 'token_class', 'service_tier', 'inference_geo', 'region_multiplier', 'team_id',
    'feature_name', 'route_id', 'pricing_status', 'price_source', 'price_id', 'sku_id', 'sku_price_id', 'quantity', 'unit',
] %}
{%- do usage.update({column: column}) %}
{%- endfor %}
{%- set gpu_hours = {
    'from': 'gpu_costs',
    'where': 'gpu_hours > unpriced_gpu_hours',
    'charge_kind': "'gpu_hours'",
    'starts_on': 'cost_date',
    'is_monthly': 'false',
    'provider': "'self_hosted'",
    'model': 'gpu_model',
    'meter': "'gpu_hour'",
    'description': "'GPU pool ' || pool_id || ', ' || replace(cost_layer, '_', ' ')",
    'pool_id': 'pool_id',
    'purchase': 'purchase',
    'team_id': 'team_id',
    'pricing_status': "'priced'",
    'price_source': "'gpu_pool'",
    'sku_id': "'gpu_pool/' || pool_id",
    'sku_price_id': "'gpu_pool/' || pool_id",
    'quantity': 'gpu_hours - unpriced_gpu_hours',
    'unit': "'GPU-Hours'",
    'list_unit_price': per_unit('cost_usd', 'gpu_hours - unpriced_gpu_hours'),
    'unit_price': per_unit('cost_usd', 'gpu_hours - unpriced_gpu_hours'),
    'list_usd': 'cost_usd',
    'cost_usd': 'cost_usd',
} %}
{%- set unpriced_gpu_hours = dict(gpu_hours, **{
    'where': 'unpriced_gpu_hours > 0',
    'charge_kind': "'unpriced_usage'",
    'pricing_status': "'unpriced'",
    'price_source': 'null',
    'quantity': 'unpriced_gpu_hours',
    'list_usd': 'null',
    'cost_usd': 'null',
}) %}
{%- set billed_pools = {
    'from': 'billed_pools',
    'charge_kind': "'billed_pools'",
    'starts_on': 'month',
    'is_monthly': 'true',
    'provider': 'provider',
    'description': "'GPU pools that the cloud billed'",
    'list_usd': 'cost_usd',
    'cost_usd': 'cost_usd',
} %}
{%- set residual = {
    'from': 'residuals',
    'charge_kind': "'residual'",
    'starts_on': 'month',
    'is_monthly': 'true',
    'provider': 'provider',
    'description': "'Invoice less ledger: ' || replace(residual_class, '_', ' ')",
    'list_usd': 'residual_usd',
    'cost_usd': 'residual_usd',
    'residual_class': 'residual_class',
    'evidence': 'evidence',
} %}
{%- set charge_kinds = [usage, gpu_hours, unpriced_gpu_hours, billed_pools, residual] %}

with

-- What a gateway answered from its own cache was charged by nobody.
attempts as (

    select
        *,
        cast(requested_at as date) as charge_date,
        uncached_input_tokens - coalesce(input_audio_tokens, 0) - coalesce(input_image_tokens, 0) as input_tokens,
        output_tokens - coalesce(output_audio_tokens, 0) as text_output_tokens,
        uncached_input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_30m_tokens
        + cache_write_1h_tokens + cache_write_12h_tokens as context_size
    from {{ ref('fct_attempts') }}
    where row_kind != 'cache_hit'

),

prices as (

    select * from {{ ref('int_prices__in_force') }}

),

-- Each attempt meets its price row again, for the rates of its meters. Where only the excess over a threshold costs more,
-- they depend on the size of its context.
matched as (

    select
        attempts.charge_date,
        attempts.provider,
        attempts.model,
        attempts.team_id,
        attempts.feature_name,
        attempts.route_id,
        attempts.service_tier,
        attempts.inference_geo,
        attempts.region_multiplier,
        attempts.pricing_status,
        attempts.price_source,
        attempts.price_id,
        prices.model as priced_model,
        prices.above_context_tokens,
        case
            when prices.is_excess_only and prices.above_context_tokens > 0 then attempts.context_size
        end as mean_over_context_tokens,
        attempts.input_tokens,
        attempts.input_audio_tokens,
        attempts.input_image_tokens,
        attempts.cache_read_tokens,
        attempts.cache_write_5m_tokens,
        attempts.cache_write_30m_tokens,
        attempts.cache_write_1h_tokens,
        attempts.cache_write_12h_tokens,
        attempts.text_output_tokens as output_tokens,
        attempts.output_audio_tokens,
        attempts.tool_cost_usd,
        attempts.tool_cost_usd
        + attempts.request_count * (prices.list_request_usd - prices.request_usd) as list_tool_cost_usd
    from attempts
    left join prices
        on
            attempts.price_id = prices.price_id
            and attempts.context_size > prices.above_context_tokens * greatest(attempts.request_count, 1)
            and attempts.context_size <= prices.up_to_context_tokens * greatest(attempts.request_count, 1)

),

summed as (

    select
        {%- for meter, name, token_class in meters %}
        cast(sum({{ meter }}_tokens) as bigint) as {{ meter }}_tokens,
        {%- endfor %}
        {{ keys | join(',\n        ') }}
    from matched
    group by
        {{ keys | join(',\n        ') }}

),

-- The ledger's own formula (int_attempts__priced), to the last digit.
rated as (

    select
        {%- for meter, name, token_class in meters %}
        {%- for kind in ['', 'list_'] %}
        {%- set price = 'prices.' ~ kind ~ meter ~ '_usd' %}
        cast(
            case
                when summed.mean_over_context_tokens > 0
                    then cast((
                        {{ price }}_below
                        + (summed.mean_over_context_tokens - greatest(summed.above_context_tokens, 0)) * {{ price }}
                    ) / summed.mean_over_context_tokens as decimal(18, 12))
                else {{ price }}
            end * summed.region_multiplier as decimal(18, 12)
        ) as {{ kind }}{{ meter }}_rate,
        {%- endfor %}
        {%- endfor %}
        summed.*
    from summed
    left join prices
        on summed.price_id = prices.price_id and summed.above_context_tokens = prices.above_context_tokens

),

-- One token class a charge.
by_meter as (

    {%- for meter, name, token_class in meters %}
    select
        {{ keys | join(',\n        ') }},
        '{{ meter }}' as meter,
        '{{ token_class }}' as token_class,
        '{{ name }}' as meter_name,
        'Tokens' as unit,
        cast(1000000 as bigint) as units_per_price,
        {{ meter }}_tokens as quantity,
        {{ meter }}_rate as rate,
        list_{{ meter }}_rate as list_rate
    from rated
    where {{ meter }}_tokens != 0
    union all
    {%- endfor %}
    -- Tools and searches, at what they cost the request.
    select
        {{ keys | join(',\n        ') }},
        'tool' as meter,
        cast(null as string) as token_class,
        'tools and requests' as meter_name,
        'Requests' as unit,
        cast(1 as bigint) as units_per_price,
        count(*) as quantity,
        tool_cost_usd as rate,
        list_tool_cost_usd as list_rate
    from matched
    where tool_cost_usd != 0
    group by
        {{ keys | join(',\n        ') }},
        tool_cost_usd,
        list_tool_cost_usd

),

-- Tokens served on own GPUs cost the hours of the pool, so their own price is zero.
priced_usage as (

    select
        *,
        case when pricing_status = 'free' then 0 else rate end as usd_per_unit,
        case when pricing_status = 'free' then 0 else list_rate end as list_usd_per_unit,
        provider || '/' || coalesce(priced_model, model) || '/' || service_tier || '/' || meter as sku_id,
        case
            when pricing_status = 'priced' and above_context_tokens > 0
                then price_id || '/' || meter || '/above_' || cast(above_context_tokens as string)
            when pricing_status = 'priced' then price_id || '/' || meter
            when pricing_status = 'free' then provider || '/' || model || '/' || service_tier || '/' || meter
        end as sku_price_id
    from by_meter

),

gpu_costs as (

    select
        costs.cost_date,
        costs.cost_layer,
        costs.pool_id,
        costs.team_id,
        costs.cost_usd,
        costs.gpu_hours,
        costs.unpriced_gpu_hours,
        pools.gpu_model,
        pools.purchase
    from {{ ref('int_gpu_costs__daily') }} as costs
    left join {{ ref('gpu_pools') }} as pools on costs.pool_id = pools.pool_id

),

-- Own GPUs that a cloud billed are charges of their pools, day by day and team by team. Two rows a month put their sum, up
-- to what the cloud billed, under its name, so that its bill is met and nothing counts twice.
sides as (

    select 'gpu_cloud' as provider
    union all
    select 'self_hosted' as provider

),

billed_pools as (

    select
        coverage.month,
        sides.provider,
        case when sides.provider = 'gpu_cloud' then coverage.ledger_usd else -coverage.ledger_usd end as cost_usd
    from {{ ref('fct_coverage_monthly') }} as coverage
    cross join sides
    where coverage.provider = 'gpu_cloud' and coverage.ledger_usd != 0

),

residuals as (

    select * from {{ ref('fct_reconciliation_residuals_monthly') }}
    where residual_usd != 0

),

charges as (

    {%- for kind in charge_kinds %}
    select
        {%- for column, type in charge_columns.items() %}
        cast({{ kind.get(column, 'null') }} as {{ type }}) as {{ column }},
        {%- endfor %}
        cast({{ kind.get('evidence', 'null') }} as string) as evidence
    from {{ kind['from'] }}
    {%- if kind['where'] %}
    where {{ kind['where'] }}
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- The ledger knows no account and no invoice: a charge has them where its provider sent one of each for the month.
bills as (

    select
        provider,
        month,
        case when count(distinct account_id) = 1 then min(account_id) end as account_id,
        case when count(distinct invoice_id) = 1 and count(invoice_id) = count(*) then min(invoice_id) end as invoice_id
    from {{ ref('int_billing__lines') }}
    group by
        provider,
        month

),

categorized as (

    select
        charges.*,
        coalesce(bills.account_id, 'unknown') as account_id,
        bills.invoice_id,
        cast(date_trunc('month', charges.starts_on) as timestamp) as billing_period_start_at,
        case
            when charges.residual_class = 'credit' then 'Credit'
            when charges.residual_class = 'tax' then 'Tax'
            when charges.charge_kind in ('usage', 'gpu_hours') then 'Usage'
            else 'Adjustment'
        end as charge_category,
        case
            when charges.provider = 'gpu_cloud' then 'GPU instances'
            when charges.pool_id is not null or charges.charge_kind = 'billed_pools' then 'GPU pools'
            when charges.provider = 'self_hosted' then 'Self-hosted inference'
            else charges.provider || ' API'
        end as service_name,
        -- Usage without a price is no amount, and FOCUS wants one: its dollars, if billed, are the residual 'unpriced'.
        coalesce(charges.list_usd, 0) as stated_list_usd,
        coalesce(charges.cost_usd, 0) as stated_cost_usd
    from charges
    left join bills
        on charges.provider = bills.provider and cast(date_trunc('month', charges.starts_on) as date) = bills.month

),

-- FOCUS gives quantities and prices to usage only.
quantified as (

    select
        *,
        charge_category = 'Usage' as is_usage,
        service_name in ('GPU instances', 'GPU pools') as is_compute,
        case when charge_category = 'Usage' then unit end as usage_unit,
        case when charge_category = 'Usage' then quantity end as usage_quantity,
        case when unit = 'Tokens' then cast(quantity as bigint) end as tokens,
        case when charge_kind not in ('residual', 'billed_pools') then coalesce(team_id, 'unattributed') end as owner
    from categorized

)

select
    ---------- who bills whom
    account_id as BillingAccountId,
    account_id as BillingAccountName,
    'Account' as BillingAccountType,
    cast(null as string) as SubAccountId,
    cast(null as string) as SubAccountName,
    cast(null as string) as SubAccountType,
    invoice_id as InvoiceId,
    provider as InvoiceIssuerName,
    provider as ProviderName,
    provider as PublisherName,

    ---------- when
    billing_period_start_at as BillingPeriodStart,
    cast(billing_period_start_at + interval '1' month as timestamp) as BillingPeriodEnd,
    cast(starts_on as timestamp) as ChargePeriodStart,
    case
        when is_monthly then cast(cast(starts_on as timestamp) + interval '1' month as timestamp)
        else cast(cast(starts_on as timestamp) + interval '1' day as timestamp)
    end as ChargePeriodEnd,

    ---------- what for
    charge_category as ChargeCategory,
    case when residual_class = 'correction' then 'Correction' end as ChargeClass,
    description as ChargeDescription,
    case when is_usage then 'Usage-Based' else 'One-Time' end as ChargeFrequency,
    case when is_compute then 'Compute' else 'AI and Machine Learning' end as ServiceCategory,
    case when is_compute then 'Virtual Machines' else 'Generative AI' end as ServiceSubcategory,
    service_name as ServiceName,
    case when is_usage then sku_id end as SkuId,
    case when is_usage then meter end as SkuMeter,
    case when is_usage then sku_price_id end as SkuPriceId,
    case when is_usage then '{"x_ServiceTier":' || {{ json_text('service_tier') }} || '}' end as SkuPriceDetails,
    pool_id as ResourceId,
    pool_id as ResourceName,
    case when pool_id is not null then 'GPU pool' end as ResourceType,
    inference_geo as RegionId,
    inference_geo as RegionName,
    cast(null as string) as AvailabilityZone,
    '{"team":' || {{ json_text('owner') }}
    || coalesce(',"feature":' || {{ json_text('feature_name') }}, '')
    || coalesce(',"route":' || {{ json_text('route_id') }}, '')
    || '}' as Tags,

    ---------- how much
    usage_quantity as ConsumedQuantity,
    usage_unit as ConsumedUnit,
    case
        when not is_usage then null
        when pricing_status = 'free' then 'Other'
        when purchase = 'spot' then 'Dynamic'
        else 'Standard'
    end as PricingCategory,
    -- Prices are per million tokens: a millionth of a token count has six digits.
    cast(
        case when unit = 'Tokens' then usage_quantity * cast(0.000001 as decimal(7, 6)) else usage_quantity end
        as decimal(38, 12)
    ) as PricingQuantity,
    case when usage_unit = 'Tokens' then '1000000 Tokens' else usage_unit end as PricingUnit,
    case when is_usage then list_unit_price end as ListUnitPrice,
    case when is_usage then unit_price end as ContractedUnitPrice,
    stated_list_usd as ListCost,
    stated_cost_usd as ContractedCost,
    stated_cost_usd as EffectiveCost,
    stated_cost_usd as BilledCost,
    'USD' as BillingCurrency,
    'USD' as PricingCurrency,
    case when is_usage then list_unit_price end as PricingCurrencyListUnitPrice,
    case when is_usage then unit_price end as PricingCurrencyContractedUnitPrice,
    stated_cost_usd as PricingCurrencyEffectiveCost,

    ---------- commitments: none of the sources says which charge one covered
    {%- for column in [
        'CapacityReservationId', 'CapacityReservationStatus', 'CommitmentDiscountCategory', 'CommitmentDiscountId',
        'CommitmentDiscountName', 'CommitmentDiscountStatus', 'CommitmentDiscountType', 'CommitmentDiscountUnit',
    ] %}
    cast(null as string) as {{ column }},
    {%- endfor %}
    cast(null as decimal(38, 12)) as CommitmentDiscountQuantity,

    ---------- what the audit knows besides
    charge_kind as x_ChargeKind,
    model as x_Model,
    meter as x_Meter,
    {%- for token_class, column in [
        ('uncached_input', 'x_UncachedInputTokens'), ('cache_read', 'x_CacheReadTokens'),
        ('cache_write', 'x_CacheWriteTokens'), ('output', 'x_OutputTokens'),
    ] %}
    case when token_class = '{{ token_class }}' then tokens end as {{ column }},
    {%- endfor %}
    owner as x_TeamId,
    feature_name as x_FeatureName,
    route_id as x_RouteId,
    service_tier as x_ServiceTier,
    region_multiplier as x_RegionMultiplier,
    pricing_status as x_PricingStatus,
    price_source as x_PriceSource,
    price_id as x_PriceId,
    residual_class as x_ResidualClass,
    evidence as x_ResidualEvidence
from quantified
