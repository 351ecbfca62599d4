-- One row per finding, the largest saving first. evidence_page: where the site shows what it rests on.
select
    findings.finding_id,
    findings.month,
    strftime(findings.month, '%Y-%m') as month_id,
    findings.rank,
    findings.audit_surface as surface_id,
    label(findings.audit_surface) as audit_surface,
    label(findings.finding_type) as finding,
    findings.subject,
    coalesce(findings.owner_team_id, 'unattributed') as owner_team_id,
    coalesce(teams.team_name, findings.owner_team_id, 'No owner') as owner,
    '/teams/' || coalesce(findings.owner_team_id, 'unattributed') as owner_page,
    findings.amount_usd,
    findings.monthly_savings_usd,
    findings.effort_days,
    label(findings.confidence) as confidence,
    findings.evidence,
    page_name(findings.finding_id) as page_name,
    '/findings/' || page_name(findings.finding_id) || '/' as page,
    case
        when findings.finding_type in ('model_tier_overspend', 'cache_break')
            then '/routes/' || page_name(findings.subject) || '/'
        when findings.finding_type in ('idle_gpu_pool', 'oversized_gpu_pool', 'gpu_rate_outlier')
            then '/gpus/' || page_name(findings.subject) || '/'
        when findings.finding_type = 'orphaned_training_job' then '/gpus/'
        when findings.finding_type = 'runaway_session' then '/efficiency/'
        when findings.finding_type = 'spend_spike' then '/alerts/'
        when findings.finding_type = 'unattributed_spend' then '/teams/unattributed'
        when findings.finding_type = 'unpriced_requests' then '/models/'
        when findings.finding_type = 'unused_commitment' then '/commitments/'
        else '/reconciliation/'
    end as evidence_page,
    case
        when findings.finding_type in ('model_tier_overspend', 'cache_break') then 'The route, month by month and day by day'
        when findings.finding_type in ('idle_gpu_pool', 'oversized_gpu_pool', 'gpu_rate_outlier') then 'The GPU pool and its hours'
        when findings.finding_type = 'orphaned_training_job' then 'Training jobs, orphaned ones first'
        when findings.finding_type = 'runaway_session' then 'Runaway sessions and what they cost'
        when findings.finding_type = 'spend_spike' then 'Days that cost more than expected'
        when findings.finding_type = 'unattributed_spend' then 'Spend without a team, month by month'
        when findings.finding_type = 'unpriced_requests' then 'Models and what of them has no price'
        when findings.finding_type = 'unused_commitment' then 'Commitments and what they save'
        else 'The invoice against the ledger'
    end as evidence_title
from marts.fct_findings as findings
left join marts.dim_teams as teams on findings.owner_team_id = teams.team_id
order by findings.month desc, findings.rank
