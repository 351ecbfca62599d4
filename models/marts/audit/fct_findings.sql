with

period as (

    select * from {{ ref('int_audit__period') }}

),

owners as (

    select * from {{ ref('int_route_owners__in_audit_month') }}

),

model_tier_overspend as (

    select
        'model_tier' as audit_surface,
        'model_tier_overspend' as finding_type,
        overspend.route_id as subject,
        owners.team_id as owner_team_id,
        overspend.overspend_usd as amount_usd,
        overspend.overspend_usd as monthly_savings_usd,
        case when overspend.verdict = 'proven' then 'high' else 'medium' end as confidence,
        overspend.provider || ' ' || overspend.model || ' where ' || overspend.right_sized_model || ' would do: '
        || cast(cast(overspend.overspend_multiple as decimal(18, 1)) as string) || 'x; '
        || case
            when overspend.verdict = 'proven' then 'an evaluation met the quality bar'
            else 'by the task class, no evaluation yet'
        end as evidence
    from {{ ref('fct_route_overspend_monthly') }} as overspend
    inner join period on overspend.month = period.audit_month
    left join owners on overspend.route_id = owners.route_id
    where overspend.verdict in ('proven', 'candidate')

),

cache_break as (

    select
        'prompt_efficiency' as audit_surface,
        'cache_break' as finding_type,
        breaks.route_id as subject,
        owners.team_id as owner_team_id,
        sum(breaks.waste_usd) as amount_usd,
        -- A dollar is claimed once: on the smaller model, what caching would save is a part of what is left.
        least(
            sum(breaks.waste_usd), coalesce(max(overspend.right_sized_cost_usd), sum(breaks.waste_usd))
        ) as monthly_savings_usd,
        'medium' as confidence,
        'cache reads fell from ' || cast(cast(max(breaks.established_share) * 100 as decimal(18, 0)) as string) || '% to '
        || cast(cast(min(breaks.cache_read_share) * 100 as decimal(18, 0)) as string) || '% of the prompt, '
        || cast(min(breaks.request_date) as string) || ' to ' || cast(max(breaks.request_date) as string)
        || ' (' || min(breaks.provider) || ' ' || min(breaks.model) || ', template '
        || coalesce(min(breaks.previous_template_version), 'unknown') || ' to '
        || coalesce(max(breaks.template_version), 'unknown') || ')' as evidence
    from {{ ref('int_cache_breaks__daily') }} as breaks
    inner join period on cast(date_trunc('month', breaks.request_date) as date) = period.audit_month
    left join owners on breaks.route_id = owners.route_id
    left join {{ ref('fct_route_overspend_monthly') }} as overspend
        on breaks.route_id = overspend.route_id and period.audit_month = overspend.month
    group by
        breaks.route_id,
        owners.team_id

),

runaway_session as (

    select
        'prompt_efficiency' as audit_surface,
        'runaway_session' as finding_type,
        loops.session_id as subject,
        max(loops.team_id) as owner_team_id,
        sum(loops.waste_usd) as amount_usd,
        sum(loops.waste_usd) as monthly_savings_usd,
        'high' as confidence,
        cast(sum(loops.call_count) as string) || ' calls where ' || min(loops.route_id) || ' takes up to '
        || cast(max(loops.normal_call_count) as string) || '; from ' || cast(min(loops.started_at) as string)
        || ' to ' || cast(max(loops.ended_at) as string) as evidence
    from {{ ref('fct_agent_loops') }} as loops
    inner join period
        on cast(date_trunc('month', {{ business_date('loops.started_at') }}) as date) = period.audit_month
    group by loops.session_id

),

coverage as (

    select
        coverage.*,
        coverage.billed_usd - coverage.ledger_usd as gap_usd,
        {{ share('coverage.billed_usd - coverage.ledger_usd', 'coverage.billed_usd') }} as gap_share
    from {{ ref('fct_coverage_monthly') }} as coverage
    inner join period on coverage.month = period.audit_month
    where coverage.provider not in ('all', 'gpu_cloud') and coverage.billed_usd is not null

),

untraced_provider_spend as (

    select
        'token_attribution' as audit_surface,
        'untraced_provider_spend' as finding_type,
        provider as subject,
        cast(null as string) as owner_team_id,
        gap_usd as amount_usd,
        cast(0 as decimal(38, 12)) as monthly_savings_usd,
        'high' as confidence,
        provider || ' billed ' || cast(cast(gap_share * 100 as decimal(18, 1)) as string)
        || '% that no gateway traced: a key outside the gateway, or traces not landed' as evidence
    from coverage
    where gap_share > {{ var('gate_reconciliation_gap_warn') }}

),

