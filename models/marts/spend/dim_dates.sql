-- Whole months, so that metrics have a day to stand on wherever a mart has a month.
with

dated as (

    select date as dated_on
    from {{ ref('fct_cost_daily') }}
    union all
    select month as dated_on
    from {{ ref('fct_coverage_monthly') }}

),

months as (

    select
        cast(date_trunc('month', min(dated_on)) as timestamp) as first_hour_at,
        cast(date_trunc('month', max(dated_on)) as timestamp) + interval '1' month - interval '1' hour as last_hour_at
    from dated

),

hours as (

    select {{ each_hour('first_hour_at', 'last_hour_at') }} as hour_start_at
    from months

)

select distinct cast(hour_start_at as date) as date
from hours
