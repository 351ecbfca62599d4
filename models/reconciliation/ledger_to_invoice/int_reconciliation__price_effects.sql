{#- A ratio of two amounts is one ratio when it gives back the billed amount to this share of it. A text: Jinja writes
    the number as 5e-05, which is a double. -#}
{%- set same_ratio = '0.00005' %}

with

cells as (

    select
        *,
        min(case when is_off then period_start end) over (partition by provider, account_id, month) as first_off,
        min(case when is_off then period_start end) over (partition by provider, account_id, month, model) as model_first_off,
        min(period_start) over (partition by provider, account_id, month) as first_period
    from {{ ref('int_reconciliation__price_cells') }}

),

-- ---- One ratio over all that an account was billed: a contract. The ratio is the one that most dollars share.
account_ratios as (

    select
        provider,
        account_id,
        month,
        cast(sum(billed_usd) / nullif(sum(expected_usd), 0) as decimal(18, 9)) as ratio,
        row_number() over (
            partition by provider, account_id, month
            order by sum(expected_usd) desc, price_ratio
        ) as preference
    from cells
    where is_off and expected_usd > 0 and price_ratio is not null
    group by
        provider,
        account_id,
        month,
        price_ratio

),

since_first_off as (

    select
        cells.*,
        account_ratios.ratio,
        case
            when
                abs(cells.billed_usd - cells.expected_usd * account_ratios.ratio)
                <= cells.tolerance_usd + cells.expected_usd * {{ same_ratio }}
                then cells.expected_usd
            else 0
        end as same_ratio_usd
    from cells
    inner join account_ratios
        on
            cells.provider = account_ratios.provider
            and cells.account_id = account_ratios.account_id
            and cells.month = account_ratios.month
            and account_ratios.preference = 1
    where cells.is_comparable and cells.expected_usd > 0 and cells.period_start >= cells.first_off

),

account_models as (

    select
        provider,
        account_id,
        month,
        model,
        min(ratio) as ratio,
        min(first_off) as first_off,
        min(first_period) as first_period,
        count(distinct meter) as meter_count,
        sum(same_ratio_usd) >= 0.9 * sum(expected_usd) as has_ratio
    from since_first_off
    group by
        provider,
        account_id,
        month,
        model

),

-- One model alone cannot tell a contract from a new price, unless all its meters have the ratio from the first day on.
contracts as (

    select
        provider,
        account_id,
        month,
        min(ratio) as ratio,
        min(first_off) as first_off
    from account_models
    group by
        provider,
        account_id,
        month
    having
        min(case when has_ratio then 1 else 0 end) = 1
        and (count(*) >= 2 or (sum(meter_count) >= 2 and min(first_off) = min(first_period)))

),

with_contracts as (

    select
        cells.*,
        contracts.ratio as contract_ratio,
        coalesce(
            abs(cells.billed_usd - cells.expected_usd * contracts.ratio)
            <= cells.tolerance_usd + cells.expected_usd * {{ same_ratio }}, false
        ) as has_contract_ratio
    from cells
    left join contracts
        on
            cells.provider = contracts.provider
            and cells.account_id = contracts.account_id
            and cells.month = contracts.month
            and cells.is_off
            and cells.period_start >= contracts.first_off

),

-- ---- One ratio for a meter of a model from a day on: a price that changed, and the sheet does not know.
unexplained as (

    select *
    from with_contracts
    where is_comparable and expected_usd > 0 and same_as is null and not has_contract_ratio and period_start >= model_first_off

),

meter_ratios as (

    select
        provider,
        account_id,
        month,
        model,
        meter,
        cast(sum(billed_usd) / nullif(sum(expected_usd), 0) as decimal(18, 9)) as ratio,
        row_number() over (
            partition by provider, account_id, month, model, meter
            order by sum(expected_usd) desc, price_ratio
        ) as preference
    from unexplained
    where is_off and price_ratio is not null
    group by
        provider,
        account_id,
        month,
        model,
        meter,
        price_ratio

),

steps as (

    select
        unexplained.provider,
        unexplained.account_id,
        unexplained.month,
        unexplained.model,
        unexplained.meter,
        min(meter_ratios.ratio) as ratio
    from unexplained
    inner join meter_ratios
        on
            unexplained.provider = meter_ratios.provider
            and unexplained.account_id = meter_ratios.account_id
            and unexplained.month = meter_ratios.month
            and unexplained.model = meter_ratios.model
            and unexplained.meter = meter_ratios.meter
            and meter_ratios.preference = 1
    group by
        unexplained.provider,
        unexplained.account_id,
        unexplained.month,
        unexplained.model,
        unexplained.meter
    having
        count(distinct unexplained.period_start) >= 2
        and sum(
            case
                when
                    abs(unexplained.billed_usd - unexplained.expected_usd * meter_ratios.ratio)
                    <= unexplained.tolerance_usd + unexplained.expected_usd * {{ same_ratio }}
                    then unexplained.expected_usd
                else 0
            end
        ) >= 0.9 * sum(unexplained.expected_usd)

),

judged as (

    select
        with_contracts.*,
        steps.ratio as step_ratio,
        case
            when with_contracts.is_priced_by_bill then 'billed_price'
            when with_contracts.line_count = 0 then 'not_billed'
            when with_contracts.counted_by = 'nobody' then 'not_counted'
            when not with_contracts.is_comparable then 'unexplained_price'
            when not with_contracts.is_off then 'last_digit'
            when with_contracts.same_as = 'region' then 'regional_multiplier'
            when with_contracts.has_contract_ratio then 'one_ratio_for_all'
            when with_contracts.same_as = 'tier' then 'price_of_a_tier'
            when with_contracts.same_as = 'date' then 'price_of_another_date'
            when
                abs(with_contracts.billed_usd - with_contracts.expected_usd * steps.ratio)
                <= with_contracts.tolerance_usd + with_contracts.expected_usd * {{ same_ratio }}
                then 'price_since_a_day'
            else 'unexplained_price'
        end as rule
    from with_contracts
    left join steps
        on
            with_contracts.provider = steps.provider
            and with_contracts.account_id = steps.account_id
            and with_contracts.month = steps.month
            and with_contracts.model = steps.model
            and with_contracts.meter = steps.meter

),

-- A billed model that the ledger does not know went past the gateway, whether or not anybody counted its tokens.
traced_models as (

    select distinct
        provider,
        month,
        model
    from {{ ref('int_reconciliation__ledger_tokens') }}

),

classed as (

    select
        judged.*,
        case
            when judged.rule = 'not_counted' and traced_models.model is null then 'not_captured'
            when judged.rule in ('not_billed', 'not_counted', 'unexplained_price') then 'unknown'
            when judged.rule in ('last_digit', 'billed_price') then 'rounding'
            when judged.rule = 'regional_multiplier' then 'region'
            when judged.rule = 'one_ratio_for_all' then 'contract_rate'
            when judged.rule = 'price_of_a_tier' and judged.same_as_detail = 'batch' then 'batch'
            when judged.rule = 'price_of_a_tier' then 'service_tier'
            else 'stale_price'
        end as residual_class,
        case judged.rule
            when 'not_billed' then 'the provider counted tokens and billed nothing for them'
            when 'not_counted' then 'billed without a count of tokens to compare it with'
            when 'last_digit' then 'lines differ from tokens x price by less than their last digit'
            when 'billed_price' then 'days around the mean price that the bill charged, as no sheet has one'
            when 'regional_multiplier' then 'billed at the price of the place ' || judged.same_as_detail
            when 'one_ratio_for_all'
                then 'all models and meters of account ' || judged.account_id || ' are billed at '
                || cast(cast(judged.contract_ratio as decimal(18, 4)) as string) || ' of our price'
            when 'price_of_a_tier' then 'billed at the price of the tier ' || judged.same_as_detail
            when 'price_of_another_date' then 'billed at the price in force from ' || judged.same_as_detail
            when 'price_since_a_day'
                then judged.model || ' ' || judged.meter || ' is billed at '
                || cast(cast(judged.step_ratio as decimal(18, 4)) as string) || ' of our price'
            else 'the billed price is none that the sheet has, and no one ratio'
        end as what
    from judged
    left join traced_models
        on judged.provider = traced_models.provider and judged.month = traced_models.month and judged.model = traced_models.model

),

summed as (

    select
        provider,
        month,
        model,
        residual_class,
        rule,
        what,
        sum(difference_usd) as residual_usd,
        sum(billed_usd) as billed_usd,
        sum(expected_usd) as expected_usd,
        sum(line_count) as line_count,
        min(period_start) as first_period,
        max(period_start) as last_period
    from classed
    where difference_usd != 0
    group by
        provider,
        month,
        model,
        residual_class,
        rule,
        what

)

select
    provider,
    month,
    model,
    residual_class,
    rule,
    cast(residual_usd as decimal(38, 12)) as residual_usd,
    model || ', ' || cast(first_period as string) || ' to ' || cast(last_period as string) || ': ' || what || '; billed '
    || {{ in_usd('billed_usd') }} || ' in ' || cast(line_count as string) || ' lines for '
    || {{ in_usd('expected_usd') }} || ' at our prices' as evidence
from summed