reconciliation_gap as (

    select
        'request_pricing' as audit_surface,
        'reconciliation_gap' as finding_type,
        provider as subject,
        cast(null as string) as owner_team_id,
        -gap_usd as amount_usd,
        cast(0 as decimal(38, 12)) as monthly_savings_usd,
        'medium' as confidence,
        'the ledger states ' || cast(cast(-gap_share * 100 as decimal(18, 1)) as string) || '% more than ' || provider
        || ' billed: a price, a discount or a duplicate' as evidence
    from coverage
    where gap_share < -1 * {{ var('gate_reconciliation_gap_warn') }}

),

provider_credit as (

    select
        'request_pricing' as audit_surface,
        'provider_credit' as finding_type,
        lines.provider as subject,
        cast(null as string) as owner_team_id,
        -sum(lines.billed_usd) as amount_usd,
        cast(0 as decimal(38, 12)) as monthly_savings_usd,
        'high' as confidence,
        'credits on the invoice that no team has been given: ' || coalesce(min(lines.description), 'no description') as evidence
    from {{ ref('int_billing__lines') }} as lines
    inner join period on cast(date_trunc('month', lines.charge_start_at) as date) = period.audit_month
    where lines.line_type in ('credit', 'refund')
    group by lines.provider

),

unattributed_spend as (

    select
        'token_attribution' as audit_surface,
        'unattributed_spend' as finding_type,
        'unattributed' as subject,
        cast(null as string) as owner_team_id,
        spend.cost_usd as amount_usd,
        cast(0 as decimal(38, 12)) as monthly_savings_usd,
        'high' as confidence,
        cast(cast(spend.share_of_total * 100 as decimal(18, 1)) as string)
        || '% of the ledger has no team: no stamp, no key owner, no rule' as evidence
    from {{ ref('fct_team_spend_monthly') }} as spend
    inner join period on spend.month = period.audit_month
    where spend.team_id = 'unattributed'

),

unpriced_requests as (

    select
        'request_pricing' as audit_surface,
        'unpriced_requests' as finding_type,
        requests.provider || ' ' || requests.model as subject,
        cast(null as string) as owner_team_id,
        sum(requests.exposure_usd) as amount_usd,
        cast(0 as decimal(38, 12)) as monthly_savings_usd,
        'low' as confidence,
        cast(sum(requests.request_count) as string)
        || ' requests have no price; the amount is the most they can have cost' as evidence
    from {{ ref('fct_requests') }} as requests
    inner join period on cast(date_trunc('month', requests.request_date) as date) = period.audit_month
    where requests.pricing_status = 'unpriced'
    group by
        requests.provider,
        requests.model

),

spend_spike as (

    select
        'token_attribution' as audit_surface,
        'spend_spike' as finding_type,
        spikes.team_id || ' ' || spikes.feature_name as subject,
        spikes.team_id as owner_team_id,
        sum(spikes.excess_usd - spikes.explained_usd) as amount_usd,
        cast(0 as decimal(38, 12)) as monthly_savings_usd,
        'low' as confidence,
        cast(count(*) as string) || ' day(s) above twice the same weekday, first '
        || cast(min(spikes.date) as string) || '; no planned event, no cause found' as evidence
    from {{ ref('fct_spend_spikes_daily') }} as spikes
    inner join period on cast(date_trunc('month', spikes.date) as date) = period.audit_month
    where spikes.verdict = 'unexplained'
    group by
        spikes.team_id,
        spikes.feature_name

),

pools as (

    select pools.*
    from {{ ref('fct_gpu_pools_monthly') }} as pools
    inner join period on pools.month = period.audit_month

),

idle_gpu_pool as (

    select
        'gpu_idle' as audit_surface,
        'idle_gpu_pool' as finding_type,
        pool_id as subject,
        team_id as owner_team_id,
        idle_usd as amount_usd,
        idle_usd as monthly_savings_usd,
        'high' as confidence,
        'idle hours: ' || cast(cast(idle_usd / nullif(cost_usd, 0) * 100 as decimal(18, 1)) as string)
        || '% of the pool''s cost, with no request and no work on the GPU' as evidence
    from pools

),

oversized_gpu_pool as (

    select
        'gpu_idle' as audit_surface,
        'oversized_gpu_pool' as finding_type,
        pool_id as subject,
        team_id as owner_team_id,
        oversize_usd as amount_usd,
        oversize_usd as monthly_savings_usd,
        'medium' as confidence,
        gpu_model || ' where a smaller GPU would do' as evidence
    from pools

),

