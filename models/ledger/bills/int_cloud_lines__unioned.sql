{{ config(materialized='view') }}

{%- set columns = cloud_line_columns() %}

with

lines as (

    {% for format in var('formats').get('cloud_billing', []) %}
    select
        {{ typed_columns(columns) }},
        '{{ format }}' as format,
        {{ loop.index }} as format_rank
    from {{ ref('stg_cloud_billing_' ~ format ~ '__lines') }}
    where _reject_reason is null
    {{ 'union all' if not loop.last }}
    {% else %}
    select
        {{ typed_columns(columns, is_empty=true) }},
        cast(null as string) as format,
        0 as format_rank
    where 1 = 0
    {% endfor %}

)

select
    *,
    -- What says what a line is for; concat_ws would leave out what is null.
    coalesce(cloud, '') || '|' || coalesce(service_name, '') || '|' || coalesce(service_category, '') || '|'
    || coalesce(sku_meter, '') || '|' || coalesce(charge_description, '') || '|' || coalesce(resource_type, '') || '|'
    || coalesce(instance_type, '') as sku_key,
    -- FOCUS writes an Azure account with its path.
    regexp_replace(lower(billing_account_id), '^.*/', '') as account_key
from lines
