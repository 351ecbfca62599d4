{{ config(enabled = 'openai' in var('formats').get('provider_costs', [])) }}

{%- set fields = {
    'object': '$.object',
    'amount_value': '$.amount.value',
    'amount_currency': '$.amount.currency',
    'line_item': '$.line_item',
    'project_id': '$.project_id',
    'api_key_id': '$.api_key_id',
    'user_id': '$.user_id',
    'quantity': '$.quantity',
    'quantity_unit': '$.quantity_unit',
} %}

{#- The line item is free text. "<model>, <kind>" is what is seen for tokens; any other text keeps model and meter null. -#}
{%- set token_line = "^(.+), (input|cached input|cache write|output|audio input|audio output|image input)$" -%}

with

source as (

    select * from {{ page_results('provider_costs', 'openai', 'start_time', 'end_time', fields) }}

),

checked as (

    select
        *,
        {{ reject_reason(
            [
                ["bucket_start is null", "'the bucket has no start_time'"],
                ["bucket_end is null", "'the bucket has no end_time'"],
                [
                    "object is not null and object != 'organization.costs.result'",
                    "'not a costs result: object is ' || left(" ~ masked('object') ~ ", 60)",
                ],
                ["amount_value is null", "'amount.value is missing'"],
                ["amount_currency is null", "'amount.currency is missing'"],
            ]
            + unix_seconds_checks(['bucket_start', 'bucket_end'])
            + amount_checks(['amount_value'])
            + type_checks(['quantity'], 'decimal(38, 12)', 'a number')
        ) }} as _reject_reason
    from source

),

renamed as (

    select
        ---------- ids
        'openai' as provider,
        account_id,
        cast(null as varchar) as invoice_id,  -- the report names no invoice

        ---------- timestamps
        cast(date_trunc('month', {{ unix_seconds('bucket_start') }}) as date) as billing_period_start,
        {{ unix_seconds('bucket_start') }} as charge_start_at,
        {{ unix_seconds('bucket_end') }} as charge_end_at,

        ---------- strings
        case when try_cast(amount_value as decimal(38, 12)) < 0 then 'credit' else 'usage' end as line_type,
        {{ masked_name("nullif(regexp_extract(line_item, '" ~ token_line ~ "', 1), '')") }} as model,
        case regexp_extract(line_item, '{{ token_line }}', 2)
            when 'input' then 'input'
            when 'cached input' then 'cache_read'
            when 'cache write' then 'cache_write_5m'  -- the default lifetime: the text names none
            when 'output' then 'output'
            when 'audio input' then 'input_audio'
            when 'audio output' then 'output_audio'
            when 'image input' then 'input_image'
        end as meter,

        ---------- numerics
        try_cast(quantity as decimal(38, 12)) as quantity,
        {{ masked_name('quantity_unit') }} as unit,
        try_cast(amount_value as decimal(38, 12)) as billed_amount,
        upper({{ masked_name('amount_currency') }}) as currency,
        cast(null as decimal(38, 12)) as pricing_amount,  -- prices and bill are in one currency
        cast(null as varchar) as pricing_currency,

        ---------- strings
        {{ masked('coalesce(api_key_id, project_id)') }} as key_or_project_id,
        {{ grouped_by(['line_item', 'project_id', 'api_key_id', 'user_id']) }} as grouped_by,
        {{ masked('line_item') }} as description,

        ---------- provenance
        _source_file,
        _source_row,
        _source_item,
        _file_version,
        _reject_reason,
        {{ rejected_text(may_hold_prompts=false) }} as _rejected_record
    from checked

)

select * from renamed
