-- Promise 3: what requests cost, part by part, is the managed API layer of fct_cost_daily, month by month and cell by cell,
-- to the last decimal; and the parts are the cost.
with

requests as (

    select * from {{ ref('fct_request_costs_monthly') }}

),

ledger as (

    select
        cast(date_trunc('month', date) as date) as month,
        team_id,
        provider_or_pool,
        model,
        feature_name,
        sum(cost_usd) as cost_usd,
        sum(request_count) as request_count,
        sum(unpriced_request_count) as unpriced_request_count
    from {{ ref('fct_cost_daily') }}
    where cost_layer = 'managed_api'
    group by
        cast(date_trunc('month', date) as date),
        team_id,
        provider_or_pool,
        model,
        feature_name

)

select
    coalesce(requests.month, ledger.month) as month,
    coalesce(requests.team_id, ledger.team_id) as team_id,
    coalesce(requests.provider, ledger.provider_or_pool) as provider,
    coalesce(requests.model, ledger.model) as model,
    coalesce(requests.feature_name, ledger.feature_name) as feature_name,
    ledger.cost_usd as expected_usd,
    requests.cost_usd as found_usd
from requests
full outer join ledger
    on
        requests.month = ledger.month
        and requests.team_id = ledger.team_id
        and requests.provider = ledger.provider_or_pool
        and requests.model = ledger.model
        and requests.feature_name = ledger.feature_name
where
    requests.month is null
    or ledger.month is null
    or requests.cost_usd is distinct from ledger.cost_usd
    or requests.request_count is distinct from ledger.request_count
    or requests.unpriced_request_count is distinct from ledger.unpriced_request_count
    or requests.cost_usd is distinct from requests.input_cost_usd + requests.cache_read_cost_usd
    + requests.cache_write_cost_usd + requests.output_cost_usd + requests.tool_cost_usd + requests.retry_cost_usd
