{{ config(enabled = 'aws_cur2' in var('formats').get('cloud_billing', [])) }}

{#-
    Each field under its name in CUR 2.0 (also of CUR in Athena) and in the csv of the legacy report. `product` is a map in
    CUR 2.0: an object in Parquet, JSON text in csv.
-#}
{%- set names = {
    'bill_payer_account_id': 'bill/PayerAccountId',
    'bill_invoice_id': 'bill/InvoiceId',
    'bill_billing_period_start_date': 'bill/BillingPeriodStartDate',
    'line_item_line_item_type': 'lineItem/LineItemType',
    'line_item_usage_account_id': 'lineItem/UsageAccountId',
    'line_item_usage_start_date': 'lineItem/UsageStartDate',
    'line_item_usage_end_date': 'lineItem/UsageEndDate',
    'line_item_product_code': 'lineItem/ProductCode',
    'line_item_usage_type': 'lineItem/UsageType',
    'line_item_resource_id': 'lineItem/ResourceId',
    'line_item_iam_principal': 'lineItem/IamPrincipal',
    'line_item_usage_amount': 'lineItem/UsageAmount',
    'line_item_currency_code': 'lineItem/CurrencyCode',
    'line_item_unblended_cost': 'lineItem/UnblendedCost',
    'line_item_line_item_description': 'lineItem/LineItemDescription',
    'pricing_unit': 'pricing/unit',
    'pricing_public_on_demand_cost': 'pricing/publicOnDemandCost',
    'product_product_name': 'product/ProductName',
    'product_servicecode': 'product/servicecode',
    'product_product_family': 'product/productFamily',
    'product_region_code': 'product/regionCode',
    'product_instance_type': 'product/instanceType',
    'product_sku': 'product/sku',
    'reservation_reservation_a_r_n': 'reservation/ReservationARN',
    'reservation_effective_cost': 'reservation/EffectiveCost',
    'reservation_unused_amortized_upfront_fee_for_billing_period': 'reservation/UnusedAmortizedUpfrontFeeForBillingPeriod',
    'reservation_unused_recurring_fee': 'reservation/UnusedRecurringFee',
    'savings_plan_savings_plan_effective_cost': 'savingsPlan/SavingsPlanEffectiveCost',
    'savings_plan_total_commitment_to_date': 'savingsPlan/TotalCommitmentToDate',
    'savings_plan_used_commitment': 'savingsPlan/UsedCommitment',
} %}
{%- set fields = {
    'product': '$.product',
    'resource_tags': '$.resource_tags',
    'reservation_arn_2': '$.reservation_reservation_arn',
} %}
{%- for name, legacy_name in names.items() %}
{%- do fields.update({name ~ '_': '$.' ~ name, name ~ '_legacy': '$."' ~ legacy_name ~ '"'}) %}
{%- endfor %}
{%- set amounts = [
    'line_item_unblended_cost', 'line_item_usage_amount', 'pricing_public_on_demand_cost', 'reservation_effective_cost',
    'reservation_unused_amortized_upfront_fee_for_billing_period', 'reservation_unused_recurring_fee',
    'savings_plan_savings_plan_effective_cost', 'savings_plan_total_commitment_to_date', 'savings_plan_used_commitment',
] %}

with

source as (

    select * from {{ landed_texts('cloud_billing', 'aws_cur2', fields) }}

),

named as (

    select
        {%- for name in names %}
        coalesce({{ trimmed(name ~ '_') }}, {{ trimmed(name ~ '_legacy') }}) as {{ name }},
        {%- endfor %}
        reservation_arn_2,
        case when json_valid(product) then product end as product,
        case when json_valid(resource_tags) then resource_tags end as resource_tags,
        -- The legacy report and Athena have a column for each tag key.
        list_filter(
            json_keys(case when _unreadable is null then _record end),
            lambda name: name like 'resourceTags/%' or name like 'resource_tags_%'
        ) as tag_columns,
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
            required_checks([
                'bill_payer_account_id', 'bill_billing_period_start_date', 'line_item_line_item_type',
                'line_item_usage_start_date', 'line_item_unblended_cost', 'line_item_currency_code',
            ])
            + type_checks(
                ['bill_billing_period_start_date', 'line_item_usage_start_date', 'line_item_usage_end_date'],
                'timestamptz', 'an ISO 8601 time'
            )
            + amount_checks(amounts | reject('equalto', 'line_item_usage_amount') | list)
            + type_checks(['line_item_usage_amount'], 'decimal(38, 12)', 'a number')
        ) }} as _reject_reason
    from named

),

