{{ config(enabled = 'focus' in var('formats').get('cloud_billing', [])) }}

{#- FOCUS 1.0 to 1.3. SkuMeter and SkuPriceDetails came with 1.1, InvoiceId with 1.2; 1.3 renames ProviderName to
    ServiceProviderName. -#}
{%- set fields = {} %}
{%- for column in [
    'ProviderName', 'ServiceProviderName', 'BillingAccountId', 'SubAccountId', 'InvoiceId', 'BillingPeriodStart',
    'ChargePeriodStart', 'ChargePeriodEnd', 'ChargeCategory', 'ChargeClass', 'ChargeDescription', 'ServiceCategory',
    'ServiceName', 'SkuId', 'SkuMeter', 'SkuPriceDetails', 'ResourceId', 'ResourceType', 'RegionId', 'ConsumedQuantity',
    'ConsumedUnit', 'PricingQuantity', 'PricingUnit', 'BilledCost', 'EffectiveCost', 'ContractedCost', 'ListCost',
    'BillingCurrency', 'Tags', 'x_InstanceType', 'x_SkuDetails', 'x_UsageType', 'x_SkuDescription', 'x_SkuMeterName',
    'PricingCurrency', 'PricingCurrencyEffectiveCost', 'x_PricingCurrency', 'x_BillingExchangeRate',
    'x_CurrencyConversionRate',
] %}
{%- do fields.update({column: '$.' ~ column}) %}
{%- endfor %}

with

source as (

    select * from {{ landed_records('cloud_billing', 'focus', fields) }}

),

cleaned as (

    select  -- a missing value may be written as the text NULL
        {%- for column in fields %}
        case when upper(trim({{ column }})) not in ('NULL', '') then trim({{ column }}) end as {{ column }},
        {%- endfor %}
        _record,
        _unreadable,
        _source_file,
        _source_row,
        _file_version
    from source

),

checked as (

    select
        *,
        {{ reject_reason(
            [[
                "ProviderName is null and ServiceProviderName is null",
                "'ProviderName and ServiceProviderName are missing; the record has ' "
                ~ "|| " ~ field_names(),
            ]]
            + required_checks([
                'BillingAccountId', 'BillingPeriodStart', 'ChargePeriodStart', 'ChargePeriodEnd', 'ChargeCategory',
                'BilledCost', 'BillingCurrency',
            ])
            + type_checks(['BillingPeriodStart', 'ChargePeriodStart', 'ChargePeriodEnd'], 'timestamptz', 'an ISO 8601 time')
            + amount_checks(['BilledCost', 'EffectiveCost', 'ContractedCost', 'ListCost', 'PricingCurrencyEffectiveCost'])
            + type_checks(['ConsumedQuantity', 'PricingQuantity'], 'decimal(38, 12)', 'a number')
            + [[
                "lower(ChargeCategory) not in ('usage', 'purchase', 'tax', 'credit', 'adjustment')",
                "'ChargeCategory is none of Usage, Purchase, Tax, Credit, Adjustment'" ~ quoted('ChargeCategory'),
            ]]
        ) }} as _reject_reason
    from cleaned

),

named as (

    select
        *,
        lower(coalesce(ProviderName, ServiceProviderName)) as provider_name,
        try_cast(BilledCost as decimal(38, 12)) as billed_amount,
        try_cast(EffectiveCost as decimal(38, 12)) as effective_amount,
        try_cast(PricingCurrencyEffectiveCost as decimal(38, 12)) as effective_pricing_amount,
        case when json_valid(SkuPriceDetails) then SkuPriceDetails end as sku_price_details,
        case when json_valid(x_SkuDetails) then x_SkuDetails end as sku_details
    from checked

),

renamed as (

    select
        ---------- ids
        case
            when provider_name in ('aws', 'amazon', 'amazon web services', 'amazon web services, inc.') then 'aws'
            when provider_name in ('microsoft', 'azure', 'microsoft azure') then 'azure'
            when provider_name in ('google', 'google cloud', 'google cloud platform', 'gcp') then 'gcp'
            when provider_name in ('oracle', 'oracle cloud', 'oracle cloud infrastructure', 'oci') then 'oci'
            else {{ masked_name('provider_name') }}
        end as cloud,
        {{ masked_name('BillingAccountId') }} as billing_account_id,
        {{ masked_name('SubAccountId') }} as sub_account_id,
        {{ masked_name('InvoiceId') }} as invoice_id,

        ---------- timestamps
        cast({{ utc('BillingPeriodStart') }} as date) as billing_period_start,
        {{ utc('ChargePeriodStart') }} as charge_start_at,
        {{ utc('ChargePeriodEnd') }} as charge_end_at,
        cast(null as timestamp) as exported_at,  -- FOCUS months are delivered again whole

        ---------- strings
        {{ masked_name('ChargeCategory') }} as charge_category,
        {{ masked_name('ChargeClass') }} as charge_class,
        {{ masked('ChargeDescription') }} as charge_description,
        {{ masked_name('ServiceCategory') }} as service_category,
        {{ masked_name('ServiceName') }} as service_name,
        {{ masked_name('SkuId') }} as sku_id,
        {{ masked_name('coalesce(SkuMeter, x_UsageType, x_SkuMeterName)') }} as sku_meter,
        {{ masked('ResourceId') }} as resource_id,
        {{ masked_name('ResourceType') }} as resource_type,
        {{ masked_name('RegionId') }} as region_id,
        cast(null as varchar) as principal,  -- the source names none
        coalesce(
            {{ masked("coalesce(
                json_extract_string(sku_price_details, '$.InstanceType'),
                json_extract_string(sku_price_details, '$.x_InstanceType'),
                x_InstanceType,
                json_extract_string(sku_details, '$.InstanceType')
            )") }},
            {{ machine_type([
                "json_extract_string(sku_details, '$.ServiceType')", 'x_UsageType', 'x_SkuDescription', 'x_SkuMeterName',
                'ChargeDescription', 'SkuId', 'SkuMeter', 'ResourceType',
            ]) }}
        ) as instance_type,

        ---------- numerics
        {{ base_quantity('ConsumedQuantity', 'ConsumedUnit') }} as consumed_quantity,
        {{ masked_name(base_unit('ConsumedUnit')) }} as consumed_unit,
        try_cast(PricingQuantity as decimal(38, 12)) as pricing_quantity,
        {{ masked_name('PricingUnit') }} as pricing_unit,
        billed_amount,
        effective_amount,
        try_cast(ContractedCost as decimal(38, 12)) as contracted_amount,
        try_cast(ListCost as decimal(38, 12)) as list_amount,

        ---------- strings
        upper({{ masked_name('BillingCurrency') }}) as currency,
        -- FOCUS has no billed cost in the pricing currency: the effective cost tells it, or the rate that Azure and Google
        -- add (Google prices in USD).
        coalesce(
            case when effective_amount = billed_amount then effective_pricing_amount end,
            {{ in_pricing_currency('BilledCost', 'coalesce(x_BillingExchangeRate, x_CurrencyConversionRate)') }},
            try_cast(billed_amount * (effective_pricing_amount / nullif(effective_amount, 0)) as decimal(24, 12))
        ) as pricing_amount,
        upper({{ masked_name(
            "coalesce(PricingCurrency, x_PricingCurrency, case when x_CurrencyConversionRate is not null then 'USD' end)"
        ) }}) as pricing_currency,
        case when json_valid({{ masked('Tags') }}) then {{ masked('Tags') }} end as tags,

        ---------- provenance
        _source_file,
        _source_row,
        cast(1 as bigint) as _source_item,
        _file_version,
        _reject_reason,
        {{ rejected_text(may_hold_prompts=false) }} as _rejected_record
    from named

)

select * from renamed
