{%- set columns = {
    'provider': 'string',
    'account_id': 'string',
    'invoice_id': 'string',
    'billing_period_start': 'date',
    'charge_start_at': 'timestamp',
    'charge_end_at': 'timestamp',
    'line_type': 'string',
    'model': 'string',
    'meter': 'string',
    'quantity': 'decimal(38, 12)',
    'unit': 'string',
    'billed_amount': 'decimal(38, 12)',
    'currency': 'string',
    'key_or_project_id': 'string',
    'grouped_by': 'string',
    'description': 'string',
    '_source_file': 'string',
    '_source_row': 'bigint',
    '_source_item': 'bigint',
} %}
{%- set identity = [
    'provider', 'account_id', 'invoice_id', 'charge_start_at', 'charge_end_at', 'line_type', 'model', 'meter',
    'key_or_project_id', 'description', 'exported_at', 'payer_account_id',
] %}
{%- set day = ['provider', 'account_id', 'charge_start_at'] %}

with

provider_lines as (

    {% for format in var('formats').get('provider_costs', []) %}
    select
        {{ typed_columns(columns) }},
        {{ 'false' if format == 'generic_invoice' else 'true' }} as is_report
    from {{ ref('stg_provider_costs_' ~ format ~ '__lines') }}
    where _reject_reason is null
    {% if not loop.last %}
    union all
    {% endif %}
    {% else %}
    select
        {{ typed_columns(columns, is_empty=true) }},
        false as is_report
    where 1 = 0
    {% endfor %}

),

-- Of a cloud bill only the AI part, once. A line of neither money nor quantity (Azure's amortized view) is none.
cloud_lines as (

    select
        provider,
        coalesce(sub_account_id, billing_account_id, 'default') as account_id,
        invoice_id,
        billing_period_start,
        charge_start_at,
        charge_end_at,
        case
            when lower(charge_class) = 'correction' then 'correction'
            when lower(charge_category) = 'tax' then 'tax'
            when lower(charge_category) = 'credit' then 'credit'
            when lower(charge_category) = 'adjustment' then 'correction'
            when lower(charge_category) = 'purchase' then 'commitment'
            else 'usage'
        end as line_type,
        -- A cloud's own name for the model ('Claude4.6Sonnet') is in int_cloud_lines__classified: it matches no trace.
        cast(null as string) as model,
        meter,
        quantity,
        unit,
        billed_amount,
        currency,
        coalesce(resource_id, sub_account_id) as key_or_project_id,
        cast(null as string) as grouped_by,
        case
            when lower(charge_category) = 'credit' then coalesce(charge_description, sku_meter)
            else coalesce(sku_meter, charge_description)
        end as description,
        _source_file,
        _source_row,
        _source_item,
        false as is_report,
        charge_kind,
        exported_at,
        billing_account_id as payer_account_id,
        {{ delivery_of('_source_file') }} as delivery_name
    from {{ ref('int_cloud_lines__classified') }}
    where
        provider is not null
        and not is_second_view
        and not (billed_amount = 0 and quantity is null)

),

lines as (

    select
        *,
        cast(null as string) as charge_kind,
        cast(null as timestamp) as exported_at,
        cast(null as string) as payer_account_id,
        _source_file as delivery_name
    from provider_lines
    union all
    select * from cloud_lines

),

named as (

    select
        coalesce(providers.provider, lines.provider) as canonical_provider,
        lines.*
    from lines
    left join {{ ref('provider_aliases') }} as providers on lines.provider = providers.alias

),

-- How a report groups a day: the dimensions of the row that names most. A null in another row of the file is a value
-- (the default workspace), not another grouping.
file_groupings as (

    select
        {{ day | join(',\n        ') }},
        _source_file,
        max({{ grouping_of('grouped_by') }}) as grouping
    from named
    where is_report
    group by
        {{ day | join(',\n        ') }},
        _source_file

),

-- Two reports that group one day differently are two views of the same money: the finer one counts.
finest as (

    select
        *,
        max(grouping) over (partition by {{ day | join(', ') }}) as finest_grouping
    from file_groupings

),

-- A line is what it is for, not its amount: delivered again with another amount, it is restated. The n-th line of a
-- file for one thing is the n-th of another delivery; within one file they are separate charges. The numbered parts that
-- a cloud splits an export into are one delivery.
occurrences as (

    select
        named.*,
        row_number() over (
            partition by {% for column in identity %}named.{{ column }}, {% endfor %}named.delivery_name
            order by named._source_file, named._source_row, named._source_item
        ) as occurrence
    from named
    left join finest
        on
            {% for column in day %}
            named.{{ column }} = finest.{{ column }} and
            {% endfor %}
            named._source_file = finest._source_file
    where not named.is_report or finest.grouping = finest.finest_grouping

),

-- The file whose name sorts last is the newest delivery.
deliveries as (

    select
        *,
        row_number() over (
            partition by {{ identity | join(', ') }}, occurrence
            order by delivery_name desc
        ) as delivery
    from occurrences

),

current_lines as (

    select * from deliveries
    where delivery = 1

),

rates as (

    select
        upper(currency) as currency,
        rate_date as effective_from,
        coalesce(
            lead(rate_date) over (partition by upper(currency) order by rate_date), date '9999-12-31'
        ) as effective_until,
        usd_per_unit
    from {{ ref('fx_rates') }}

)

select
    current_lines.canonical_provider as provider,
    current_lines.account_id,
    current_lines.invoice_id,
    coalesce(
        current_lines.billing_period_start, cast(date_trunc('month', current_lines.charge_start_at) as date)
    ) as billing_period_start,
    current_lines.charge_start_at,
    current_lines.charge_end_at,
    cast(current_lines.charge_start_at as date) as charge_date,
    current_lines.charge_end_at > current_lines.charge_start_at + interval '25' hour as is_longer_than_a_day,
    current_lines.line_type,
    current_lines.model,
    current_lines.meter,
    current_lines.quantity,
    current_lines.unit,
    current_lines.billed_amount,
    current_lines.currency,
    case
        when current_lines.currency = 'USD' then cast(current_lines.billed_amount as decimal(38, 12))
        else cast(cast(current_lines.billed_amount as decimal(20, 6)) * rates.usd_per_unit as decimal(38, 12))
    end as billed_usd,
    current_lines.key_or_project_id,
    current_lines.description,
    current_lines.charge_kind,
    current_lines._source_file,
    current_lines._source_row,
    current_lines._source_item
from current_lines
left join rates
    on
        current_lines.currency = rates.currency
        and current_lines.charge_start_at >= rates.effective_from
        and current_lines.charge_start_at < rates.effective_until
