with

period as (

    select * from {{ ref('int_audit__period') }}

),

coverage as (

    select coverage.*
    from {{ ref('fct_coverage_monthly') }} as coverage
    inner join period on coverage.month = period.audit_month

),

residuals as (

    select residuals.*
    from {{ ref('fct_reconciliation_residuals_monthly') }} as residuals
    inner join period on residuals.month = period.audit_month

),

-- Fees, minimums and commitments against what they served, and rates of exchange, are no fault of any capture or price.
agreed as (

    select
        provider,
        sum(residual_usd) as residual_usd
    from residuals
    where residual_class in ('minimum_or_commitment', 'fx')
    group by provider

),

gaps as (

    select
        coverage.provider,
        coverage.billed_usd,
        coverage.billed_usd - coverage.ledger_usd - coalesce(agreed.residual_usd, 0) as gap_usd
    from coverage
    left join agreed on coverage.provider = agreed.provider
    where coverage.provider not in ('all', 'gpu_cloud')

),

requests as (

    select
        requests.provider,
        requests.request_date,
        requests.pricing_status,
        requests.uncached_input_tokens + requests.cache_read_tokens + requests.cache_write_tokens
        + requests.output_tokens as tokens
    from {{ ref('fct_requests') }} as requests
    where requests.provider != 'self_hosted'

),

reconciliation_gap as (

    select
        'reconciliation_gap' as gate_id,
        provider,
        {{ gate_share('gap_usd', 'billed_usd') }} as figure,
        {{ var('gate_reconciliation_gap_warn') }} as warn_at,
        {{ var('gate_reconciliation_gap_error') }} as error_at,
        'above' as bad_when,
        gap_usd as amount_usd,
        'fct_reconciliation_daily for ' || provider || ': the days and models with the largest gap_usd'
        || coalesce('; USD ' || cast(cast(gap_usd as decimal(18, 2)) as string) || ' open', '') as look_first
    from gaps

),

-- Where some providers sent bills for the month, one that was used and sent none is not closed.
missing_invoice as (

    select
        'missing_invoice' as gate_id,
        provider,
        {{ share('case when billed_usd is null then ledger_usd else 0 end', 'all_ledger_usd') }} as figure,
        {{ var('gate_missing_invoice_warn') }} as warn_at,
        {{ var('gate_missing_invoice_error') }} as error_at,
        'above' as bad_when,
        case when billed_usd is null then ledger_usd else 0 end as amount_usd,
        'provider_costs or cloud_billing of ' || provider || ': no bill for the month has landed' as look_first
    from (
        select
            *,
            sum(ledger_usd) over () as all_ledger_usd,
            count(billed_usd) over () as bill_count
        from coverage
        where provider != 'all'
    ) as providers
    where bill_count > 0 and ledger_usd > 0

),

-- An audit date that is set by hand may name a month of which there is nothing: nothing is no closed month.
empty_month as (

    select
        'empty_month' as gate_id,
        'all' as provider,
        cast(case when count(costs.date) = 0 and count(coverage.month) = 0 then 1 else 0 end as decimal(18, 6)) as figure,
        0 as warn_at,
        0 as error_at,
        'above' as bad_when,
        cast(null as decimal(38, 12)) as amount_usd,
        'the variable audit_date, or what landed for the month' as look_first
    from period
    left join {{ ref('fct_cost_daily') }} as costs on cast(date_trunc('month', costs.date) as date) = period.audit_month
    left join coverage on period.audit_month = coverage.month and coverage.provider = 'all'
    where period.audit_month is not null
    group by period.audit_month

),

-- What no rule could name of a provider's gap, either way.
unknown_share as (

    select
        'unknown_share' as gate_id,
        residuals.provider,
        {{ gate_share('residuals.residual_usd', 'coverage.billed_usd') }} as figure,
        {{ var('gate_unknown_share_warn') }} as warn_at,
        {{ var('gate_unknown_share_error') }} as error_at,
        'above' as bad_when,
        residuals.residual_usd as amount_usd,
        'fct_reconciliation_residuals_monthly for ' || residuals.provider || ': USD '
        || cast(cast(residuals.residual_usd as decimal(18, 2)) as string) || ' that no rule names (matched by '
        || residuals.match_grain || '): ' || residuals.evidence as look_first
    from residuals
    inner join coverage on residuals.provider = coverage.provider
    where residuals.residual_class = 'unknown'

),

