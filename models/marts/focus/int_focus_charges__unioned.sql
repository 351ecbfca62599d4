{{ config(materialized='view') }}

{#- What a charge states, with types: the columns of FOCUS follow from it. -#}
{%- set columns = {
    'charge_kind': 'string',
    'starts_on': 'date',
    'is_monthly': 'boolean',
    'provider': 'string',
    'model': 'string',
    'meter': 'string',
    'token_class': 'string',
    'description': 'string',
    'service_tier': 'string',
    'inference_geo': 'string',
    'region_multiplier': 'decimal(9, 6)',
    'pool_id': 'string',
    'purchase': 'string',
    'team_id': 'string',
    'feature_name': 'string',
    'route_id': 'string',
    'pricing_status': 'string',
    'price_source': 'string',
    'price_id': 'string',
    'sku_id': 'string',
    'sku_price_id': 'string',
    'quantity': 'decimal(38, 12)',
    'unit': 'string',
    'list_unit_price': 'decimal(38, 12)',
    'unit_price': 'decimal(38, 12)',
    'list_usd': 'decimal(38, 12)',
    'cost_usd': 'decimal(38, 12)',
    'residual_class': 'string',
    'evidence': 'string',
} %}
{#- What each kind of charge states; the rest is null. -#}
{%- set of_all = ['charge_kind', 'starts_on', 'is_monthly', 'provider', 'description', 'list_usd', 'cost_usd'] %}
{%- set of_use = [
    'model', 'meter', 'team_id', 'pricing_status', 'price_source', 'sku_id', 'sku_price_id', 'quantity', 'unit',
    'list_unit_price', 'unit_price',
] %}
{%- set kinds = {
    'usage__charged': of_all + of_use + [
        'token_class', 'service_tier', 'inference_geo', 'region_multiplier', 'feature_name', 'route_id', 'price_id',
    ],
    'gpu_hours__charged': of_all + of_use + ['pool_id', 'purchase'],
    'pools__billed': of_all,
    'residuals__charged': of_all + ['residual_class', 'evidence'],
} %}

{% for kind, stated in kinds.items() %}
{%- set typed = [] %}
{%- for column, type in columns.items() %}
{%- do typed.append('cast(' ~ (column if column in stated else 'null') ~ ' as ' ~ type ~ ') as ' ~ column) %}
{%- endfor %}
select
    {{ typed | join(',\n    ') }}
from {{ ref('int_focus_' ~ kind) }}
{{ 'union all' if not loop.last }}
{% endfor %}
