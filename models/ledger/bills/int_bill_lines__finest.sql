{{ config(materialized='view') }}

with

-- How a report groups a day: the dimensions of the row that names most. A null in another row of the file is a value
-- (the default workspace), not another grouping.
grouped as (

    select
        *,
        max({{ grouping_of('grouped_by') }}) over (
            partition by is_report, provider, account_id, charge_start_at, _source_file
        ) as grouping
    from {{ ref('int_bill_lines__unioned') }}

),

-- Two reports that group one day differently are two views of the same money: the finer one counts.
compared as (

    select
        *,
        max(grouping) over (partition by is_report, provider, account_id, charge_start_at) as finest_grouping
    from grouped

)

select * from compared
where not is_report or grouping = finest_grouping
