-- What is each team charged for a month, and why is that not what it used?
-- booked_usd is what goes to the ledger of finance: whole cents that add up. The last row of a month checks them
-- against the invoices; what remains there is own GPUs beyond the machines on the cloud bill.
with

months as (

    select
        month,
        sum(direct_cost_usd) as direct_cost_usd,
        sum(shared_cost_usd) as shared_cost_usd,
        sum(unattributed_share_usd) as unattributed_share_usd,
        sum(booked_usd) as booked_usd
    from marts.fct_chargeback_monthly
    group by month

),

teams_and_months as (

    select
        month,
        team_name,
        cost_center,
        direct_cost_usd,
        shared_cost_usd,
        unattributed_share_usd,
        booked_usd,
        null as beyond_invoices_usd
    from marts.fct_chargeback_monthly
    union all
    select
        months.month,
        'all teams' as team_name,
        null as cost_center,
        months.direct_cost_usd,
        months.shared_cost_usd,
        months.unattributed_share_usd,
        months.booked_usd,
        months.booked_usd - coverage.invoice_usd as beyond_invoices_usd
    from months
    left join marts.fct_coverage_monthly as coverage
        on months.month = coverage.month and coverage.provider = 'all'

)

select
    month,
    team_name,
    cost_center,
    round(direct_cost_usd, 2) as direct_usd,
    round(shared_cost_usd, 2) as shared_usd,
    round(unattributed_share_usd, 2) as unowned_usd,
    booked_usd,
    round(beyond_invoices_usd, 2) as beyond_invoices_usd
from teams_and_months
order by month desc, team_name = 'all teams' asc, booked_usd desc;
