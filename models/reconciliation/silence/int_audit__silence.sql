{#- What a source looked like over these days says what to expect of it. -#}
{%- set window_days = 28 %}

with

period as (

    select * from {{ ref('int_audit__period') }}

),

-- The days on which each source of a provider said something: its traces, its usage export, its daily bill.
reported as (

    select
        'traces' as source,
        provider,
        request_date as report_date,
        sum(attempt_cost_usd) as cost_usd
    from {{ ref('fct_attempts') }}
    where provider != 'self_hosted'
    group by
        provider,
        request_date
    union all
    select
        'usage export' as source,
        provider,
        usage_date as report_date,
        sum(usage_cost_usd) as cost_usd
    from {{ ref('int_provider_usage__costed') }}
    group by
        provider,
        usage_date
    union all
    select
        'bill' as source,
        provider,
        charge_date as report_date,
        sum(billed_usd) as cost_usd
    from {{ ref('int_billing__lines') }}
    where line_type = 'usage' and not is_longer_than_a_day
    group by
        provider,
        charge_date

),

-- Traces give the audit date. Where all of them are silent, reports that go on say so.
clock as (

    select
        {{ 'min(period.audit_date)' if var('audit_date') else 'greatest(min(period.audit_date), max(reported.report_date))' }}
            as as_of_date
    from reported
    cross join period
    where {{ days_between('period.audit_date', 'reported.report_date') }} < {{ window_days }}

),

until_audit as (

    select
        reported.source,
        reported.provider,
        reported.report_date,
        reported.cost_usd,
        clock.as_of_date,
        max(reported.report_date) over (partition by reported.source, reported.provider) as last_date,
        lag(reported.report_date) over (
            partition by reported.source, reported.provider
            order by reported.report_date
        ) as previous_date
    from reported
    cross join clock
    where reported.report_date <= clock.as_of_date

),

recent as (

    select
        *,
        {{ days_between('previous_date', 'report_date') }} - 1 as silent_before
    from until_audit
    where {{ days_between('report_date', 'last_date') }} < {{ window_days }}

),

sources as (

    select
        source,
        provider,
        last_date,
        {{ days_between('last_date', 'as_of_date') }} as silent_days,
        count(*) as report_days,
        coalesce(max(case when {{ days_between('previous_date', 'last_date') }} < {{ window_days }} then silent_before end), 0)
            as usual_silent_days,
        cast(sum(cost_usd) / count(*) as decimal(38, 12)) as usd_per_day
    from recent
    group by
        source,
        provider,
        last_date,
        {{ days_between('last_date', 'as_of_date') }}

)

-- After four weeks without a word a source has ended, it is not late.
select
    source,
    provider,
    last_date,
    silent_days,
    usual_silent_days,
    greatest(silent_days - usual_silent_days, 0) as late_days,
    cast(usd_per_day * greatest(silent_days - usual_silent_days, 0) as decimal(38, 12)) as late_usd
from sources
where report_days >= 7 and silent_days < {{ window_days }}