unpriced_share as (

    select
        'unpriced_share' as gate_id,
        requests.provider,
        {{ share(
            "sum(case when requests.pricing_status = 'unpriced' then requests.tokens else 0 end)", 'sum(requests.tokens)'
        ) }} as figure,
        {{ var('gate_unpriced_share_warn') }} as warn_at,
        {{ var('gate_unpriced_share_error') }} as error_at,
        'above' as bad_when,
        -- A bill is all that tells what unpriced tokens cost.
        max(residuals.residual_usd) as amount_usd,
        'dim_models where not is_priced and provider = ''' || requests.provider
        || ''': add an alias, a price row or an own_model_prices row' as look_first
    from requests
    inner join period on cast(date_trunc('month', requests.request_date) as date) = period.audit_month
    left join residuals on requests.provider = residuals.provider and residuals.residual_class = 'unpriced'
    group by requests.provider

),

coverage_floor as (

    select
        'coverage_floor' as gate_id,
        provider,
        coverage_share as figure,
        {{ var('gate_coverage_floor_warn') }} as warn_at,
        {{ var('gate_coverage_floor_error') }} as error_at,
        'below' as bad_when,
        unattributed_usd as amount_usd,
        'fct_coverage_monthly: the provider with the largest unattributed_usd'
        || coalesce('; USD ' || cast(cast(unattributed_usd as decimal(18, 2)) as string) || ' without an owner', '')
            as look_first
    from coverage
    where provider = 'all'

),

-- Days without a trace of a provider that used to report, beyond the silences that it used to have.
silent_provider as (

    select
        'silent_provider' as gate_id,
        provider,
        cast(late_days as decimal(18, 6)) as figure,
        {{ var('gate_silent_provider_days_warn') }} as warn_at,
        {{ var('gate_silent_provider_days_error') }} as error_at,
        'above' as bad_when,
        late_usd as amount_usd,
        'last trace of ' || provider || ' on ' || cast(last_date as string)
        || ': is its gateway export still landing?' as look_first
    from {{ ref('int_audit__silence') }}
    where source = 'traces'

),

-- The same of what the provider itself reports; the source that is latest counts.
late_reports as (

    select
        *,
        row_number() over (partition by provider order by late_days desc, source) as lateness
    from {{ ref('int_audit__silence') }}
    where source != 'traces'

),

silent_report as (

    select
        'silent_report' as gate_id,
        provider,
        cast(late_days as decimal(18, 6)) as figure,
        {{ var('gate_silent_report_days_warn') }} as warn_at,
        {{ var('gate_silent_report_days_error') }} as error_at,
        'above' as bad_when,
        late_usd as amount_usd,
        'last day of the ' || source || ' of ' || provider || ': ' || cast(last_date as string)
        || '; is it still pulled?' as look_first
    from late_reports
    where lateness = 1

),

-- A charge in a currency without a rate has no dollars and would fall out of every sum.
unconverted_currency as (

    select
        'unconverted_currency' as gate_id,
        lines.provider,
        {{ share('sum(case when lines.billed_usd is null then 1 else 0 end)', 'count(*)') }} as figure,
        0 as warn_at,
        0 as error_at,
        'above' as bad_when,
        cast(null as decimal(38, 12)) as amount_usd,
        'bills of ' || lines.provider || ' in ' || coalesce(max(case when lines.billed_usd is null then lines.currency end), '')
        || ': add the rate to the seed fx_rates' as look_first
    from {{ ref('int_billing__lines') }} as lines
    inner join period on lines.month = period.audit_month
    group by lines.provider
    having sum(case when lines.currency != 'USD' then 1 else 0 end) > 0

),

attempts as (

    select
        attempts.*,
        {{ all_tokens(of='attempts') }} as tokens
    from {{ ref('fct_attempts') }} as attempts
    inner join period on cast(date_trunc('month', attempts.request_date) as date) = period.audit_month
    where attempts.provider != 'self_hosted'

),

-- Our disjoint token classes against the total that the source itself states. A gap is a counter that moved inside or
-- outside another: the seed usage_semantics no longer describes the format.
token_totals as (

    select
        'token_totals' as gate_id,
        provider,
        {{ share('sum(abs(tokens - reported_total_tokens))', 'sum(reported_total_tokens)') }} as figure,
        {{ var('gate_token_totals_warn') }} as warn_at,
        {{ var('gate_token_totals_error') }} as error_at,
        'above' as bad_when,
        sum(case when tokens != reported_total_tokens then attempt_cost_usd end) as amount_usd,
        'fct_attempts of ' || provider || ' from ' || min(gateway) || ' where the token classes do not add up to '
        || 'reported_total_tokens: compare the seed usage_semantics with what the source writes' as look_first
    from attempts
    where tokens is not null and reported_total_tokens is not null
    group by provider

),

-- A call that succeeded and of which the source states no token count: a streamed answer without usage, mostly.
unknown_usage as (

    select
        'unknown_usage' as gate_id,
        provider,
        {{ share('sum(case when tokens is null then request_count else 0 end)', 'sum(request_count)') }} as figure,
        {{ var('gate_unknown_usage_warn') }} as warn_at,
        {{ var('gate_unknown_usage_error') }} as error_at,
        'above' as bad_when,
        cast(null as decimal(38, 12)) as amount_usd,
        'fct_attempts of ' || provider || ' without token counts: ask the client for usage in streams' as look_first
    from attempts
    where not is_error
    group by provider

),

gates as (

    select * from reconciliation_gap
    union all
    select * from unknown_share
    union all
    select * from missing_invoice
    union all
    select * from empty_month
    union all
    select * from unpriced_share
    union all
    select * from coverage_floor
    union all
    select * from silent_provider
    union all
    select * from silent_report
    union all
    select * from unconverted_currency
    union all
    select * from token_totals
    union all
    select * from unknown_usage

),

-- The company's own thresholds (seed gate_thresholds): the row that names the provider wins over one for all of them.
own_thresholds as (

    select
        gates.gate_id,
        gates.provider,
        thresholds.warn_at,
        thresholds.error_at,
        row_number() over (
            partition by gates.gate_id, gates.provider
            order by case when thresholds.provider = gates.provider then 0 else 1 end
        ) as preference
    from gates
    inner join {{ ref('gate_thresholds') }} as thresholds
        on
            gates.gate_id = thresholds.gate_id
            and (thresholds.provider is null or gates.provider = thresholds.provider)

),

judged as (

    select
        gates.gate_id,
        gates.provider,
        gates.figure,
        coalesce(own_thresholds.warn_at, gates.warn_at) as warn_at,
        coalesce(own_thresholds.error_at, gates.error_at) as error_at,
        gates.bad_when,
        gates.amount_usd,
        gates.look_first
    from gates
    left join own_thresholds
        on
            gates.gate_id = own_thresholds.gate_id
            and gates.provider = own_thresholds.provider
            and own_thresholds.preference = 1

)

select
    judged.gate_id,
    judged.provider,
    period.audit_month as month,
    cast(judged.figure as decimal(18, 6)) as figure,
    cast(judged.warn_at as decimal(18, 6)) as warn_at,
    cast(judged.error_at as decimal(18, 6)) as error_at,
    judged.bad_when,
    case
        when judged.figure is null then 'no_data'
        -- A share of next to nothing is no reason to keep the books open.
        when
            judged.gate_id in ('reconciliation_gap', 'unknown_share', 'missing_invoice')
            and abs(judged.amount_usd) < {{ var('gate_smallest_usd') }}
            then 'pass'
        when judged.bad_when = 'above' and judged.figure > judged.error_at then 'fail'
        when judged.bad_when = 'below' and judged.figure < judged.error_at then 'fail'
        when judged.bad_when = 'above' and judged.figure > judged.warn_at then 'warn'
        when judged.bad_when = 'below' and judged.figure < judged.warn_at then 'warn'
        else 'pass'
    end as status,
    cast(judged.amount_usd as decimal(38, 12)) as amount_usd,
    judged.look_first
from judged
cross join period
