{{ config(enabled = 'azure_cost' in var('formats').get('cloud_billing', [])) }}

{#-
    Field to its names, apart from its own in either case of the first letter (EA writes BillingAccountId, MCA
    billingAccountId).
-#}
{%- set names = {
    'BillingAccountId': [],
    'SubscriptionId': ['SubscriptionGuid'],
    'InvoiceId': [],
    'BillingPeriodStartDate': [],
    'Date': ['UsageDateTime'],
    'Cost': ['CostInBillingCurrency', 'PreTaxCost'],
    'BillingCurrency': ['BillingCurrencyCode', 'Currency'],
    'CostInPricingCurrency': [],
    'PricingCurrency': ['PricingCurrencyCode'],
    'ExchangeRatePricingToBilling': ['ExchangeRate'],
    'ChargeType': [],
    'PricingModel': [],
    'MeterId': [],
    'MeterCategory': [],
    'MeterSubCategory': ['MeterSubcategory'],
    'MeterName': [],
    'ProductName': ['Product'],
    'Quantity': ['UsageQuantity'],
    'UnitOfMeasure': [],
    'UnitPrice': [],
    'PayGPrice': ['PaygPrice'],
    'PaygCostInBillingCurrency': [],
    'ResourceId': ['InstanceId'],
    'ResourceLocation': ['ResourceLocationNormalized'],
    'AdditionalInfo': [],
    'Tags': [],
} %}
{%- set fields = {} %}
{%- set columns_of = {} %}
{%- for name, others in names.items() %}
{%- set columns = [] %}
{%- for other in [name] + others %}
{%- do fields.update({other: '$.' ~ other, other ~ '_lower': '$.' ~ other[0] | lower ~ other[1:]}) %}
{%- do columns.extend([trimmed('source.' ~ other), trimmed('source.' ~ other ~ '_lower')]) %}
{%- endfor %}
{%- do columns_of.update({name: columns}) %}
{%- endfor %}
{%- set dates = ['BillingPeriodStartDate', 'Date'] %}
{%- set date_checks = [] %}
{%- for name in dates %}
{%- do date_checks.append([
    bounded_time(name ~ '_iso', 'date') ~ " is null and " ~ name ~ " is not null",
    "'" ~ name ~ " is neither a date month/day/year nor an ISO 8601 date'" ~ quoted(name),
]) %}
{%- endfor %}

with

source as (

    select * from {{ landed_texts('cloud_billing', 'azure_cost', fields) }}

),

named as (

    select
        {%- for name, columns in columns_of.items() %}
        coalesce({{ columns | join(', ') }}) as {{ name }},
        {%- endfor %}
        source._record,
        source._unreadable,
        source._source_file,
        source._source_row,
        source._file_version
    from source

),

-- Dates are written month/day/year, or ISO 8601.
dated as (

    select
        {%- for name in dates %}
        coalesce(
            cast(try_strptime({{ name }}, '%m/%d/%Y') as varchar), cast(cast({{ utc(name) }} as date) as varchar)
        ) as {{ name }}_iso,
        {%- endfor %}
        *
    from named

),

checked as (

    select
        *,
        {{ reject_reason(
            required_checks(['BillingAccountId', 'Date', 'Cost', 'BillingCurrency', 'ChargeType'])
            + date_checks
            + amount_checks(['Cost', 'CostInPricingCurrency', 'UnitPrice', 'PayGPrice', 'PaygCostInBillingCurrency'])
            + type_checks(['Quantity', 'ExchangeRatePricingToBilling'], 'decimal(38, 12)', 'a number')
        ) }} as _reject_reason
    from dated

),

-- ActualCost and AmortizedCost are two views of one month. The amortized file is told by its path, or by what only it
-- has: unused commitments, or covered usage that costs something.
viewed as (

    select
        *,
        lower(_source_file) like '%amorti_ed%'
        or bool_or(
            ChargeType like 'Unused%'
            or (
                ChargeType = 'Usage' and PricingModel in ('Reservation', 'SavingsPlan')
                and try_cast(Cost as decimal(38, 12)) > 0
            )
        ) over (partition by _source_file) is true as is_amortized,
        case when json_valid(AdditionalInfo) then AdditionalInfo end as additional_info,
        -- Older exports leave out the outer braces.
        case when json_valid(Tags) then Tags when json_valid('{' || Tags || '}') then '{' || Tags || '}' end as tags_json
    from checked

),

described as (

    select
        *,
        coalesce(
            {{ machine_type(["json_extract_string(additional_info, '$.ServiceType')", 'ProductName']) }},
            -- 'NC24ads A100 v4 Spot' is the machine Standard_NC24ads_A100_v4.
            case
                when MeterCategory = 'Virtual Machines' and regexp_matches(MeterName, '^[A-Z]{1,3}[0-9]')
                    then 'Standard_' || replace(
                        regexp_replace(trim(split_part(MeterName, '/', 1)), ' (Spot|Low Priority)$', ''), ' ', '_'
                    )
            end
        ) as instance_type
    from viewed

),

renamed as (

    select
        ---------- ids
        'azure' as cloud,
        {{ masked_name('BillingAccountId') }} as billing_account_id,
        {{ masked_name('SubscriptionId') }} as sub_account_id,
        {{ masked_name('InvoiceId') }} as invoice_id,

        ---------- timestamps
        cast(date_trunc('month', coalesce(
            {{ bounded_time('BillingPeriodStartDate_iso', 'date') }}, {{ bounded_time('Date_iso', 'date') }}
        )) as date) as billing_period_start,
        cast({{ bounded_time('Date_iso', 'date') }} as timestamp) as charge_start_at,
        cast({{ bounded_time('Date_iso', 'date') }} as timestamp) + interval '1' day as charge_end_at,
        cast(null as timestamp) as exported_at,  -- a month is delivered again whole

        ---------- strings
        case
            when lower(ChargeType) in ('usage', 'unusedreservation', 'unusedsavingsplan') then 'Usage'
            when lower(ChargeType) in ('purchase', 'tax', 'credit') then upper(ChargeType[1]) || lower(ChargeType[2:])
            else 'Adjustment'
        end as charge_category,
        case when lower(ChargeType) = 'refund' then 'Correction' end as charge_class,
        {{ masked("coalesce(ProductName, concat_ws(' - ', MeterCategory, MeterSubCategory, MeterName))") }}
            as charge_description,
        cast(null as varchar) as service_category,
        -- Azure OpenAI is a sub-category of several categories, under names that change.
        case
            when MeterSubCategory like 'Azure OpenAI%' then {{ masked_name('MeterSubCategory') }}
            else {{ masked_name('MeterCategory') }}
        end as service_name,
        {{ masked_name('MeterId') }} as sku_id,
        {{ masked_name('MeterName') }} as sku_meter,
        {{ masked('ResourceId') }} as resource_id,
        nullif(regexp_extract(lower({{ masked('ResourceId') }}), '^.*/providers/([^/]+/[^/]+)', 1), '') as resource_type,
        lower({{ masked_name('ResourceLocation') }}) as region_id,
        cast(null as varchar) as principal,  -- the source names none
        instance_type,

        ---------- numerics
        case when not is_amortized then {{ base_quantity('Quantity', 'UnitOfMeasure') }} end as consumed_quantity,
        {{ masked_name(base_unit('UnitOfMeasure')) }} as consumed_unit,
        case when not is_amortized then try_cast(Quantity as decimal(38, 12)) end as pricing_quantity,
        {{ masked_name('UnitOfMeasure') }} as pricing_unit,
        case when is_amortized then 0 else try_cast(Cost as decimal(38, 12)) end as billed_amount,
        case when is_amortized then try_cast(Cost as decimal(38, 12)) end as effective_amount,
        case
            when not is_amortized
                then cast(
                    try_cast(UnitPrice as decimal(19, 10)) * try_cast(Quantity as decimal(19, 10)) as decimal(38, 12)
                )
        end as contracted_amount,
        case
            when not is_amortized
                then coalesce(
                    try_cast(PaygCostInBillingCurrency as decimal(38, 12)),
                    cast(
                        nullif(try_cast(PayGPrice as decimal(19, 10)), 0) * try_cast(Quantity as decimal(19, 10))
                        as decimal(38, 12)
                    )
                )
        end as list_amount,

        ---------- strings
        upper({{ masked_name('BillingCurrency') }}) as currency,
        case
            when not is_amortized and PricingCurrency is not null
                then coalesce(
                    try_cast(CostInPricingCurrency as decimal(38, 12)),
                    {{ in_pricing_currency('Cost', 'ExchangeRatePricingToBilling') }}
                )
        end as pricing_amount,
        upper({{ masked_name('PricingCurrency') }}) as pricing_currency,
        case
            when json_valid({{ masked('tags_json') }}) and tags_json != '{}' then {{ masked('tags_json') }}
        end as tags,

        ---------- provenance
        _source_file,
        _source_row,
        cast(1 as bigint) as _source_item,
        _file_version,
        _reject_reason,
        {{ rejected_text(may_hold_prompts=false) }} as _rejected_record
    from described

)

select * from renamed
