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
    cast(month as timestamp) as BillingPeriodStart,
    cast(month + interval '1' month as timestamp) as BillingPeriodEnd,
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
    sku_id as SkuId,
    case when is_usage then meter end as SkuMeter,
    sku_price_id as SkuPriceId,
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
    quantity as ConsumedQuantity,
    unit as ConsumedUnit,
    case
        when not is_usage then null
        when pricing_status = 'free' then 'Other'
        when purchase = 'spot' then 'Dynamic'
        else 'Standard'
    end as PricingCategory,
    -- Prices are per million tokens: a millionth of a token count has six digits.
    cast(
        case when unit = 'Tokens' then quantity * cast(0.000001 as decimal(7, 6)) else quantity end
        as decimal(38, 12)
    ) as PricingQuantity,
    case when unit = 'Tokens' then '1000000 Tokens' else unit end as PricingUnit,
    list_unit_price as ListUnitPrice,
    unit_price as ContractedUnitPrice,
    list_usd as ListCost,
    cost_usd as ContractedCost,
    cost_usd as EffectiveCost,
    cost_usd as BilledCost,
    'USD' as BillingCurrency,
    'USD' as PricingCurrency,
    list_unit_price as PricingCurrencyListUnitPrice,
    unit_price as PricingCurrencyContractedUnitPrice,
    cost_usd as PricingCurrencyEffectiveCost,

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
from {{ ref('int_focus_charges__categorized') }}