gpu_rate_outlier as (

    select
        'gpu_idle' as audit_surface,
        'gpu_rate_outlier' as finding_type,
        pool_id as subject,
        team_id as owner_team_id,
        cost_usd as amount_usd,
        cast(0 as decimal(38, 12)) as monthly_savings_usd,
        'medium' as confidence,
        'USD ' || cast(cast(usd_per_gpu_hour as decimal(18, 2)) as string) || ' an hour is outside what one '
        || gpu_model || ' costs: is it the price of a whole node?' as evidence
    from pools
    where is_rate_outlier

),

orphaned_training_job as (

    select
        'gpu_idle' as audit_surface,
        'orphaned_training_job' as finding_type,
        -- Two schedulers may give one number.
        case
            when count(*) over (partition by jobs.job_id) > 1 then jobs.pool_id || '/' || jobs.job_id
            else jobs.job_id
        end as subject,
        jobs.team_id as owner_team_id,
        months.waste_usd as amount_usd,
        months.waste_usd as monthly_savings_usd,
        'high' as confidence,
        'no progress after ' || cast(coalesce(jobs.last_progress_at, jobs.started_at) as string)
        || ', no auto-stop, ' || cast(jobs.gpu_count as string) || ' GPUs held in ' || jobs.pool_id as evidence
    from {{ ref('fct_training_jobs') }} as jobs
    inner join {{ ref('int_training_jobs__monthly') }} as months
        on jobs.pool_id = months.pool_id and jobs.job_id = months.job_id
    inner join period on months.month = period.audit_month
    where jobs.is_orphaned

),

-- What stands idle of reserved GPUs is the finding idle_gpu_pool. Where the commitment pays off, so does what it leaves unused.
unused_commitment as (

    select
        'token_attribution' as audit_surface,
        'unused_commitment' as finding_type,
        commitments.provider || ' ' || commitments.commitment_id as subject,
        cast(null as string) as owner_team_id,
        greatest(coalesce(commitments.unused_cost_usd, 0), -commitments.saving_usd) as amount_usd,
        -commitments.saving_usd as monthly_savings_usd,
        'high' as confidence,
        'USD ' || cast(cast(commitments.commitment_cost_usd as decimal(18, 2)) as string) || ' committed for '
        || commitments.model || ', '
        || coalesce(cast(cast(commitments.used_share * 100 as decimal(18, 1)) as string) || '%', 'an unknown share')
        || ' used; the same tokens cost USD ' || cast(cast(commitments.on_demand_cost_usd as decimal(18, 2)) as string)
        || ' on demand'
        || case when commitments.break_even_used_share > 1 then ', and even full use would not pay off' else '' end
        || coalesce(
            ', break-even at ' || cast(cast(commitments.break_even_used_share * 100 as decimal(18, 1)) as string)
            || '% of the capacity', ''
        ) as evidence
    from {{ ref('fct_commitments_monthly') }} as commitments
    inner join period on commitments.month = period.audit_month
    where
        commitments.verdict in ('unused', 'below_break_even', 'never_pays_off')
        and commitments.provider != 'self_hosted'

),

findings as (

    {% for finding_type in [
        'model_tier_overspend', 'cache_break', 'runaway_session', 'untraced_provider_spend', 'reconciliation_gap',
        'provider_credit', 'unattributed_spend', 'unpriced_requests', 'spend_spike', 'idle_gpu_pool',
        'oversized_gpu_pool', 'gpu_rate_outlier', 'orphaned_training_job', 'unused_commitment',
    ] %}
    select * from {{ finding_type }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

)

select
    findings.finding_type || ':' || findings.subject || ':' || cast(period.audit_month as string) as finding_id,
    period.audit_month as month,
    findings.audit_surface,
    findings.finding_type,
    findings.subject,
    findings.owner_team_id,
    cast(findings.amount_usd as decimal(38, 12)) as amount_usd,
    cast(findings.monthly_savings_usd as decimal(38, 12)) as monthly_savings_usd,
    cast(effort.effort_days as decimal(9, 1)) as effort_days,
    findings.confidence,
    findings.evidence,
    cast(
        row_number() over (
            order by findings.amount_usd desc, findings.finding_type, findings.subject
        ) as bigint
    ) as rank
from findings
cross join period
left join {{ ref('effort') }} as effort on findings.finding_type = effort.finding_type
where findings.amount_usd >= {{ var('finding_minimum_usd') }}
