-- From a figure to the raw lines and price rows behind it: the largest cell of fct_cost_daily, drilled down.
-- The drill-down adds up to the cell exactly. Any cell of the other marts: macro trace_dollar, docs/lineage.md.
with

cell as (

    select *
    from marts.fct_cost_daily
    where cost_layer = 'managed_api'
    order by cost_usd desc, date, provider_or_pool, team_id, feature_name, model
    limit 1

),

own_models as (

    select distinct
        provider,
        model
    from seeds.own_model_prices

),

-- The rows of the sheet behind a price_id (provider/model/tier/first day), without prices above a context threshold.
rows as (

    select *, 'own_model_prices' as sheet
    from seeds.own_model_prices
    union all by name
    select model_prices.*, 'model_prices' as sheet
    from seeds.model_prices
    left join own_models on model_prices.provider = own_models.provider and model_prices.model = own_models.model
    where own_models.model is null

),

sheet as (

    select
        *,
        cast(usd_per_unit as decimal(38, 12)) * 1000000 as usd_per_million
    from rows

),

used as (

    select distinct price_id
    from marts.fct_requests

),

prices as (

    select
        used.price_id,
        max(sheet.sheet) as price_sheet,
        max(case when sheet.meter = 'input' then sheet.usd_per_million end) as sheet_input_usd_per_million,
        max(case when sheet.meter = 'cache_read' then sheet.usd_per_million end) as sheet_cache_read_usd_per_million,
        max(case when sheet.meter = 'output' then sheet.usd_per_million end) as sheet_output_usd_per_million,
        max(case when sheet.meter = 'input' then sheet.source end) as sheet_source
    from used
    inner join sheet
        on
            used.price_id
            like sheet.provider || '/' || sheet.model || '/' || coalesce(sheet.service_tier, 'standard') || '/____-__-__'
            and cast(right(used.price_id, 10) as date) >= coalesce(sheet.effective_from, date '1970-01-01')
            and cast(right(used.price_id, 10) as date) < coalesce(sheet.effective_until, date '9999-12-31')
            and coalesce(sheet.above_context_tokens, 0) = 0
    group by used.price_id

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
    requests.pricing_status,
    requests.price_source,
    requests.price_id,
    prices.price_sheet,
    prices.sheet_input_usd_per_million,
    prices.sheet_cache_read_usd_per_million,
    prices.sheet_output_usd_per_million,
    prices.sheet_source,
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
left join prices on requests.price_id = prices.price_id
order by requests.request_cost_usd desc
limit 20;
