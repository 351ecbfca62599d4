with

lines as (

    select * from {{ ref('int_reconciliation__usage_lines') }}
    where is_token_line

),

grains as (

    select * from {{ ref('int_reconciliation__grains') }}

),

billed_accounts as (

    select distinct
        provider,
        month,
        account_id
    from lines

),

-- What a commitment serves is counted and not billed by the token.
usage as (

    select
        *,
        cast(date_trunc('month', usage_date) as date) as month
    from {{ ref('int_provider_usage__costed') }}
    where commitment_id is null

),

by_meter as (

    {%- for meter in whole_token_meters() %}
    select
        provider,
        account_id,
        month,
        usage_date,
        coalesce(api_key_id, project_id) as key_id,
        model,
        service_tier,
        '{{ meter.meter }}' as meter,
        {{ meter.usage }} as tokens
    from usage
    where {{ meter.usage }} > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

exported as (

    select
        by_meter.provider,
        coalesce(billed_accounts.account_id, 'all') as account_id,
        by_meter.month,
        case when grains.is_monthly then by_meter.month else by_meter.usage_date end as period_start,
        by_meter.key_id,
        case when grains.is_over_all_models then 'all' else coalesce(by_meter.model, 'unknown') end as model,
        by_meter.service_tier,
        case when grains.is_over_all_meters then 'all' else by_meter.meter end as meter,
        '' as subject,
        by_meter.tokens,
        'usage_export' as counted_by
    from by_meter
    inner join grains on by_meter.provider = grains.provider and by_meter.month = grains.month
    left join billed_accounts
        on
            by_meter.provider = billed_accounts.provider
            and by_meter.month = billed_accounts.month
            and by_meter.account_id = billed_accounts.account_id

),

exported_models as (

    select distinct
        provider,
        month,
        model
    from exported

),

-- A bill that states quantities counts for itself where no export does.
billed as (

    select
        lines.provider,
        lines.account_id,
        lines.month,
        lines.period_start,
        lines.key_or_project_id as key_id,
        lines.model,
        lines.service_tier,
        lines.meter,
        lines.subject,
        lines.tokens,
        'bill' as counted_by
    from lines
    left join exported_models
        on
            lines.provider = exported_models.provider
            and lines.month = exported_models.month
            and lines.model = exported_models.model
    where lines.tokens is not null and exported_models.model is null

),

counted as (

    select * from exported
    union all
    select * from billed

),

counted_models as (

    select distinct
        provider,
        month,
        model
    from counted

),

billed_models as (

    select distinct
        provider,
        month,
        model
    from lines

),

-- A bill of amounts alone is compared as if the ledger had counted right: prices can be checked, tokens cannot.
assumed as (

    select
        ledger.provider,
        'all' as account_id,
        ledger.month,
        ledger.period_start,
        cast(null as string) as key_id,
        ledger.model,
        ledger.service_tier,
        ledger.meter,
        '' as subject,
        ledger.tokens,
        'ledger' as counted_by
    from {{ ref('int_reconciliation__ledger_tokens') }} as ledger
    inner join billed_models
        on ledger.provider = billed_models.provider and ledger.month = billed_models.month and ledger.model = billed_models.model
    left join counted_models
        on
            ledger.provider = counted_models.provider
            and ledger.month = counted_models.month
            and ledger.model = counted_models.model
    where counted_models.model is null

),

everything as (

    select * from counted
    union all
    select * from assumed

)

select
    provider,
    account_id,
    month,
    period_start,
    key_id,
    model,
    service_tier,
    meter,
    subject,
    counted_by,
    cast(sum(tokens) as decimal(38, 6)) as tokens
from everything
group by
    provider,
    account_id,
    month,
    period_start,
    key_id,
    model,
    service_tier,
    meter,
    subject,
    counted_by
