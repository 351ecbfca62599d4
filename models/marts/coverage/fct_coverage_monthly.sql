with

billed as (

    select
        month,
        provider,
        -- A bill of which no line has a rate of exchange has no dollars, rather than none billed.
        case
            when count(billed_usd) > 0 then sum(case when line_type in ('usage', 'fee', 'commitment') then billed_usd else 0 end)
        end as billed_usd,
        sum(billed_usd) as invoice_usd,
        sum(case when billed_usd is null then 1 else 0 end) as unconverted_line_count
    from {{ ref('int_billing__lines') }}
    group by
        month,
        provider

),

-- By attempt: a request that fell back to another provider was billed by both.
ledger as (

    select
        cast(date_trunc('month', requested_at) as date) as month,
        provider,
        sum(attempt_cost_usd) as ledger_usd,
        sum(case when attribution_method = 'stamped' then attempt_cost_usd else 0 end) as stamped_usd,
        sum(case when attribution_method = 'key_owner' then attempt_cost_usd else 0 end) as key_owner_usd,
        sum(case when attribution_method = 'rule' then attempt_cost_usd else 0 end) as rule_usd
    from {{ ref('fct_attempts') }}
    where provider != 'self_hosted' and attempt_cost_usd is not null
    group by
        cast(date_trunc('month', requested_at) as date),
        provider
    union all
    -- GPU instances on a cloud bill are owned through the pools that run on them.
    select
        cast(date_trunc('month', cost_date) as date) as month,
        'gpu_cloud' as provider,
        sum(cost_usd) as ledger_usd,
        sum(case when team_id is not null then cost_usd else 0 end) as stamped_usd,
        cast(0 as decimal(38, 12)) as key_owner_usd,
        cast(0 as decimal(38, 12)) as rule_usd
    from {{ ref('int_gpu_costs__daily') }}
    group by cast(date_trunc('month', cost_date) as date)

),

-- A provider with an invoice and no trace, or with traces and no invoice, has a row all the same. GPU pools that no
-- cloud bill covers are compared with nothing.
matched as (

    select
        coalesce(billed.month, ledger.month) as month,
        coalesce(billed.provider, ledger.provider) as provider,
        billed.billed_usd,
        billed.invoice_usd,
        billed.unconverted_line_count,
        -- Pools are not matched to lines of the cloud bill one by one, so they count up to what the cloud billed.
        case
            when billed.provider = 'gpu_cloud' then least(coalesce(ledger.ledger_usd, 0), billed.billed_usd)
            else coalesce(ledger.ledger_usd, 0)
        end as ledger_usd,
        case
            when billed.provider = 'gpu_cloud' then least(coalesce(ledger.stamped_usd, 0), billed.billed_usd)
            else coalesce(ledger.stamped_usd, 0)
        end as stamped_usd,
        coalesce(ledger.key_owner_usd, 0) as key_owner_usd,
        coalesce(ledger.rule_usd, 0) as rule_usd
    from billed
    full outer join ledger on billed.month = ledger.month and billed.provider = ledger.provider
    where not (coalesce(billed.provider, ledger.provider) = 'gpu_cloud' and billed.provider is null)

),

-- What the bill's own keys and tags give to a team of the part that the ledger gives to none.
after_the_fact as (

    select
        month,
        provider,
        sum(owned_usd) as owned_usd
    from {{ ref('int_billing__owned') }}
    where team_id != 'unattributed'
    group by
        month,
        provider

),

-- Owned ledger dollars cover the bill up to its amount: a ledger that overstates one provider cannot hide a gap in another.
capped as (

    select
        month,
        provider,
        billed_usd,
        invoice_usd,
        unconverted_line_count,
        ledger_usd,
        stamped_usd + key_owner_usd + rule_usd as owned_usd,
        case when billed_usd is not null then least(stamped_usd, billed_usd) end as up_to_stamped_usd,
        case when billed_usd is not null then least(stamped_usd + key_owner_usd, billed_usd) end as up_to_key_owner_usd,
        case
            when billed_usd is not null then least(stamped_usd + key_owner_usd + rule_usd, billed_usd)
        end as attributed_usd
    from matched

),

by_provider as (

    select
        capped.month,
        capped.provider,
        capped.billed_usd,
        capped.invoice_usd,
        capped.unconverted_line_count,
        capped.ledger_usd,
        capped.owned_usd,
        capped.up_to_stamped_usd as stamped_billed_usd,
        capped.up_to_key_owner_usd - capped.up_to_stamped_usd as key_owner_billed_usd,
        capped.attributed_usd - capped.up_to_key_owner_usd as rule_billed_usd,
        case when capped.billed_usd is not null then coalesce(after_the_fact.owned_usd, 0) end as after_the_fact_usd,
        capped.attributed_usd + coalesce(after_the_fact.owned_usd, 0) as attributed_usd
    from capped
    left join after_the_fact on capped.month = after_the_fact.month and capped.provider = after_the_fact.provider

),

with_total as (

    select * from by_provider
    union all
    select
        month,
        'all' as provider,
        sum(billed_usd) as billed_usd,
        sum(invoice_usd) as invoice_usd,
        sum(unconverted_line_count) as unconverted_line_count,
        sum(case when billed_usd is not null then ledger_usd else 0 end) as ledger_usd,
        sum(case when billed_usd is not null then owned_usd else 0 end) as owned_usd,
        sum(stamped_billed_usd) as stamped_billed_usd,
        sum(key_owner_billed_usd) as key_owner_billed_usd,
        sum(rule_billed_usd) as rule_billed_usd,
        sum(after_the_fact_usd) as after_the_fact_usd,
        sum(attributed_usd) as attributed_usd
    from by_provider
    group by month

),

shares as (

    select
        *,
        {{ share('attributed_usd', 'billed_usd') }} as coverage_share,
        {{ share('owned_usd', 'ledger_usd') }} as traced_coverage_share
    from with_total

)

select
    month,
    provider,
    cast(billed_usd as decimal(38, 12)) as billed_usd,
    cast(invoice_usd as decimal(38, 12)) as invoice_usd,
    cast(unconverted_line_count as bigint) as unconverted_line_count,
    cast(ledger_usd as decimal(38, 12)) as ledger_usd,
    cast(attributed_usd as decimal(38, 12)) as attributed_usd,
    cast(billed_usd - attributed_usd as decimal(38, 12)) as unattributed_usd,
    cast(stamped_billed_usd as decimal(38, 12)) as stamped_usd,
    cast(key_owner_billed_usd as decimal(38, 12)) as key_owner_usd,
    cast(rule_billed_usd as decimal(38, 12)) as rule_usd,
    cast(after_the_fact_usd as decimal(38, 12)) as after_the_fact_usd,
    coverage_share,
    traced_coverage_share,
    {{ coverage_verdict('coverage_share') }} as verdict,
    {{ coverage_verdict('traced_coverage_share') }} as traced_verdict
from shares
