-- Promise 5: what could be saved is never more than what it cost, for each route, break, session, pool, job and finding.
-- (GPU pools and jobs have their own tests; here are those that speak of the ledger, and the findings over all.)
with

route_months as (

    select
        cast(date_trunc('month', request_date) as date) as month,
        route_id,
        sum(coalesce(attempt_cost_usd, 0)) as cost_usd
    from {{ ref('fct_attempts') }}
    group by
        cast(date_trunc('month', request_date) as date),
        route_id

),

route_days as (

    select
        request_date,
        route_id,
        provider,
        model,
        sum(coalesce(attempt_cost_usd, 0)) as cost_usd
    from {{ ref('fct_attempts') }}
    group by
        request_date,
        route_id,
        provider,
        model

),

sessions as (

    select
        route_id,
        session_id,
        sum(coalesce(attempt_cost_usd, 0)) as cost_usd
    from {{ ref('fct_attempts') }}
    where session_id is not null
    group by
        route_id,
        session_id

),

month_totals as (

    select
        month,
        sum(cost_usd) as cost_usd
    from {{ ref('fct_team_spend_monthly') }}
    group by month

),

claims as (

    select
        'overspend' as claim,
        overspend.route_id as subject,
        overspend.overspend_usd + overspend.justified_premium_usd as saved_usd,
        least(overspend.current_cost_usd, route_months.cost_usd) as cost_usd,
        overspend.right_sized_cost_usd >= 0
        and overspend.current_cost_usd - overspend.right_sized_cost_usd = overspend.overspend_usd as is_consistent
    from {{ ref('fct_route_overspend_monthly') }} as overspend
    left join route_months on overspend.month = route_months.month and overspend.route_id = route_months.route_id
    union all
    select
        'cache_break' as claim,
        breaks.route_id as subject,
        breaks.waste_usd as saved_usd,
        sum(route_days.cost_usd) as cost_usd,
        true as is_consistent
    from {{ ref('fct_cache_breaks') }} as breaks
    left join route_days
        on
            breaks.route_id = route_days.route_id
            and breaks.provider = route_days.provider
            and breaks.model = route_days.model
            and route_days.request_date between breaks.first_date and breaks.last_date
    group by
        breaks.route_id,
        breaks.provider,
        breaks.model,
        breaks.started_at,
        breaks.waste_usd
    union all
    select
        'runaway_session' as claim,
        loops.session_id as subject,
        loops.waste_usd as saved_usd,
        sessions.cost_usd,
        loops.cost_usd = sessions.cost_usd as is_consistent
    from {{ ref('fct_agent_loops') }} as loops
    left join sessions on loops.session_id = sessions.session_id and loops.route_id = sessions.route_id
    union all
    select
        'finding' as claim,
        findings.finding_id as subject,
        findings.monthly_savings_usd as saved_usd,
        case findings.finding_type
            when 'model_tier_overspend' then least(month_totals.cost_usd, route_months.cost_usd)
            when 'unused_commitment' then commitments.commitment_cost_usd  -- a fee is not in the ledger
            else month_totals.cost_usd
        end as cost_usd,
        findings.monthly_savings_usd <= findings.amount_usd as is_consistent
    from {{ ref('fct_findings') }} as findings
    left join month_totals on findings.month = month_totals.month
    left join route_months on findings.month = route_months.month and findings.subject = route_months.route_id
    left join {{ ref('fct_commitments_monthly') }} as commitments
        on
            findings.month = commitments.month
            and findings.subject = commitments.provider || ' ' || commitments.commitment_id

)

select
    claim,
    subject,
    saved_usd,
    cost_usd
from claims
where saved_usd is null or cost_usd is null or saved_usd < 0 or saved_usd > cost_usd or not is_consistent
