{{ config(materialized='view') }}

{%- set columns = {
    'provider': 'string',
    'account_id': 'string',
    'invoice_id': 'string',
    'billing_period_start': 'date',
    'charge_start_at': 'timestamp', 'charge_end_at': 'timestamp',
    'line_type': 'string',
    'model': 'string',
    'meter': 'string',
    'quantity': 'decimal(38, 12)',
    'unit': 'string',
    'billed_amount': 'decimal(38, 12)', 'currency': 'string',
    'pricing_amount': 'decimal(38, 12)', 'pricing_currency': 'string',
    'key_or_project_id': 'string',
    'grouped_by': 'string',
    'description': 'string',
    '_source_file': 'string', '_source_row': 'bigint', '_source_item': 'bigint',
} %}

{% for format in var('formats').get('provider_costs', []) %}
select
    {{ typed_columns(columns) }},
    {{ 'false' if format == 'generic_invoice' else 'true' }} as is_report
from {{ ref('stg_provider_costs_' ~ format ~ '__lines') }}
where _reject_reason is null
{{ 'union all' if not loop.last }}
{% else %}
select
    {{ typed_columns(columns, is_empty=true) }},
    false as is_report
where 1 = 0
{% endfor %}
