{#- Below this share of a provider's billed dollars, lines that say less than the others do not coarsen the match. -#}
{%- set negligible_share = 0.1 %}

with

lines as (

    select * from {{ ref('int_reconciliation__usage_lines') }}

),

bills as (

    select
        provider,
        month,
        max(case when is_monthly then 1 else 0 end) = 1
        or sum(case when is_longer_than_a_day then abs(billed_usd) else 0 end)
        > sum(abs(billed_usd)) * {{ negligible_share }} as is_monthly,
        max(case when is_over_all_models then 1 else 0 end) = 1 as is_over_all_models,
        max(case when is_over_all_meters then 1 else 0 end) = 1 as is_over_all_meters,
        sum(case when is_amount_only then abs(billed_usd) else 0 end)
        > sum(case when is_amount_only or is_for_tokens then abs(billed_usd) else 0 end)
        * {{ negligible_share }} as is_over_everything
    from lines
    group by
        provider,
        month

),

exports as (

    select distinct
        provider,
        cast(date_trunc('month', usage_date) as date) as month
    from {{ ref('int_provider_usage__metered') }}

),

-- Traces whose key neither the export nor the bill names have no account.
traces as (

    select
        attempts.provider,
        cast(date_trunc('month', attempts.usage_date) as date) as month,
        max(case when key_accounts.account_id is null then 1 else 0 end) = 0 as has_accounts
    from {{ ref('int_attempts__metered') }} as attempts
    left join {{ ref('int_reconciliation__key_accounts') }} as key_accounts
        on attempts.provider = key_accounts.provider and attempts.api_key_hash = key_accounts.key_id
    group by
        attempts.provider,
        cast(date_trunc('month', attempts.usage_date) as date)

),

named_accounts as (

    select
        provider,
        month,
        billed_account_id as account_id,
        1 as is_billed,
        0 as is_exported
    from lines
    union all
    select
        provider,
        cast(date_trunc('month', usage_date) as date) as month,
        account_id,
        0 as is_billed,
        1 as is_exported
    from {{ ref('int_provider_usage__metered') }}

),

by_account as (

    select
        provider,
        month,
        account_id,
        max(is_billed) as is_billed,
        max(is_exported) as is_exported
    from named_accounts
    group by
        provider,
        month,
        account_id

),

accounts as (

    select
        provider,
        month,
        count(*) as account_count,
        min(account_id) as account_id,
        max(is_billed) = 1 and max(is_exported) = 1 and max(is_billed + is_exported) = 1 as has_two_sets_of_names
    from by_account
    group by
        provider,
        month

),

months as (

    select
        provider,
        month
    from bills
    union
    select
        provider,
        month
    from exports
    union
    select
        provider,
        month
    from traces

),

grains as (

    select
        months.provider,
        months.month,
        traces.provider is not null as has_ledger,
        exports.provider is not null as has_export,
        bills.provider is not null as has_bill,
        coalesce(bills.is_monthly, false) as is_monthly,
        coalesce(bills.is_over_all_models or bills.is_over_everything, false) as is_over_all_models,
        coalesce(bills.is_over_all_meters or bills.is_over_everything, false) as is_over_all_meters,
        coalesce(bills.is_over_everything, false) as is_over_everything,
        case
            when accounts.provider is null then 'no_account'
            when accounts.account_count = 1 then 'one_account'
            when accounts.has_two_sets_of_names then 'names_differ'
            when traces.provider is null or traces.has_accounts then 'by_key'
            else 'not_in_traces'
        end as account_grain,
        case when accounts.account_count = 1 then accounts.account_id end as only_account_id
    from months
    left join bills on months.provider = bills.provider and months.month = bills.month
    left join exports on months.provider = exports.provider and months.month = exports.month
    left join traces on months.provider = traces.provider and months.month = traces.month
    left join accounts on months.provider = accounts.provider and months.month = accounts.month

)

select
    *,
    case when is_monthly then 'month' else 'day' end
    || case when account_grain in ('one_account', 'by_key') then ' x account' else '' end
    || case when is_over_all_models then '' else ' x model' end
    || case when is_over_all_meters then '' else ' x meter' end as match_grain,
    nullif(
        concat_ws(
            '; ',
            case when is_monthly then 'lines of the bill span more than a day' end,
            case
                when is_over_everything then 'lines of the bill do not say what they charge for'
                when is_over_all_models and is_over_all_meters then 'the bill names neither models nor meters'
                when is_over_all_models then 'the bill names no models'
                when is_over_all_meters then 'the bill names no meters'
            end,
            case account_grain
                when 'no_account' then 'neither bill nor export names an account'
                when 'names_differ' then 'bill and export name accounts differently'
                when 'not_in_traces' then 'several accounts, and traces have keys that neither bill nor export names'
            end
        ),
        ''
    ) as coarser_because
from grains
