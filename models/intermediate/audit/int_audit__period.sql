with

dates as (

    select request_date as business_date
    from {{ ref('int_attempts__priced') }}
    union all
    select cost_date as business_date
    from {{ ref('int_gpu_costs__daily') }}

),

bounds as (

    select
        min(business_date) as first_date,
        max(business_date) as last_date,
        coalesce(cast(nullif('{{ var("audit_date") }}', '') as date), max(business_date)) as audit_date
    from dates

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
select
    audit_date,
    case
        when audit_date = last_day_of_month then current_month
        when first_date < current_month then previous_month
        else current_month
    end as audit_month,
    first_date,
    last_date
from months
