{{ config(materialized='view') }}

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
    coalesce(billing_account_id, 'default') as payer_id
from {{ ref('int_cloud_lines__classified') }}
-- A line of neither money nor quantity (Azure's amortized view) is none.
where provider is not null and not is_second_view and not (billed_amount = 0 and quantity is null)
