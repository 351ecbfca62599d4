with

period as (

    select * from {{ ref('int_audit__period') }}

),

coverage as (

    select coverage.*
    from {{ ref('fct_coverage_monthly') }} as coverage
    inner join period on coverage.month = period.audit_month
    where coverage.provider = 'all'

),

team_spend as (

    select
        sum(case when spend.team_id = 'unattributed' then spend.cost_usd else 0 end) as unattributed_usd,
        sum(spend.cost_usd) as cost_usd
    from {{ ref('fct_team_spend_monthly') }} as spend
    inner join period on spend.month = period.audit_month

),

overspend as (

    select
        sum(overspend.overspend_usd) as overspend_usd,
        sum(overspend.current_cost_usd) as cost_usd,
        sum(case when overspend.verdict != 'unclassified' then overspend.current_cost_usd end) as classified_usd,
        sum(case when overspend.verdict = 'unclassified' then overspend.current_cost_usd else 0 end) as unclassified_usd
    from {{ ref('fct_route_overspend_monthly') }} as overspend
    inner join period on overspend.month = period.audit_month

),

requests as (

    select
        sum(case when requests.pricing_status = 'unpriced' then requests.request_count else 0 end) as unpriced_count,
        sum(requests.request_count) as request_count,
        sum(requests.retry_cost_adjustment_usd) as retry_usd,
        sum(requests.request_cost_usd) as cost_usd,
        sum(case when requests.attempt_count > 1 then requests.request_cost_usd end) as retried_usd,
        sum(case when requests.cache_read_tokens > 0 then requests.request_cost_usd end) as cached_usd,
        sum(case when requests.session_id is not null then requests.request_cost_usd end) as session_usd
    from {{ ref('fct_requests') }} as requests
    inner join period on cast(date_trunc('month', requests.request_date) as date) = period.audit_month
    where requests.provider != 'self_hosted'

),

efficiency as (

    select
        coalesce(sum(case when findings.finding_type = 'cache_break' then findings.amount_usd end), 0) as cache_break_usd,
        coalesce(sum(case when findings.finding_type = 'runaway_session' then findings.amount_usd end), 0) as runaway_usd
    from {{ ref('fct_findings') }} as findings

),

gpu as (

    select
        sum(pools.idle_usd) as idle_usd,
        sum(pools.orphaned_usd) as orphaned_usd,
        sum(pools.cost_usd) as cost_usd,
        sum(case when pools.is_rate_outlier then 1 else 0 end) as outlier_count
    from {{ ref('fct_gpu_pools_monthly') }} as pools
    inner join period on pools.month = period.audit_month

),

checks as (

    select
        'coverage' as check_id,
        'token_attribution' as audit_surface,
        'Does every invoice dollar have an owner?' as question,
        coverage_share as figure,
        0.90 as pass_at,
        0.70 as warn_at,
        'at_least' as direction
    from coverage
    union all
    select
        'unattributed_ledger' as check_id,
        'token_attribution' as audit_surface,
        'Is traced spend stamped with a team, a known key or a rule?' as question,
        {{ share('unattributed_usd', 'cost_usd') }} as figure,
        0.02 as pass_at,
        0.10 as warn_at,
        'at_most' as direction
    from team_spend
    union all
    select
        'tier_overspend' as check_id,
        'model_tier' as audit_surface,
        'Is premium money spent only where a task needs it?' as question,
        -- A check passes on evidence: without a task class, a retry, a cached token or a session there is none.
        {{ share('overspend_usd', 'case when classified_usd > 0 then cost_usd end') }} as figure,
        0.02 as pass_at,
        0.10 as warn_at,
        'at_most' as direction
    from overspend
    union all
    select
        'classified_routes' as check_id,
        'model_tier' as audit_surface,
        'Does every route have a task class that says which tier it needs?' as question,
        {{ share('unclassified_usd', 'cost_usd') }} as figure,
        0.05 as pass_at,
        0.25 as warn_at,
        'at_most' as direction
    from overspend
    union all
    select
        'unpriced_requests' as check_id,
        'request_pricing' as audit_surface,
        'Does every request have a price of its own day?' as question,
        {{ share('unpriced_count', 'request_count') }} as figure,
        0.001 as pass_at,
        0.02 as warn_at,
        'at_most' as direction
    from requests
    union all
    select
        'retry_cost' as check_id,
        'request_pricing' as audit_surface,
        'What share of spend goes into attempts that were thrown away?' as question,
        {{ share('retry_usd', 'case when retried_usd is not null then cost_usd end') }} as figure,
        0.02 as pass_at,
        0.05 as warn_at,
        'at_most' as direction
    from requests
    union all
    select
        'cache_breaks' as check_id,
        'prompt_efficiency' as audit_surface,
        'Did prompt caching, once established, keep working?' as question,
        {{ share(
            'efficiency.cache_break_usd', 'case when requests.cached_usd is not null then requests.cost_usd end'
        ) }} as figure,
        0.002 as pass_at,
        0.02 as warn_at,
        'at_most' as direction
    from efficiency
    cross join requests
    union all
    select
        'runaway_sessions' as check_id,
        'prompt_efficiency' as audit_surface,
        'Do agent sessions end?' as question,
        {{ share(
            'efficiency.runaway_usd', 'case when requests.session_usd is not null then requests.cost_usd end'
        ) }} as figure,
        0.002 as pass_at,
        0.02 as warn_at,
        'at_most' as direction
    from efficiency
    cross join requests
    union all
    select
        'idle_gpus' as check_id,
        'gpu_idle' as audit_surface,
        'Are the GPUs that are paid for at work?' as question,
        {{ share('idle_usd', 'cost_usd') }} as figure,
        0.02 as pass_at,
        0.20 as warn_at,
        'at_most' as direction
    from gpu
    union all
    select
        'orphaned_jobs' as check_id,
        'gpu_idle' as audit_surface,
        'Do training jobs stop when they stop making progress?' as question,
        {{ share('orphaned_usd', 'cost_usd') }} as figure,
        0.001 as pass_at,
        0.02 as warn_at,
        'at_most' as direction
    from gpu
    union all
    select
        'gpu_rates' as check_id,
        'gpu_idle' as audit_surface,
        'Is each GPU rate one that a GPU of its kind can cost?' as question,
        cast(outlier_count as decimal(18, 6)) as figure,
        0 as pass_at,
        0 as warn_at,
        'at_most' as direction
    from gpu

)

select
    period.audit_date,
    checks.check_id,
    checks.audit_surface,
    checks.question,
    case
        when checks.figure is null then 'no_data'
        when checks.direction = 'at_least' and checks.figure >= checks.pass_at then 'pass'
        when checks.direction = 'at_least' and checks.figure >= checks.warn_at then 'warn'
        when checks.direction = 'at_most' and checks.figure <= checks.pass_at then 'pass'
        when checks.direction = 'at_most' and checks.figure <= checks.warn_at then 'warn'
        else 'fail'
    end as status,
    cast(checks.figure as decimal(18, 6)) as figure,
    checks.direction,
    cast(checks.pass_at as decimal(18, 6)) as threshold,
    cast(checks.warn_at as decimal(18, 6)) as warn_threshold
from checks
cross join period
