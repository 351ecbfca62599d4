-- Promise 3: the dollars add up, exactly. Owners and the unattributed row are the ledger and the GPU pools; users are the
-- ledger; what is owned and what is not are the invoice; days are months. Each month is compared both ways.
with

ledger as (

    select
        cast(date_trunc('month', request_date) as date) as month,
        sum(case when provider != 'self_hosted' then coalesce(request_cost_usd, 0) else 0 end) as managed_usd,
        sum(coalesce(request_cost_usd, 0)) as usd,
        sum(case when team_id is null then coalesce(request_cost_usd, 0) else 0 end) as unowned_usd
    from {{ ref('fct_requests') }}
    group by cast(date_trunc('month', request_date) as date)

),

gpus as (

    select
        cast(date_trunc('month', cost_date) as date) as month,
        sum(cost_usd) as usd,
        sum(case when team_id is null then cost_usd else 0 end) as unowned_usd
    from {{ ref('int_gpu_costs__daily') }}
    group by cast(date_trunc('month', cost_date) as date)

),

teams as (

    select
        month,
        sum(managed_api_cost_usd) as managed_usd,
        sum(cost_usd) as usd,
        sum(case when team_id = 'unattributed' then cost_usd else 0 end) as unowned_usd,
        sum(case when team_id = 'unattributed' then 1 else 0 end) as unattributed_rows
    from {{ ref('fct_team_spend_monthly') }}
    group by month

),

users as (

    select
        month,
        sum(cost_usd) as usd
    from {{ ref('fct_user_spend_monthly') }}
    group by month

),

days as (

    select
        cast(date_trunc('month', date) as date) as month,
        sum(cost_usd) as usd
    from {{ ref('fct_cost_daily') }}
    group by cast(date_trunc('month', date) as date)

),

owners as (

    select
        coalesce(ledger.month, gpus.month, teams.month, days.month) as month,
        coalesce(ledger.managed_usd, 0) as managed_usd,
        coalesce(ledger.usd, 0) as ledger_usd,
        coalesce(ledger.usd, 0) + coalesce(gpus.usd, 0) as total_usd,
        coalesce(ledger.unowned_usd, 0) + coalesce(gpus.unowned_usd, 0) as unowned_usd,
        coalesce(teams.managed_usd, 0) as team_managed_usd,
        coalesce(teams.usd, 0) as team_usd,  -- null where nothing of the month has a price
        coalesce(teams.unowned_usd, 0) as team_unowned_usd,
        teams.unattributed_rows,
        coalesce(days.usd, 0) as day_usd,
        coalesce(users.usd, 0) as user_usd
    from ledger
    full outer join gpus on ledger.month = gpus.month
    full outer join teams on coalesce(ledger.month, gpus.month) = teams.month
    full outer join days on coalesce(ledger.month, gpus.month, teams.month) = days.month
    left join users on coalesce(ledger.month, gpus.month, teams.month, days.month) = users.month

),

invoices as (

    select
        month,
        sum(billed_usd) as invoice_usd,
        sum(case when line_type in ('usage', 'fee', 'commitment') then billed_usd else 0 end) as billed_usd
    from {{ ref('int_billing__lines') }}
    group by month

),

coverage as (

    select
        month,
        sum(case when provider = 'all' then invoice_usd end) as invoice_usd,
        sum(case when provider = 'all' then billed_usd end) as billed_usd,
        sum(case when provider = 'all' then attributed_usd + unattributed_usd end) as covered_usd,
        sum(case when provider != 'all' then billed_usd end) as providers_billed_usd,
        sum(case when provider != 'all' then attributed_usd + unattributed_usd end) as providers_covered_usd
    from {{ ref('fct_coverage_monthly') }}
    group by month

)

select
    'owners and the ledger' as what,
    month,
    total_usd as expected_usd,
    team_usd as found_usd
from owners
where
    team_usd is distinct from total_usd
    or team_managed_usd is distinct from managed_usd
    or team_unowned_usd is distinct from unowned_usd
    or day_usd is distinct from total_usd
    or unattributed_rows is distinct from 1
union all
select
    'users and the ledger' as what,
    month,
    ledger_usd as expected_usd,
    user_usd as found_usd
from owners
where user_usd != ledger_usd
union all
select
    'coverage and the invoice' as what,
    coalesce(invoices.month, coverage.month) as month,
    invoices.billed_usd as expected_usd,
    coverage.covered_usd as found_usd
from invoices
full outer join coverage on invoices.month = coverage.month
where
    coalesce(invoices.billed_usd, 0) != coalesce(coverage.billed_usd, 0)
    or coalesce(invoices.invoice_usd, 0) != coalesce(coverage.invoice_usd, 0)
    or coalesce(invoices.billed_usd, 0) != coalesce(coverage.covered_usd, 0)
    or coalesce(invoices.billed_usd, 0) != coalesce(coverage.providers_billed_usd, 0)
    or coalesce(invoices.billed_usd, 0) != coalesce(coverage.providers_covered_usd, 0)
