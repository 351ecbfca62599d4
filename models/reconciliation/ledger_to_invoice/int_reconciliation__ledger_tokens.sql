with

grains as (

    select * from {{ ref('int_reconciliation__grains') }}

),

attempts as (

    select
        attempts.*,
        cast(attempts.requested_at as date) as charge_date,
        cast(date_trunc('month', attempts.requested_at) as date) as month
    from {{ ref('fct_attempts') }} as attempts
    where
        attempts.provider != 'self_hosted'
        and attempts.pricing_status in ('priced', 'unpriced')
        and attempts.commitment_id is null

),

by_day as (

    select
        attempts.provider,
        attempts.month,
        case when grains.is_monthly then attempts.month else attempts.charge_date end as period_start,
        case when grains.is_over_all_models then 'all' else attempts.model end as model,
        attempts.service_tier,
        grains.is_over_all_meters,
        {%- for meter in whole_token_meters() %}
        sum(attempts.{{ meter.usage }}) as {{ meter.meter }}_tokens,
        sum(case when attempts.pricing_status = 'unpriced' then attempts.{{ meter.usage }} else 0 end)
            as {{ meter.meter }}_unpriced_tokens,
        {%- endfor %}
        sum(attempts.input_cost_usd) as input_cost_usd,
        sum(attempts.cache_read_cost_usd) as cache_read_cost_usd,
        sum(attempts.cache_write_cost_usd) as cache_write_cost_usd,
        sum(attempts.output_cost_usd) as output_cost_usd
    from attempts
    inner join grains on attempts.provider = grains.provider and attempts.month = grains.month
    group by
        attempts.provider,
        attempts.month,
        case when grains.is_monthly then attempts.month else attempts.charge_date end,
        case when grains.is_over_all_models then 'all' else attempts.model end,
        attempts.service_tier,
        grains.is_over_all_meters

),

by_meter as (

    {%- for meter in whole_token_meters() %}
    select
        provider,
        month,
        period_start,
        model,
        service_tier,
        '{{ meter.meter }}' as meter,
        '{{ meter.cost }}' as cost_group,
        {{ meter.meter }}_tokens as tokens,
        {{ meter.meter }}_unpriced_tokens as unpriced_tokens,
        {{ meter.cost }}_cost_usd as group_cost_usd
    from by_day
    where {{ meter.meter }}_tokens > 0 and not is_over_all_meters
    union all
    {%- endfor %}
    select
        provider,
        month,
        period_start,
        model,
        service_tier,
        'all' as meter,
        'all' as cost_group,
        {% for meter in whole_token_meters() %}{{ meter.meter }}_tokens{{ ' + ' if not loop.last }}{% endfor %} as tokens,
        {% for meter in whole_token_meters() %}{{ meter.meter }}_unpriced_tokens{{ ' + ' if not loop.last }}{% endfor %}
            as unpriced_tokens,
        input_cost_usd + cache_read_cost_usd + cache_write_cost_usd + output_cost_usd as group_cost_usd
    from by_day
    where is_over_all_meters

),

-- What the group of meters would cost at the sheet's ordinary prices.
at_sheet as (

    select
        by_meter.*,
        prices.usd_per_token as sheet_usd_per_token,
        cast(
            sum((by_meter.tokens - by_meter.unpriced_tokens) * prices.usd_per_token) over (
                partition by
                    by_meter.provider, by_meter.period_start, by_meter.model, by_meter.service_tier, by_meter.cost_group
            ) as decimal(38, 12)
        ) as group_sheet_usd,
        sum(by_meter.tokens - by_meter.unpriced_tokens) over (
            partition by by_meter.provider, by_meter.period_start, by_meter.model, by_meter.service_tier, by_meter.cost_group
        ) as group_priced_tokens
    from by_meter
    left join {{ ref('int_reconciliation__sheet_prices') }} as prices
        on
            by_meter.provider = prices.provider
            and by_meter.model = prices.model
            and by_meter.service_tier = prices.service_tier
            and by_meter.meter = prices.meter
            and by_meter.period_start >= prices.effective_from
            and by_meter.period_start < prices.effective_until

)

select
    provider,
    month,
    period_start,
    model,
    service_tier,
    meter,
    cast(tokens as decimal(38, 6)) as tokens,
    cast(unpriced_tokens as decimal(38, 6)) as unpriced_tokens,
    -- What the ledger charged a token: the sheet's price, or the mean where context, place or hour changed it.
    cast(
        case
            when group_priced_tokens = 0 then sheet_usd_per_token
            when abs(group_cost_usd - group_sheet_usd) < 0.000001 then sheet_usd_per_token
            when group_sheet_usd > 0 then sheet_usd_per_token * cast(group_cost_usd / group_sheet_usd as decimal(18, 12))
            else group_cost_usd / nullif(group_priced_tokens, 0)
        end as decimal(18, 15)
    ) as usd_per_token
from at_sheet
