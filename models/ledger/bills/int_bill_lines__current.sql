{{ config(materialized='view') }}

{%- set identity = 'provider, account_id, own_invoice_id, charge_start_at, charge_end_at, line_type, model, meter,
                key_or_project_id, description, exported_at, payer_id' %}

with

delivered as (

    select
        *,
        -- A cloud writes the invoice's number into lines that it delivered before without.
        case when payer_id is null then invoice_id end as own_invoice_id,
        -- What is delivered again as a whole: the day of a report, a payer's month of a cloud bill, an invoice.
        case
            when is_report then concat_ws('|', provider, account_id, cast(charge_start_at as string))
            when payer_id is not null then concat_ws('|', payer_id, cast(billing_period_start as string))
            else concat_ws('|', provider, account_id, invoice_id, cast(billing_period_start as string))
        end as period,
        -- The numbered parts that a cloud splits an export into are one delivery: AWS cur-00002.csv.gz, Google
        -- export-000000000001.json, Azure part_0_0001.csv.
        case
            when payer_id is null then _source_file
            else
                regexp_replace(
                    regexp_replace(_source_file, '-?0000[0-9]{8}[.][a-z0-9.]+$', ''),
                    '(-00[0-9]{3}|/part_[0-9]+_[0-9]+)[.][a-z0-9.]+$', ''
                )
        end as delivery_name
    from {{ ref('int_bill_lines__finest') }}

),

-- A line is what it is for, not its amount: delivered again with another amount, it is restated. The n-th line of a
-- file for one thing is the n-th of another delivery; within one file they are separate charges.
numbered as (

    select
        *,
        row_number() over (
            partition by
                {{ identity }}, delivery_name
            order by _source_file, _source_row, _source_item
        ) as occurrence
    from delivered

),

-- The newest delivery is the one of the latest folder delivered=, then the one whose name sorts last.
ranked as (

    select
        *,
        row_number() over (
            partition by
                {{ identity }}, occurrence
            order by {{ delivered_on('_source_file') }} desc, delivery_name desc
        ) as delivery
    from numbered

),

-- A period delivered again is replaced as a whole, so that a line that vanished leaves. A newer delivery is of the same
-- period and scope when it has a line of the older one: any line of a report, whose days come whole; half of the lines of
-- an invoice or a cloud bill, which may come in several files that share a line by chance.
restated as (

    select
        *,
        sum(case when delivery > 1 then 1 else 0 end) over whole_period as restated_line_count,
        count(*) over whole_period as line_count
    from ranked
    window whole_period as (partition by is_report, payer_id is null, period, delivery_name)

)

select * from restated
where
    delivery = 1
    and not case when is_report then restated_line_count > 0 else restated_line_count * 2 >= line_count end
