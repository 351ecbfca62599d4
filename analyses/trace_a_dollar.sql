-- From a figure to the raw lines and price rows behind it: the largest cell of fct_cost_daily, drilled down.
-- The drill-down adds up to the cell exactly.
with

cell as (

    select *
    from marts.fct_cost_daily
    where cost_layer = 'managed_api'
    order by cost_usd desc, date, provider_or_pool, team_id, feature_name, model
    limit 1

)

select
    cell.date,
    cell.team_id,
    cell.feature_name,
    cell.model,
    cell.cost_usd as cell_cost_usd,
    sum(requests.request_cost_usd) over () as drilled_down_usd,
    requests.request_id,
    requests.request_cost_usd,
    requests.attribution_method,
    requests.price_id,
    requests._source_file,
    requests._source_row
from cell
inner join marts.fct_requests as requests
    on
        cell.date = requests.request_date
        and cell.provider_or_pool = requests.provider
        and cell.team_id = coalesce(requests.team_id, 'unattributed')
        and cell.feature_name = coalesce(requests.feature_name, '(none)')
        and cell.model = requests.model
order by requests.request_cost_usd desc
limit 20;
