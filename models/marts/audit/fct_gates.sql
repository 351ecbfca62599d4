with

period as (

    select * from {{ ref('int_audit__period') }}

),

coverage as (

    select
        coverage.*,
        {{ share('coverage.billed_usd - coverage.ledger_usd', 'coverage.billed_usd') }} as gap_share
    from {{ ref('fct_coverage_monthly') }} as coverage
    inner join period on coverage.month = period.audit_month

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
        abs(gap_share) as figure,
        {{ var('gate_reconciliation_gap_warn') }} as warn_at,
        {{ var('gate_reconciliation_gap_error') }} as error_at,
        'above' as bad_when,
        'fct_reconciliation_daily for ' || provider || ': the days and models with the largest gap_usd; USD '
        || coalesce(cast(cast(billed_usd - ledger_usd as decimal(18, 2)) as string), '?') || ' open' as look_first
    from coverage
    where provider not in ('all', 'gpu_cloud')

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
        'dim_models where not is_priced and provider = ''' || requests.provider
        || ''': add an alias, a price row or an own_model_prices row' as look_first
    from requests
    inner join period on cast(date_trunc('month', requests.request_date) as date) = period.audit_month
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
        'fct_coverage_monthly: the provider with the largest unattributed_usd; USD '
        || coalesce(cast(cast(unattributed_usd as decimal(18, 2)) as string), '?') || ' without an owner' as look_first
    from coverage
    where provider = 'all'

),

-- A provider that reported on at least seven days is expected to report every day.
silent_provider as (

    select
        'silent_provider' as gate_id,
        requests.provider,
        cast(max({{ days_between('requests.last_seen', 'period.audit_date') }}) as decimal(18, 6)) as figure,
        {{ var('gate_silent_provider_days_warn') }} as warn_at,
        {{ var('gate_silent_provider_days_error') }} as error_at,
        'above' as bad_when,
        'last trace of ' || requests.provider || ' on ' || cast(max(requests.last_seen) as string)
        || ': is its gateway export still landing?' as look_first
    from (
        select
            provider,
            max(request_date) as last_seen,
            count(distinct request_date) as active_days
        from requests
        group by provider
    ) as requests
    cross join period
    where requests.active_days >= 7
    group by requests.provider

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
        'bills of ' || lines.provider || ' in ' || coalesce(max(case when lines.billed_usd is null then lines.currency end), '')
        || ': add the rate to the seed fx_rates' as look_first
    from {{ ref('int_billing__lines') }} as lines
    inner join period on cast(date_trunc('month', lines.charge_start_at) as date) = period.audit_month
    group by lines.provider
    having sum(case when lines.currency != 'USD' then 1 else 0 end) > 0

),

attempts as (

    select
        attempts.*,
        attempts.uncached_input_tokens + attempts.cache_read_tokens + attempts.cache_write_5m_tokens
        + attempts.cache_write_30m_tokens + attempts.cache_write_1h_tokens + attempts.cache_write_12h_tokens
        + attempts.output_tokens as tokens
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
        'fct_attempts of ' || provider || ' without token counts: ask the client for usage in streams' as look_first
    from attempts
    where not is_error
    group by provider

),

gates as (

    select * from reconciliation_gap
    union all
    select * from unpriced_share
    union all
    select * from coverage_floor
    union all
    select * from silent_provider
    union all
    select * from unconverted_currency
    union all
    select * from token_totals
    union all
    select * from unknown_usage

)

select
    gates.gate_id,
    gates.provider,
    period.audit_month as month,
    cast(gates.figure as decimal(18, 6)) as figure,
    cast(gates.warn_at as decimal(18, 6)) as warn_at,
    cast(gates.error_at as decimal(18, 6)) as error_at,
    gates.bad_when,
    case
        when gates.figure is null then 'no_data'
        when gates.bad_when = 'above' and gates.figure > gates.error_at then 'fail'
        when gates.bad_when = 'below' and gates.figure < gates.error_at then 'fail'
        when gates.bad_when = 'above' and gates.figure > gates.warn_at then 'warn'
        when gates.bad_when = 'below' and gates.figure < gates.warn_at then 'warn'
        else 'pass'
    end as status,
    gates.look_first
from gates
cross join period
