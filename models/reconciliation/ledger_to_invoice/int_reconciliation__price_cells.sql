{#- The grain at which a bill and a count of tokens meet. -#}
{%- set cell = ['provider', 'account_id', 'month', 'period_start', 'model', 'meter', 'subject'] %}

with

counted as (

    select
        counted.*,
        cells.counted_usd_per_token,
        cells.priced_by
    from {{ ref('int_reconciliation__counted_tokens') }} as counted
    inner join {{ ref('int_reconciliation__cells') }} as cells
        on
            counted.provider = cells.provider
            and counted.period_start = cells.period_start
            and counted.model = cells.model
            and counted.service_tier = cells.service_tier
            and counted.meter = cells.meter

),

expected as (

    select
        {{ cell | join(',\n        ') }},
        min(counted_by) as counted_by,
        sum(tokens) as tokens,
        cast(sum(tokens * counted_usd_per_token) as decimal(38, 12)) as expected_usd,
        min(case when priced_by in ('bill', 'nobody') then 1 else 0 end) = 1 as is_priced_by_bill,
        max(case when priced_by in ('bill', 'nobody') then 1 else 0 end) = 0 as is_priced
    from counted
    group by
        {{ cell | join(',\n        ') }}

),

counting as (

    select
        provider,
        month,
        model,
        max(counted_by) as counted_by
    from expected
    group by
        provider,
        month,
        model

),

counted_accounts as (

    select distinct
        provider,
        month,
        account_id
    from expected
    where counted_by = 'usage_export'

),

lines as (

    select
        lines.provider,
        lines.month,
        lines.period_start,
        lines.model,
        lines.meter,
        -- An account that only one of bill and export names is matched with all such accounts.
        case
            when counting.counted_by = 'bill' then lines.account_id
            else coalesce(counted_accounts.account_id, 'all')
        end as account_id,
        case when counting.counted_by = 'bill' then lines.subject else '' end as subject,
        lines.billed_usd,
        lines.last_digit_usd
    from {{ ref('int_reconciliation__usage_lines') }} as lines
    left join counting
        on lines.provider = counting.provider and lines.month = counting.month and lines.model = counting.model
    left join counted_accounts
        on
            lines.provider = counted_accounts.provider
            and lines.month = counted_accounts.month
            and lines.account_id = counted_accounts.account_id
            and counting.counted_by = 'usage_export'
    where lines.is_token_line

),

billed as (

    select
        {{ cell | join(',\n        ') }},
        sum(billed_usd) as billed_usd,
        sum(last_digit_usd) as tolerance_usd,
        count(*) as line_count
    from lines
    group by
        {{ cell | join(',\n        ') }}

),

matched as (

    select
        {%- for column in cell %}
        coalesce(billed.{{ column }}, expected.{{ column }}) as {{ column }},
        {%- endfor %}
        coalesce(expected.counted_by, 'nobody') as counted_by,
        coalesce(expected.tokens, 0) as tokens,
        coalesce(expected.expected_usd, 0) as expected_usd,
        coalesce(billed.billed_usd, 0) as billed_usd,
        coalesce(billed.line_count, 0) as line_count,
        coalesce(billed.tolerance_usd, 0.000001) as tolerance_usd,
        expected.tokens is not null and billed.billed_usd is not null and expected.is_priced as is_comparable,
        coalesce(expected.is_priced_by_bill, false) as is_priced_by_bill
    from billed
    full outer join expected
        on
            billed.provider = expected.provider
            and billed.account_id = expected.account_id
            and billed.month = expected.month
            and billed.period_start = expected.period_start
            and billed.model = expected.model
            and billed.meter = expected.meter
            and billed.subject = expected.subject

),

-- What the same tokens cost under another reading of the sheet: another tier (where no export states the tier), or the
-- prices of another date.
other_prices as (

    select
        {% for column in cell %}counted.{{ column }}, {% endfor %}
        case when prices.service_tier = counted.service_tier then 'date' else 'tier' end as kind,
        case
            when prices.service_tier = counted.service_tier then cast(prices.effective_from as string)
            else prices.service_tier
        end as detail,
        sum(counted.tokens) as tokens,
        cast(sum(counted.tokens * prices.usd_per_token) as decimal(38, 12)) as other_usd
    from counted
    inner join {{ ref('int_reconciliation__sheet_prices') }} as prices
        on
            counted.provider = prices.provider
            and counted.model = prices.model
            and counted.meter = prices.meter
            and (
                (
                    counted.service_tier = prices.service_tier
                    and not (counted.period_start >= prices.effective_from and counted.period_start < prices.effective_until)
                )
                or (
                    counted.service_tier != prices.service_tier
                    and counted.counted_by != 'usage_export'
                    and counted.period_start >= prices.effective_from
                    and counted.period_start < prices.effective_until
                )
            )
    group by
        {% for column in cell %}counted.{{ column }}, {% endfor %}
        case when prices.service_tier = counted.service_tier then 'date' else 'tier' end,
        case
            when prices.service_tier = counted.service_tier then cast(prices.effective_from as string)
            else prices.service_tier
        end

),

regions as (

    select distinct
        provider,
        model_pattern,
        inference_geo,
        multiplier
    from {{ ref('regional_multipliers') }}
    where multiplier != 1

),

other_readings as (

    select
        matched.*,
        other_prices.kind,
        other_prices.detail,
        other_prices.other_usd
    from matched
    inner join other_prices
        on
            {%- for column in cell %}
            matched.{{ column }} = other_prices.{{ column }} and
            {%- endfor %}
            matched.tokens = other_prices.tokens
    union all
    select
        matched.*,
        'region' as kind,
        regions.inference_geo as detail,
        cast(matched.expected_usd * regions.multiplier as decimal(38, 12)) as other_usd
    from matched
    inner join regions on matched.provider = regions.provider and matched.model like regions.model_pattern

),

-- Of the readings that give the billed amount to its last digit, the first counts: a place, a tier, the nearest date.
explained as (

    select
        {{ cell | join(',\n        ') }},
        kind,
        detail,
        row_number() over (
            partition by {{ cell | join(', ') }}
            order by
                case kind when 'region' then 1 when 'tier' then 2 else 3 end,
                case when detail = 'batch' then 0 else 1 end,  -- flex often costs the same
                detail desc
        ) as preference
    from other_readings
    where
        is_comparable
        and abs(billed_usd - expected_usd) > tolerance_usd
        and abs(billed_usd - other_usd) <= tolerance_usd

)

select
    {%- for column in cell %}
    matched.{{ column }},
    {%- endfor %}
    matched.counted_by,
    cast(matched.tokens as decimal(38, 6)) as tokens,
    cast(matched.billed_usd as decimal(38, 12)) as billed_usd,
    cast(matched.expected_usd as decimal(38, 12)) as expected_usd,
    cast(matched.billed_usd - matched.expected_usd as decimal(38, 12)) as difference_usd,
    cast(matched.tolerance_usd as decimal(38, 12)) as tolerance_usd,
    matched.line_count,
    matched.is_comparable,
    matched.is_priced_by_bill,
    matched.is_comparable and abs(matched.billed_usd - matched.expected_usd) > matched.tolerance_usd as is_off,
    -- A thousandfold is no price: an amount met a few stray tokens.
    case
        when abs(matched.billed_usd) < matched.expected_usd * 1000
            then cast(matched.billed_usd / nullif(matched.expected_usd, 0) as decimal(18, 4))
    end as price_ratio,
    explained.kind as same_as,
    explained.detail as same_as_detail
from matched
left join explained
    on
        {%- for column in cell %}
        matched.{{ column }} = explained.{{ column }} and
        {%- endfor %}
        explained.preference = 1
