-- What should we fix first, and what does it bring?
-- USD of the audit month; savings per person-day tells quick wins from projects. A finding with no savings brings an
-- owner or an explanation instead.
select
    rank,
    finding_type,
    subject,
    owner_team_id,
    round(amount_usd, 2) as amount_usd,
    round(monthly_savings_usd, 2) as monthly_savings_usd,
    effort_days,
    round(monthly_savings_usd / nullif(effort_days, 0), 2) as monthly_savings_usd_per_day_of_work,
    confidence,
    evidence
from marts.fct_findings
order by rank;
