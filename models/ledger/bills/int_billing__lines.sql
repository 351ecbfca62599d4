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
    'pricing_amount': 'decimal(38, 12)',
    'pricing_currency': 'string',
    'key_or_project_id': 'string',
    'grouped_by': 'string',
    'description': 'string',
    '_source_file': 'string',
    '_source_row': 'bigint',
    '_source_item': 'bigint',
} %}
{%- set identity = [
    'provider', 'account_id', 'own_invoice_id', 'charge_start_at', 'charge_end_at', 'line_type', 'model', 'meter',
    'key_or_project_id', 'description', 'exported_at', 'payer_id',
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
            when lower(charge_category) = 'purchase' or charge_kind = 'ai_commitment' then 'commitment'
            else 'usage'
        end as line_type,
        -- A cloud's own name for the model ('Claude4.6Sonnet') is in int_cloud_lines__classified: it matches no trace.
        cast(null as string) as model,
        meter,
        quantity,
        unit,
        billed_amount,
        currency,
        pricing_amount,
        pricing_currency,
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
        coalesce(billing_account_id, 'default') as payer_id,
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
        cast(null as string) as payer_id,
        _source_file as delivery_name
    from provider_lines
    union all
    select * from cloud_lines

),

named as (

    select
        coalesce(providers.provider, lines.provider) as canonical_provider,
        lines.*,
        -- A cloud writes the invoice's number into lines that it delivered before without.
        case when lines.payer_id is null then lines.invoice_id end as own_invoice_id,
        -- What is delivered again as a whole: the day of a report, a payer's month of a cloud bill, an invoice.
        case
            when lines.is_report then concat_ws('|', lines.provider, lines.account_id, cast(lines.charge_start_at as string))
            when lines.payer_id is not null then concat_ws('|', lines.payer_id, cast(lines.billing_period_start as string))
            else
                concat_ws(
                    '|', lines.provider, lines.account_id, lines.invoice_id, cast(lines.billing_period_start as string)
                )
        end as period
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

-- The newest delivery is the one of the latest folder delivered=, then the one whose name sorts last.
deliveries as (

    select
        *,
        row_number() over (
            partition by {{ identity | join(', ') }}, occurrence
            order by {{ delivered_on('_source_file') }} desc, delivery_name desc
        ) as delivery
    from occurrences

),

-- A period delivered again is replaced as a whole, so that a line that vanished leaves. A newer delivery is of the same
-- period and scope when it has a line of the older one: any line of a report, whose days come whole; half of the lines of
-- an invoice or a cloud bill, which may come in several files that share a line by chance.
restated as (

    select
        *,
        sum(case when delivery > 1 then 1 else 0 end) over whole_period as restated_line_count,
        count(*) over whole_period as line_count
    from deliveries
    window whole_period as (partition by is_report, payer_id is null, period, delivery_name)

),

newest_lines as (

    select * from restated
    where
        delivery = 1
        and not case when is_report then restated_line_count > 0 else restated_line_count * 2 >= line_count end

),

-- How the bill names what the seed commitments knows: by resource or text. The longest pattern that fits counts. Tokens on
-- the same resource stay usage.
commitment_candidates as (

    select distinct
        newest_lines.canonical_provider,
        coalesce(newest_lines.key_or_project_id, '') as key_text,
        coalesce(newest_lines.description, '') as description_text,
        commitments.commitment_id,
        length(commitments.bill_pattern) as pattern_length
    from newest_lines
    inner join {{ ref('commitments') }} as commitments
        on
            newest_lines.canonical_provider = commitments.provider
            and (
                lower(newest_lines.key_or_project_id) like lower(commitments.bill_pattern)
                or lower(newest_lines.description) like lower(commitments.bill_pattern)
            )

),

commitment_names as (

    select
        *,
        row_number() over (
            partition by canonical_provider, key_text, description_text
            order by pattern_length desc, commitment_id
        ) as preference
    from commitment_candidates

),

committed as (

    select
        newest_lines.*,
        case
            when newest_lines.line_type not in ('usage', 'fee', 'commitment') then null
            when newest_lines.meter is not null or lower(newest_lines.unit) like '%token%' then null
            else commitment_names.commitment_id
        end as listed_commitment_id
    from newest_lines
    left join commitment_names
        on
            newest_lines.canonical_provider = commitment_names.canonical_provider
            and coalesce(newest_lines.key_or_project_id, '') = commitment_names.key_text
            and coalesce(newest_lines.description, '') = commitment_names.description_text
            and commitment_names.preference = 1

),

current_lines as (

    select
        *,
        case when listed_commitment_id is not null then 'commitment' else line_type end as charge_type,
        case
            when listed_commitment_id is not null then listed_commitment_id
            when line_type = 'commitment' then coalesce(key_or_project_id, description, 'unnamed')
        end as commitment_id
    from committed

),

-- A rate holds from its day until the next: a charge meets the rate of the day on which it starts.
rates as (

    select
        upper(currency) as currency,
        rate_date as effective_from,
        coalesce(
            lead(rate_date) over (partition by upper(currency) order by rate_date), date '9999-12-31'
        ) as effective_until,
        usd_per_unit
    from {{ ref('fx_rates') }}

),

converted as (

    select
        current_lines.*,
        case when current_lines.currency = 'USD' then 1 else rates.usd_per_unit end as usd_per_unit,
        case
            when current_lines.currency = 'USD' then cast(current_lines.billed_amount as decimal(38, 12))
            else {{ at_rate('current_lines.billed_amount', 'rates.usd_per_unit') }}
        end as billed_usd,
        -- An amount of zero for a charge that is not zero states nothing; nor does one in the currency of the bill.
        case
            when current_lines.pricing_currency = current_lines.currency or current_lines.pricing_amount = 0 then null
            when current_lines.pricing_currency = 'USD' then cast(current_lines.pricing_amount as decimal(38, 12))
            else {{ at_rate('current_lines.pricing_amount', 'pricing_rates.usd_per_unit') }}
        end as stated_pricing_usd
    from current_lines
    left join rates
        on
            current_lines.currency = rates.currency
            and current_lines.charge_start_at >= rates.effective_from
            and current_lines.charge_start_at < rates.effective_until
    left join rates as pricing_rates
        on
            current_lines.pricing_currency = pricing_rates.currency
            and current_lines.charge_start_at >= pricing_rates.effective_from
            and current_lines.charge_start_at < pricing_rates.effective_until

)

select
    canonical_provider as provider,
    account_id,
    invoice_id,
    coalesce(billing_period_start, cast(date_trunc('month', charge_start_at) as date)) as billing_period_start,
    -- A correction stands in the month whose bill brings it, so that a closed month stays as it was closed.
    cast(
        date_trunc(
            'month',
            case when line_type = 'correction' then coalesce(billing_period_start, charge_start_at) else charge_start_at end
        ) as date
    ) as month,
    charge_start_at,
    charge_end_at,
    cast(charge_start_at as date) as charge_date,
    charge_end_at > charge_start_at + interval '25' hour as is_longer_than_a_day,
    charge_type as line_type,
    model,
    meter,
    quantity,
    unit,
    billed_amount,
    currency,
    cast(usd_per_unit as decimal(18, 12)) as usd_per_unit,
    billed_usd,
    pricing_amount,
    pricing_currency,
    case when billed_usd is not null then coalesce(stated_pricing_usd, billed_usd) end as pricing_usd,
    key_or_project_id,
    description,
    charge_kind,
    commitment_id,
    _source_file,
    _source_row,
    _source_item
from converted
