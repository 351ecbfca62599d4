with

periods as (

    select * from {{ ref('int_commitments__periods') }}

),

attempts as (

    select
        *,
        cast(date_trunc('month', requested_at) as date) as month
    from {{ ref('fct_attempts') }}
    where provider != 'self_hosted'

),

lines as (

    select
        *,
        cast(date_trunc('month', charge_start_at) as date) as charge_month,
        cast(charge_start_at as date) as first_day,
        cast(charge_end_at as date) as end_day
    from {{ ref('int_billing__lines') }}
    where line_type = 'commitment'

),

months as (

    select month from attempts
    union
    select charge_month as month from lines

),

calendar as (

    select
        months.month,
        cast(months.month + interval '1' month as date) as next_month,
        -- A month that is not over counts to the last day of the data.
        least(
            cast(months.month + interval '1' month as date),
            coalesce(cast(period.last_date + interval '1' day as date), cast(months.month + interval '1' month as date))
        ) as counted_until
    from months
    cross join {{ ref('int_audit__period') }} as period

),

running as (

    select
        calendar.month,
        periods.*,
        {{ days_between(
            'greatest(periods.effective_from, calendar.month)', 'least(periods.effective_until, calendar.counted_until)'
        ) }} * 24 as hours
    from calendar
    inner join periods
        on periods.effective_from < calendar.counted_until and periods.effective_until > calendar.month

),

held as (

    select
        month,
        provider,
        commitment_id,
        kind,
        model,
        sum(units * hours) as unit_hours,
        sum(units * hours * 60 * tokens_per_minute_per_unit) as capacity_tokens,
        -- Of two decimals of 38 digits DuckDB's case takes the one with fewer places: give this one as many as bills have.
        cast(sum(units * hours * usd_per_unit_hour) as decimal(38, 12)) as agreed_usd
    from running
    where hours > 0
    group by
        month,
        provider,
        commitment_id,
        kind,
        model

),

-- By the terms of the day of the request. An output token, or a cached one, may count as more or less than one.
served as (

    select
        attempts.month,
        attempts.provider,
        attempts.commitment_id,
        sum(
            {{ all_tokens(of='attempts') }}
        ) as served_tokens,
        sum(
            {{ all_tokens(without=['cache_read', 'output'], of='attempts') }}
            + attempts.cache_read_tokens * periods.cache_read_token_weight
            + attempts.output_tokens * periods.output_token_weight
        ) as used_capacity_tokens,
        sum(attempts.attempt_cost_usd) as on_demand_cost_usd,
        max(case when attempts.pricing_status = 'unpriced' then 1 else 0 end) = 1 as has_unpriced
    from attempts
    inner join periods
        on
            attempts.provider = periods.provider
            and attempts.commitment_id = periods.commitment_id
            and attempts.requested_at >= periods.effective_from
            and attempts.requested_at < periods.effective_until
    group by
        attempts.month,
        attempts.provider,
        attempts.commitment_id

),

-- A charge for more than its month (a year paid in advance) is spread by day over the time that it is for.
parts as (

    select
        lines.provider,
        lines.commitment_id,
        lines.charge_month,
        calendar.month,
        lines.billed_usd,
        case
            when lines.end_day is null or lines.end_day <= calendar.next_month and lines.charge_month = calendar.month
                then lines.billed_usd
            else
                cast(
                    lines.billed_usd * {{ days_between(
                        'greatest(lines.first_day, calendar.month)', 'least(lines.end_day, calendar.next_month)'
                    ) }} / {{ days_between('lines.first_day', 'lines.end_day') }} as decimal(38, 12)
                )
        end as cost_usd
    from lines
    inner join calendar
        on
            lines.charge_month = calendar.month
            or (lines.charge_month < calendar.month and lines.end_day > calendar.month)

),

-- A line without an exchange rate leaves the cost unknown, rather than too small.
billed as (

    select
        month,
        provider,
        commitment_id,
        sum(case when charge_month = month then billed_usd end) as billed_usd,
        case when count(cost_usd) = count(*) then sum(cost_usd) end as cost_usd
    from parts
    group by
        month,
        provider,
        commitment_id

),

listed as (

    select distinct
        provider,
        commitment_id,
        kind,
        model
    from periods

),

keys as (

    select
        month,
        provider,
        commitment_id
    from held
    union
    select
        month,
        provider,
        commitment_id
    from served
    union
    select
        month,
        provider,
        commitment_id
    from billed

),

-- Without any trace of the provider nobody knows what its commitments served.
traced as (

    select distinct
        provider,
        month
    from attempts

)

select
    keys.month,
    keys.provider,
    keys.commitment_id,
    listed.kind,
    listed.model,
    listed.commitment_id is not null as is_in_seed,
    calendar.counted_until = calendar.next_month as is_month_over,
    traced.provider is not null as is_provider_traced,
    cast(held.unit_hours as decimal(38, 12)) as unit_hours,
    cast(held.capacity_tokens as decimal(38, 6)) as capacity_tokens,
    cast(coalesce(served.served_tokens, 0) as bigint) as served_tokens,
    cast(coalesce(served.used_capacity_tokens, 0) as decimal(38, 6)) as used_capacity_tokens,
    cast(billed.billed_usd as decimal(38, 12)) as billed_usd,
    cast(held.agreed_usd as decimal(38, 12)) as agreed_usd,
    cast(case when billed.commitment_id is not null then billed.cost_usd else held.agreed_usd end as decimal(38, 12))
        as commitment_cost_usd,
    case
        when billed.commitment_id is not null then 'bill'
        when held.agreed_usd is not null then 'seed'
        else 'none'
    end as cost_source,
    cast(case when not coalesce(served.has_unpriced, false) then coalesce(served.on_demand_cost_usd, 0) end as decimal(38, 12))
        as on_demand_cost_usd
from keys
inner join calendar on keys.month = calendar.month
left join listed on keys.provider = listed.provider and keys.commitment_id = listed.commitment_id
left join held
    on keys.month = held.month and keys.provider = held.provider and keys.commitment_id = held.commitment_id
left join served
    on keys.month = served.month and keys.provider = served.provider and keys.commitment_id = served.commitment_id
left join billed
    on keys.month = billed.month and keys.provider = billed.provider and keys.commitment_id = billed.commitment_id
left join traced on keys.month = traced.month and keys.provider = traced.provider
