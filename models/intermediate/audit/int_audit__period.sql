with

dates as (

    select request_date as business_date
    from {{ ref('int_attempts__priced') }}
    union all
    select cost_date as business_date
    from {{ ref('int_gpu_costs__daily') }}

),

days as (

    select
        business_date,
        count(*) as row_count
    from dates
    group by business_date

),

-- A handful of rows a month or more beyond all others is a wrong clock, not the future: it must not move the audit.
beyond as (

    select
        business_date,
        {{ days_between('lag(business_date) over (order by business_date)', 'business_date') }} as days_since_last,
        sum(row_count) over (order by business_date desc) as rows_from_here,
        sum(row_count) over () as all_rows
    from days

),

wrong_clock as (

    select min(business_date) as first_wrong_date
    from beyond
    where days_since_last > 31 and rows_from_here * 1000 < all_rows

),

bounds as (

    select
        min(days.business_date) as first_date,
        max(days.business_date) as last_date,
        coalesce(cast(nullif('{{ var("audit_date") }}', '') as date), max(days.business_date)) as audit_date
    from days
    cross join wrong_clock
    where wrong_clock.first_wrong_date is null or days.business_date < wrong_clock.first_wrong_date

),

months as (

    select
        *,
        cast(date_trunc('month', audit_date) as date) as current_month,
        cast(date_trunc('month', audit_date) - interval '1' month as date) as previous_month,
        cast(date_trunc('month', audit_date) + interval '1' month - interval '1' day as date) as last_day_of_month
    from bounds

)

-- Monthly findings speak of the latest complete month, so that they do not start from nothing on the first of a month.
-- Where the data begin late in the month before, they speak of the month that has more days.
select
    audit_date,
    case
        when audit_date = last_day_of_month then current_month
        when
            {{ days_between('greatest(first_date, previous_month)', 'current_month') }}
            >= {{ days_between('current_month', 'audit_date') }} + 1
            then previous_month
        else current_month
    end as audit_month,
    first_date,
    last_date
from months
