{{ config(enabled = 'anthropic' in var('formats').get('provider_costs', [])) }}

{%- set fields = {
    'amount': '$.amount',
    'currency': '$.currency',
    'cost_type': '$.cost_type',
    'token_type': '$.token_type',
    'description': '$.description',
    'model': '$.model',
    'workspace_id': '$.workspace_id',
} %}

with

semantics as (

    select
        is_cache_read_in_input,
        is_cache_write_in_input,
        is_reasoning_in_output,
        usd_per_money_unit
    from {{ ref('usage_semantics') }}
    where entity = 'provider_costs' and format = 'anthropic'

),

source as (

    select
        results.*,
        semantics.*
    from {{ page_results('provider_costs', 'anthropic', 'starting_at', 'ending_at', fields) }} as results
    cross join semantics

),

checked as (

    select
        *,
        {{ reject_reason(
            [
                ["bucket_start is null", "'the bucket has no starting_at'"],
                ["bucket_end is null", "'the bucket has no ending_at'"],
            ]
            + required_checks(['amount', 'currency'])
            + type_checks(['bucket_start', 'bucket_end'], 'timestamptz', 'an RFC 3339 time')
            + type_checks(['amount'], 'decimal(24, 10)', 'a number of cents')
        ) }} as _reject_reason
    from source

),

renamed as (

    select
        ---------- ids
        'anthropic' as provider,
        account_id,
        cast(null as varchar) as invoice_id,  -- the report names no invoice

        ---------- timestamps
        cast(date_trunc('month', {{ utc('bucket_start') }}) as date) as billing_period_start,
        {{ utc('bucket_start') }} as charge_start_at,
        {{ utc('bucket_end') }} as charge_end_at,

        ---------- strings
        case when try_cast(amount as decimal(28, 10)) < 0 then 'credit' else 'usage' end as line_type,
        {{ masked_name('model') }} as model,
        case
            when cost_type = 'web_search' then 'web_search'
            when token_type = 'uncached_input_tokens' then 'input'
            when token_type = 'cache_read_input_tokens' then 'cache_read'
            when token_type = 'cache_creation.ephemeral_5m_input_tokens' then 'cache_write_5m'
            when token_type = 'cache_creation.ephemeral_1h_input_tokens' then 'cache_write_1h'
            when token_type = 'output_tokens' then 'output'
        end as meter,

        ---------- numerics
        cast(null as decimal(38, 12)) as quantity,  -- the report has amounts only
        cast(null as varchar) as unit,
        cast(try_cast(amount as decimal(28, 10)) * usd_per_money_unit as decimal(38, 12)) as billed_amount,
        upper({{ masked_name('currency') }}) as currency,
        cast(null as decimal(38, 12)) as pricing_amount,  -- prices and bill are in one currency
        cast(null as varchar) as pricing_currency,

        ---------- strings
        {{ masked('workspace_id') }} as key_or_project_id,
        {{ grouped_by(['workspace_id', 'description']) }} as grouped_by,
        {{ masked('description') }} as description,

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
