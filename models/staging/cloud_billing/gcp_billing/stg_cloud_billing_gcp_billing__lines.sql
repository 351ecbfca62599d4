{{ config(enabled = 'gcp_billing' in var('formats').get('cloud_billing', [])) }}

{#- Each field nested, as BigQuery writes JSON, or flattened ("service.description"), as csv exports have it. -#}
{%- set names = {
    'billing_account_id': 'billing_account_id',
    'service_description': 'service.description',
    'sku_id': 'sku.id',
    'sku_description': 'sku.description',
    'usage_start_time': 'usage_start_time',
    'usage_end_time': 'usage_end_time',
    'export_time': 'export_time',
    'project_id': 'project.id',
    'project_labels': 'project.labels',
    'labels': 'labels',
    'tags': 'tags',
    'system_labels': 'system_labels',
    'location_location': 'location.location',
    'location_region': 'location.region',
    'resource_name': 'resource.name',
    'resource_global_name': 'resource.global_name',
    'cost': 'cost',
    'cost_at_list': 'cost_at_list',
    'currency': 'currency',
    'currency_conversion_rate': 'currency_conversion_rate',
    'usage_amount': 'usage.amount',
    'usage_unit': 'usage.unit',
    'usage_amount_in_pricing_units': 'usage.amount_in_pricing_units',
    'usage_pricing_unit': 'usage.pricing_unit',
    'credits': 'credits',
    'invoice_month': 'invoice.month',
    'cost_type': 'cost_type',
    'adjustment_id': 'adjustment_info.id',
} %}
{%- set fields = {} %}
{%- for name, path in names.items() %}
{%- do fields.update({name ~ '_nested': '$.' ~ path, name ~ '_flat': '$."' ~ path ~ '"'}) %}
{%- endfor %}
{%- set lists = ['credits', 'labels', 'project_labels', 'system_labels', 'tags'] %}
{%- set label_type = '[{"key": "VARCHAR", "value": "VARCHAR"}]' %}

with

source as (

    select * from {{ landed_texts('cloud_billing', 'gcp_billing', fields) }}

),

named as (

    select
        {%- for name in names %}
        coalesce({{ name }}_nested, {{ name }}_flat) as {{ name }},
        {%- endfor %}
        _record,
        _unreadable,
        _source_file,
        _source_row,
        _file_version
    from source

),

-- A flattened export may write its lists the way Python prints them.
as_json as (

    select
        {%- for name in lists %}
        case
            when json_valid({{ name }}) then {{ name }}
            when json_valid({{ python_as_json(name) }}) then {{ python_as_json(name) }}
        end as {{ name }}_json,
        {%- endfor %}
        *
    from named

),

lists as (

    select
        {%- for name in lists[1:] %}
        from_json(
            case when json_type({{ name }}_json) = 'ARRAY' then {{ name }}_json end, '{{ label_type }}'
        ) as {{ name }}_list,
        {%- endfor %}
        from_json(
            case when json_type(credits_json) = 'ARRAY' then credits_json end,
            '[{"type": "VARCHAR", "full_name": "VARCHAR", "name": "VARCHAR", "amount": "VARCHAR"}]'
        ) as credit_list,
        *
    from as_json

),

checked as (

    select
        *,
        {{ reject_reason(
            required_checks(['billing_account_id', 'usage_start_time', 'usage_end_time', 'cost', 'currency'])
            + type_checks(['usage_start_time', 'usage_end_time', 'export_time'], 'timestamptz', 'an ISO 8601 time')
            + amount_checks(['cost', 'cost_at_list'])
            + type_checks(
                ['usage_amount', 'usage_amount_in_pricing_units', 'currency_conversion_rate'], 'decimal(38, 12)', 'a number'
            )
            + [
                [
                    "invoice_month is not null and try_strptime(invoice_month, '%Y%m') is null",
                    "'invoice_month is not a month such as 202609'" ~ quoted('invoice_month'),
                ],
                ["credits is not null and credit_list is null", "'credits is not a list of credits'" ~ quoted('credits')],
                [
                    "len(list_filter(credit_list, lambda item: "
                    ~ "try_cast(struct_extract(item, 'amount') as decimal(24, 12)) is null)) > 0",
                    "'a credit has no amount that is a number'" ~ quoted('credits'),
                ],
            ]
        ) }} as _reject_reason
    from lists

),

-- The charge is item 1, before credits; each of its credits is an item of its own, so that none multiplies the cost.
items as (

    select
        *,
        unnest(
            [null] || case when _reject_reason is null then coalesce(credit_list, []) else [] end
        ) as credit,
        generate_subscripts(
            [null] || case when _reject_reason is null then coalesce(credit_list, []) else [] end, 1
        ) as _source_item
    from checked

),

described as (

    select
        *,
        _source_item > 1 as is_credit,
        json_merge_patch(
            {{ labels_as_json('project_labels_list') }}, {{ labels_as_json('tags_list') }}, {{ labels_as_json('labels_list') }}
        ) as all_labels,
        list_filter(
            system_labels_list, lambda label: struct_extract(label, 'key') = 'compute.googleapis.com/machine_spec'
        ) as machine_specs,
        struct_extract(credit, 'amount') as credit_amount,
        concat_ws(
            ': ', struct_extract(credit, 'type'), coalesce(struct_extract(credit, 'full_name'), struct_extract(credit, 'name'))
        ) as credit_description
    from items

),

renamed as (

    select
        ---------- ids
        'gcp' as cloud,
        {{ masked_name('billing_account_id') }} as billing_account_id,
        {{ masked_name('project_id') }} as sub_account_id,
        cast(null as varchar) as invoice_id,  -- the export names the invoice's month only

        ---------- timestamps
        cast(coalesce(
            try_strptime(invoice_month, '%Y%m'), date_trunc('month', {{ utc('usage_start_time') }})
        ) as date) as billing_period_start,
        {{ utc('usage_start_time') }} as charge_start_at,
        {{ utc('usage_end_time') }} as charge_end_at,
        {{ utc('export_time') }} as exported_at,

        ---------- strings
        case
            when is_credit then 'Credit'
            when cost_type = 'tax' then 'Tax'
            when coalesce(cost_type, 'regular') != 'regular' then 'Adjustment'
            when sku_description like 'Commitment%' then 'Purchase'
            else 'Usage'
        end as charge_category,
        case when adjustment_id is not null then 'Correction' end as charge_class,
        case
            when is_credit then {{ masked('credit_description') }}
            else {{ masked('sku_description') }}
        end as charge_description,
        cast(null as varchar) as service_category,
        {{ masked_name('service_description') }} as service_name,
        {{ masked_name('sku_id') }} as sku_id,
        {{ masked('sku_description') }} as sku_meter,
        {{ masked('coalesce(resource_global_name, resource_name)') }} as resource_id,
        cast(null as varchar) as resource_type,
        {{ masked_name('coalesce(location_region, location_location)') }} as region_id,
        cast(null as varchar) as principal,  -- the source names none
        coalesce(
            {{ masked_name("struct_extract(machine_specs[1], 'value')") }}, {{ machine_type(['sku_description']) }}
        ) as instance_type,

        ---------- numerics
        case when not is_credit then try_cast(usage_amount as decimal(38, 12)) end as consumed_quantity,
        case when not is_credit then {{ masked_name('usage_unit') }} end as consumed_unit,
        case when not is_credit then try_cast(usage_amount_in_pricing_units as decimal(38, 12)) end as pricing_quantity,
        case when not is_credit then {{ masked_name('usage_pricing_unit') }} end as pricing_unit,
        try_cast(case when is_credit then credit_amount else cost end as decimal(38, 12)) as billed_amount,
        try_cast(case when is_credit then credit_amount else cost end as decimal(38, 12)) as effective_amount,
        case when not is_credit then try_cast(cost as decimal(38, 12)) end as contracted_amount,
        case when not is_credit then try_cast(cost_at_list as decimal(38, 12)) end as list_amount,

        ---------- strings
        upper({{ masked_name('currency') }}) as currency,
        -- Google prices in USD, and states what it took a dollar for.
        {{ in_pricing_currency('case when is_credit then credit_amount else cost end', 'currency_conversion_rate') }}
            as pricing_amount,
        case when currency_conversion_rate is not null then 'USD' end as pricing_currency,
        case when json_valid({{ masked('all_labels') }}) and all_labels != '{}' then {{ masked('all_labels') }} end as tags,

        ---------- provenance
        _source_file,
        _source_row,
        _source_item,
        _file_version,
        _reject_reason,
        {{ rejected_text(may_hold_prompts=false) }} as _rejected_record
    from described

)

select * from renamed
