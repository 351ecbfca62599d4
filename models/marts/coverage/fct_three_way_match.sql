{%- set tolerance = var('three_way_match_tolerance') %}

with

grains as (

    select * from {{ ref('int_reconciliation__match_grains') }}

),

sides as (

    select
        attempts.provider,
        cast(date_trunc('month', attempts.usage_date) as date) as month,
        attempts.usage_date as period_start,
        key_accounts.account_id,
        attempts.model,
        attempts.meter,
        'ledger' as side,
        attempts.tokens,
        coalesce(attempts.unpriced_tokens, 0) as unpriced_tokens,
        cast(0 as bigint) as uncounted_lines,
        attempts.cost_usd as usd,
        cast(0 as decimal(18, 12)) as rounding_usd
    from {{ ref('int_attempts__metered') }} as attempts
    left join {{ ref('int_reconciliation__key_accounts') }} as key_accounts
        on attempts.provider = key_accounts.provider and attempts.api_key_hash = key_accounts.key_id
    union all
    select
        provider,
        cast(date_trunc('month', usage_date) as date) as month,
        usage_date as period_start,
        account_id,
        model,
        meter,
        'export' as side,
        tokens,
        coalesce(unpriced_tokens, 0) as unpriced_tokens,
        cast(0 as bigint) as uncounted_lines,
        cost_usd as usd,
        cast(0 as decimal(18, 12)) as rounding_usd
    from {{ ref('int_provider_usage__metered') }}
    union all
    select
        provider,
        month,
        period_start,
        billed_account_id as account_id,
        coalesce(model, 'unnamed') as model,
        case when is_for_tokens then coalesce(meter, 'unnamed') else 'other' end as meter,
        'bill' as side,
        case when is_for_tokens then tokens end as tokens,
        cast(0 as bigint) as unpriced_tokens,
        cast(case when is_for_tokens and tokens is null then 1 else 0 end as bigint) as uncounted_lines,
        billed_usd as usd,
        last_digit_usd as rounding_usd
    from {{ ref('int_reconciliation__usage_lines') }}

),

-- What is not tokens is matched over all models: bills name the tool.
at_grain as (

    select
        sides.provider,
        sides.month,
        case when grains.is_monthly then sides.month else sides.period_start end as period_start,
        case grains.account_grain
            when 'one_account' then grains.only_account_id
            when 'by_key' then sides.account_id
            else 'all'
        end as account_id,
        case when grains.is_over_all_models or sides.meter = 'other' then 'all' else sides.model end as model,
        case
            when sides.meter = 'commitment' then 'commitment'
            when grains.is_over_everything then 'all'
            when grains.is_over_all_meters and sides.meter != 'other' then 'tokens'
            else sides.meter
        end as meter,
        sides.side,
        sides.tokens,
        sides.unpriced_tokens,
        sides.uncounted_lines,
        sides.usd,
        sides.rounding_usd
    from sides
    inner join grains on sides.provider = grains.provider and sides.month = grains.month

),

matched as (

    select
        provider,
        month,
        period_start,
        account_id,
        model,
        meter,
        max(case when side = 'ledger' then 1 else 0 end) = 1 as is_in_ledger,
        max(case when side = 'export' then 1 else 0 end) = 1 as is_in_export,
        max(case when side = 'bill' then 1 else 0 end) = 1 as is_on_bill,
        sum(case when side = 'ledger' then tokens end) as ledger_tokens,
        sum(case when side = 'ledger' then unpriced_tokens else 0 end) as ledger_unpriced_tokens,
        sum(case when side = 'ledger' then usd end) as ledger_cost_usd,
        sum(case when side = 'export' then tokens end) as exported_tokens,
        sum(case when side = 'export' then unpriced_tokens else 0 end) as exported_unpriced_tokens,
        sum(case when side = 'export' then usd end) as exported_cost_usd,
        -- A bill that states quantities on some lines only states no total.
        case when sum(uncounted_lines) = 0 then sum(case when side = 'bill' then tokens end) end as billed_tokens,
        sum(case when side = 'bill' then usd end) as billed_usd,
        sum(rounding_usd) as rounding_usd
    from at_grain
    group by
        provider,
        month,
        period_start,
        account_id,
        model,
        meter

),