described as (

    select
        {%- for name in amounts %}
        try_cast({{ name }} as decimal(38, 12)) as {{ name }}_number,
        {%- endfor %}
        try_cast(reservation_unused_amortized_upfront_fee_for_billing_period as decimal(38, 12))
        + try_cast(reservation_unused_recurring_fee as decimal(38, 12)) as reservation_unused_fee,
        coalesce(
            product_product_name, json_extract_string(product, '$.product_name'), product_servicecode, line_item_product_code
        ) as service_name,
        case
            when len(tag_columns) > 0
                then nullif('{' || array_to_string(list_transform(
                    list_filter(
                        tag_columns, lambda name: coalesce(json_extract_string(_record, '$."' || name || '"'), '') != ''
                    ),
                    lambda name: to_json(regexp_replace(name, '^(resourceTags/|resource_tags_)(user[:_])?', ''))
                    || ':' || to_json(json_extract_string(_record, '$."' || name || '"'))
                ), ',') || '}', '{}')
            else nullif(regexp_replace(resource_tags, '([{,]\s*")user[:_]', '\1', 'g'), '{}')
        end as tags,
        *
    from checked

),

renamed as (

    select
        ---------- ids
        'aws' as cloud,
        {{ masked_name('bill_payer_account_id') }} as billing_account_id,
        {{ masked_name('line_item_usage_account_id') }} as sub_account_id,
        {{ masked_name('bill_invoice_id') }} as invoice_id,

        ---------- timestamps
        cast({{ utc('bill_billing_period_start_date') }} as date) as billing_period_start,
        {{ utc('line_item_usage_start_date') }} as charge_start_at,
        coalesce({{ utc('line_item_usage_end_date') }}, {{ utc('line_item_usage_start_date') }}) as charge_end_at,
        cast(null as timestamp) as exported_at,  -- a month is delivered again whole

        ---------- strings
        case
            when line_item_line_item_type = 'Tax' then 'Tax'
            when line_item_line_item_type = 'Credit' or line_item_line_item_type like '%Discount' then 'Credit'
            when
                line_item_line_item_type
                in ('Fee', 'RIFee', 'SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee')
                then 'Purchase'
            -- The negation takes back what the covered usage shows at the price on demand: both are usage and net out.
            when
                line_item_line_item_type
                in ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage', 'SavingsPlanNegation')
                then 'Usage'
            else 'Adjustment'
        end as charge_category,
        case when line_item_line_item_type = 'Refund' then 'Correction' end as charge_class,
        {{ masked('line_item_line_item_description') }} as charge_description,
        cast(null as varchar) as service_category,
        {{ masked_name('service_name') }} as service_name,
        {{ masked("coalesce(product_sku, json_extract_string(product, '$.sku'))") }} as sku_id,
        {{ masked_name('line_item_usage_type') }} as sku_meter,
        {{ masked('line_item_resource_id') }} as resource_id,
        {{ masked("coalesce(product_product_family, json_extract_string(product, '$.product_family'))") }} as resource_type,
        {{ masked("coalesce(
            product_region_code, json_extract_string(product, '$.region_code'), json_extract_string(product, '$.region')
        )") }} as region_id,
        {{ masked('line_item_iam_principal') }} as principal,
        coalesce(
            {{ masked("coalesce(product_instance_type, json_extract_string(product, '$.instance_type'))") }},
            {{ machine_type(['line_item_usage_type', 'line_item_line_item_description']) }}
        ) as instance_type,

        ---------- numerics
        {{ base_quantity('line_item_usage_amount', 'pricing_unit') }} as consumed_quantity,
        {{ masked_name(base_unit('pricing_unit')) }} as consumed_unit,
        line_item_usage_amount_number as pricing_quantity,
        {{ masked_name('pricing_unit') }} as pricing_unit,
        line_item_unblended_cost_number as billed_amount,
        case
            when line_item_line_item_type = 'SavingsPlanCoveredUsage' then savings_plan_savings_plan_effective_cost_number
            when line_item_line_item_type = 'SavingsPlanRecurringFee'
                then savings_plan_total_commitment_to_date_number - savings_plan_used_commitment_number
            when line_item_line_item_type in ('SavingsPlanNegation', 'SavingsPlanUpfrontFee') then 0
            when line_item_line_item_type = 'DiscountedUsage' then reservation_effective_cost_number
            when line_item_line_item_type = 'RIFee' then reservation_unused_fee
            when
                line_item_line_item_type = 'Fee' and coalesce(reservation_reservation_a_r_n, reservation_arn_2, '') != ''
                then 0
            else line_item_unblended_cost_number
        end as effective_amount,
        cast(null as decimal(38, 12)) as contracted_amount,
        pricing_public_on_demand_cost_number as list_amount,

        ---------- strings
        upper({{ masked_name('line_item_currency_code') }}) as currency,
        cast(null as decimal(38, 12)) as pricing_amount,  -- the report states one currency
        cast(null as varchar) as pricing_currency,
        case when json_valid({{ masked('tags') }}) then {{ masked('tags') }} end as tags,

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
