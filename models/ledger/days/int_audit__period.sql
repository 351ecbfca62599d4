with

traced as (

    select request_date as business_date
    from {{ ref('fct_attempts') }}
    union all
    select cost_date as business_date
    from {{ ref('int_gpu_costs__daily') }}

),

-- Where nothing was traced, bills say which days there are.
dates as (

    select business_date from traced
    union all
    select lines.charge_date as business_date
    from {{ ref('int_billing__lines') }} as lines
    where not exists (select 1 from traced)

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

),

days_with_data as (

    select
        months.current_month,
        sum(case when days.business_date >= months.current_month then 1 else 0 end) as current_days,
        sum(case when days.business_date < months.current_month then 1 else 0 end) as previous_days
    from months
    inner join days on days.business_date >= months.previous_month and days.business_date <= months.audit_date
    group by months.current_month

)

-- Monthly findings speak of the latest complete month, so that they do not start from nothing on the first of a month.
-- Where the data begin in the month before, or have nothing of it, they speak of the month that has more days.
select
    months.audit_date,
    case
        when months.audit_date = months.last_day_of_month then months.current_month
        when months.first_date <= months.previous_month and days_with_data.previous_days > 0 then months.previous_month
        when days_with_data.previous_days >= days_with_data.current_days then months.previous_month
        else months.current_month
    end as audit_month,
    months.first_date,
    months.last_date
from months
left join days_with_data on months.current_month = days_with_data.current_month
