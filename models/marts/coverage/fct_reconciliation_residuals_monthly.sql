{#- A rest below this is what lines lose by rounding. -#}
{%- set one_cent = 0.01 %}

with

coverage as (

    select
        month,
        provider,
        invoice_usd,
        ledger_usd,
        invoice_usd - ledger_usd as gap_usd
    from {{ ref('fct_coverage_monthly') }}
    where provider != 'all' and invoice_usd is not null

),

named as (

    select * from {{ ref('int_reconciliation__residuals') }}

),

grains as (

    select
        provider,
        month,
        max(case when is_token_line then match_grain end) as match_grain
    from {{ ref('int_reconciliation__usage_lines') }}
    group by
        provider,
        month

),

-- Whether the ledger knows requests of the provider whose price it does not know.
unpriced as (

    select
        provider,
        cast(date_trunc('month', requested_at) as date) as month,
        sum(case when pricing_status = 'unpriced' then request_count else 0 end) as unpriced_requests
    from {{ ref('fct_attempts') }}
    group by
        provider,
        cast(date_trunc('month', requested_at) as date)

),

named_total as (

    select
        provider,
        month,
        sum(residual_usd) as residual_usd
    from named
    group by
        provider,
        month

),

-- What no rule named is unknown: it takes whatever closes the books.
rest as (

    select
        coverage.provider,
        coverage.month,
        coverage.invoice_usd,
        coverage.ledger_usd,
        coverage.gap_usd - coalesce(named_total.residual_usd, 0) as residual_usd,
        coverage.ledger_usd = 0 and coalesce(unpriced.unpriced_requests, 0) = 0 as is_untraced,
        coverage.ledger_usd = 0 and unpriced.unpriced_requests > 0 as is_unpriced,
        grains.match_grain is null as is_bill_without_tokens
    from coverage
    left join named_total on coverage.provider = named_total.provider and coverage.month = named_total.month
    left join grains on coverage.provider = grains.provider and coverage.month = grains.month
    left join unpriced on coverage.provider = unpriced.provider and coverage.month = unpriced.month

),

parts as (

    select
        named.month,
        named.provider,
        named.residual_class,
        named.rule,
        named.residual_usd,
        named.evidence
    from named
    inner join coverage on named.provider = coverage.provider and named.month = coverage.month
    union all
    select
        month,
        provider,
        case
            when abs(residual_usd) < {{ one_cent }} then 'rounding'
            when is_untraced then 'not_captured'
            when is_unpriced then 'unpriced'
            else 'unknown'
        end as residual_class,
        case
            when abs(residual_usd) < {{ one_cent }} then 'below_a_cent'
            when is_untraced then 'no_trace_of_the_provider'
            when is_unpriced then 'no_price_of_the_provider'
            else 'rest'
        end as rule,
        residual_usd,
        case
            when abs(residual_usd) < {{ one_cent }} then 'what the other classes leave, less than a cent'
            when is_untraced and provider = 'gpu_cloud' then 'no GPU pool is known in the month'
            when is_untraced then 'the ledger has no request of the provider in the month'
            when is_unpriced then 'no price row covers any request of the provider, and its bill states no tokens'
            when is_bill_without_tokens then 'the bill states no tokens: it can be compared as a whole only'
            else 'charges that are not counted in tokens (searches, tools, sessions), on the bill or in the ledger'
        end as evidence
    from rest
    union all
    -- Every provider with an invoice has this row, so that a provider without a residual is seen to have none.
    select
        month,
        provider,
        'unknown' as residual_class,
        'rest' as rule,
        cast(0 as decimal(38, 12)) as residual_usd,
        'nothing is left unexplained' as evidence
    from coverage

),

ranked as (

    select
        *,
        row_number() over (
            partition by month, provider, residual_class
            order by abs(residual_usd) desc, evidence
        ) as importance,
        count(*) over (partition by month, provider, residual_class) as part_count,
        sum(residual_usd) over (partition by month, provider, residual_class) as class_usd
    from parts

)

select
    ranked.month,
    ranked.provider,
    ranked.residual_class,
    cast(ranked.class_usd as decimal(38, 12)) as residual_usd,
    coalesce(grains.match_grain, 'month') as match_grain,
    ranked.rule,
    case
        when ranked.part_count > 1 and ranked.residual_usd != 0
            then 'largest of ' || cast(ranked.part_count as string) || ', ' || {{ in_usd('ranked.residual_usd') }} || ': '
        else ''
    end || ranked.evidence as evidence
from ranked
left join grains on ranked.provider = grains.provider and ranked.month = grains.month
where ranked.importance = 1 and (ranked.class_usd != 0 or ranked.residual_class = 'unknown')
