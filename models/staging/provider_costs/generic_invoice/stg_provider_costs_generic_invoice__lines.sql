{{ config(enabled = 'generic_invoice' in var('formats').get('provider_costs', [])) }}

{%- set fields = {
    'provider': '$.provider',
    'invoice_account_id': '$.account_id',
    'invoice_id': '$.invoice_id',
    'billing_period_start': '$.billing_period_start',
    'charge_start_at': '$.charge_start_at',
    'charge_end_at': '$.charge_end_at',
    'line_type': '$.line_type',
    'model': '$.model',
    'meter': '$.meter',
    'quantity': '$.quantity',
    'unit': '$.unit',
    'amount': '$.amount',
    'currency': '$.currency',
    'key_or_project_id': '$.key_or_project_id',
    'description': '$.description',
    'pricing_amount': '$.pricing_amount',
    'pricing_currency': '$.pricing_currency',
} %}
{%- set signs = line_type_signs() %}
{#- Who types an invoice forgets a minus sooner than a provider does: of this format such a line is refused. -#}
{%- set lowering = [] %}
{%- for line_type, rule in signs.items() if rule.sign < 0 %}
{%- do lowering.append(line_type) %}
{%- endfor %}

with

source as (

    select * from {{ landed_records('provider_costs', 'generic_invoice', fields) }}

),

checked as (

    select
        *,
        {{ reject_reason(
            required_checks(['provider', 'billing_period_start', 'line_type', 'amount', 'currency'])
            + type_checks(['billing_period_start'], 'date', 'an ISO 8601 date')
            + type_checks(['charge_start_at', 'charge_end_at'], 'timestamptz', 'an ISO 8601 time')
            + amount_checks(['amount', 'pricing_amount'])
            + type_checks(['quantity'], 'decimal(38, 12)', 'a number')
            + [[
                "lower(line_type) not in ('" ~ signs | join("', '") ~ "')",
                "'line_type is none of " ~ signs | join(', ') ~ "'" ~ quoted('line_type'),
            ], [
                "not regexp_full_match(currency, '[A-Za-z]{3}')",
                "'currency is not a three-letter code'" ~ quoted('currency'),
            ], [
                "pricing_amount is not null and coalesce(pricing_currency, '') = ''",
                "'a pricing_amount needs its pricing_currency'",
            ], [
                "pricing_amount is not null and not regexp_full_match(pricing_currency, '[A-Za-z]{3}')",
                "'pricing_currency is not a three-letter code'" ~ quoted('pricing_currency'),
            ], [
                "lower(line_type) in ('" ~ lowering | join("', '") ~ "') and try_cast(amount as decimal(38, 12)) > 0",
                "'a ' || lower(line_type) || ' lowers the bill: its amount must not be above zero "
                ~ "(one that is withdrawn is a correction)'",
            ]]
        ) }} as _reject_reason
    from source

),

renamed as (

    select
        ---------- ids
        lower({{ masked_name(trimmed('provider')) }}) as provider,
        {{ masked_name('coalesce(invoice_account_id, account_id)') }} as account_id,
        {{ masked_name('invoice_id') }} as invoice_id,

        ---------- timestamps: a line without its own times is a charge of the whole billing month
        cast(date_trunc('month', {{ bounded_time('billing_period_start', 'date') }}) as date) as billing_period_start,
        coalesce(
            {{ utc('charge_start_at') }},
            cast(date_trunc('month', {{ bounded_time('billing_period_start', 'date') }}) as timestamp)
        ) as charge_start_at,
        coalesce(
            {{ utc('charge_end_at') }},
            {{ utc('charge_start_at') }},
            cast(date_trunc('month', {{ bounded_time('billing_period_start', 'date') }}) + interval 1 month as timestamp)
        ) as charge_end_at,

        ---------- strings
        lower({{ masked_name('line_type') }}) as line_type,
        {{ masked_name('model') }} as model,
        case
            when
                lower(meter) in (
                    'input', 'cache_read', 'cache_write_5m', 'cache_write_30m', 'cache_write_1h', 'cache_write_12h',
                    'output', 'input_audio', 'output_audio', 'input_image', 'request', 'web_search'
                )
                then lower(meter)
        end as meter,

        ---------- numerics
        try_cast(quantity as decimal(38, 12)) as quantity,
        {{ masked_name('unit') }} as unit,
        try_cast(amount as decimal(38, 12)) as billed_amount,
        upper({{ masked_name('currency') }}) as currency,
        try_cast(pricing_amount as decimal(38, 12)) as pricing_amount,
        upper({{ masked_name('pricing_currency') }}) as pricing_currency,

        ---------- strings
        {{ masked('key_or_project_id') }} as key_or_project_id,
        cast(null as varchar) as grouped_by,  -- an invoice is not a grouped report
        {{ masked('coalesce(description, meter)') }} as description,

        ---------- provenance
        _source_file,
        _source_row,
        cast(1 as bigint) as _source_item,
        _file_version,
        _reject_reason,
        {{ rejected_text(may_hold_prompts=false) }} as _rejected_record
    from checked

)

select * from renamed
