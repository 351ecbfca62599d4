select
    canonical_provider as provider,
    account_id,
    invoice_id,
    coalesce(billing_period_start, cast(date_trunc('month', charge_start_at) as date)) as billing_period_start,
    -- A correction stands in the month whose bill brings it, so that a closed month stays as it was closed.
    cast(
        date_trunc('month', coalesce(case when line_type = 'correction' then billing_period_start end, charge_start_at)) as date
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
    pricing_usd,
    key_or_project_id,
    description,
    charge_kind,
    commitment_id,
    _source_file,
    _source_row,
    _source_item
from {{ ref('int_bill_lines__converted') }}