gaps as (

    select
        matched.*,
        case
            when matched.model = 'all' then replace(grains.match_grain, ' x model', '') else grains.match_grain
        end as match_grain,
        grains.account_grain,
        grains.coarser_because,
        grains.has_ledger,
        grains.has_export,
        grains.has_bill,
        case
            when
                matched.meter != 'other'
                and (matched.is_in_export and grains.has_ledger or matched.is_in_ledger and grains.has_export)
                then coalesce(matched.exported_tokens, 0) - coalesce(matched.ledger_tokens, 0)
        end as exported_less_ledger_tokens,
        case
            when grains.has_export then matched.billed_tokens - coalesce(matched.exported_tokens, 0)
        end as billed_less_exported_tokens,
        case
            when grains.has_ledger then matched.billed_tokens - coalesce(matched.ledger_tokens, 0)
        end as billed_less_ledger_tokens,
        case
            when grains.has_bill and (matched.is_on_bill or matched.is_in_ledger) and matched.meter != 'commitment'
                then coalesce(matched.billed_usd, 0) - coalesce(matched.ledger_cost_usd, 0)
        end as billed_less_ledger_usd,
        greatest(matched.ledger_tokens, matched.exported_tokens, matched.billed_tokens) as most_tokens,
        least(matched.ledger_tokens, matched.exported_tokens, matched.billed_tokens) as fewest_tokens,
        (case when matched.ledger_tokens is null then 0 else 1 end)
        + (case when matched.exported_tokens is null then 0 else 1 end)
        + (case when matched.billed_tokens is null then 0 else 1 end) as token_counts,
        -- The dollars that the ledger is compared with: the bill's, else the export's at our prices.
        coalesce(matched.billed_usd, matched.exported_cost_usd) as other_usd,
        case
            when coalesce(matched.billed_usd, matched.exported_cost_usd) is not null
                then greatest(
                    abs(coalesce(matched.billed_usd, matched.exported_cost_usd)) * {{ tolerance }}, matched.rounding_usd
                )
        end as tolerance_usd
    from matched
    inner join grains on matched.provider = grains.provider and matched.month = grains.month

)

select
    month,
    period_start,
    provider,
    account_id,
    model,
    meter,
    match_grain,
    account_grain,
    coarser_because,
    has_ledger,
    has_export,
    has_bill,
    cast(ledger_tokens as decimal(38, 6)) as ledger_tokens,
    cast(ledger_unpriced_tokens as decimal(38, 6)) as ledger_unpriced_tokens,
    cast(ledger_cost_usd as decimal(38, 12)) as ledger_cost_usd,
    cast(exported_tokens as decimal(38, 6)) as exported_tokens,
    cast(exported_unpriced_tokens as decimal(38, 6)) as exported_unpriced_tokens,
    cast(exported_cost_usd as decimal(38, 12)) as exported_cost_usd,
    cast(billed_tokens as decimal(38, 6)) as billed_tokens,
    cast(billed_usd as decimal(38, 12)) as billed_usd,
    cast(exported_less_ledger_tokens as decimal(38, 6)) as exported_less_ledger_tokens,
    cast(billed_less_exported_tokens as decimal(38, 6)) as billed_less_exported_tokens,
    cast(billed_less_ledger_tokens as decimal(38, 6)) as billed_less_ledger_tokens,
    cast(billed_less_ledger_usd as decimal(38, 12)) as billed_less_ledger_usd,
    cast(tolerance_usd as decimal(38, 12)) as tolerance_usd,
    case
        when provider = 'gpu_cloud' or not (has_export or has_bill) then 'not_compared'
        when meter = 'commitment' and not (is_in_ledger and is_in_export) then 'under_commitment'
        when is_on_bill and not is_in_ledger and not is_in_export then 'bill_only'
        when is_in_export and not is_in_ledger and not is_on_bill then 'export_only'
        when is_in_ledger and not is_in_export and not is_on_bill then 'ledger_only'
        when not is_in_ledger then 'not_in_ledger'
        when has_bill and not is_on_bill and meter != 'commitment' then 'not_on_bill'
        -- Exports count tokens and web searches, no other tool.
        when has_export and not is_in_export and meter != 'other' then 'not_in_export'
        when token_counts > 1 and most_tokens - fewest_tokens > most_tokens * {{ tolerance }} then 'tokens_differ'
        when ledger_unpriced_tokens > 0 then 'unpriced'
        when abs(other_usd - ledger_cost_usd) <= tolerance_usd or other_usd is null then 'matched'
        when token_counts > 1 then 'price_differs'
        else 'dollars_differ'
    end as status
from gaps
