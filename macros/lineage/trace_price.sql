{#
    A query with the rows of the price sheets that one price of the ledger was made from: a row per meter, context threshold
    and contract rate. A model in own_model_prices has left the reference sheet altogether.

        dbt show --inline "{{ trace_price('openai/gpt-6-luna/standard/2026-06-18') }}"

    price_id: as in fct_requests and fct_attempts: provider/model/tier/first day of the period.
#}
{% macro trace_price(price_id) -%}
    {%- set model_and_tier = price_id.rsplit('/', 1)[0] | replace("'", "''") -%}
    {%- set first_day = "cast('" ~ price_id.rsplit('/', 1)[1] ~ "' as date)" -%}
with

rows as (

    {% for sheet in ['own_model_prices', 'model_prices'] %}
    select
        '{{ sheet }}' as sheet,
        provider,
        model,
        coalesce(service_tier, 'standard') as service_tier,
        meter,
        coalesce(above_context_tokens, 0) as above_context_tokens,
        usd_per_unit,
        effective_from,
        effective_until,
        source,
        retrieved_on
    from {{ ref(sheet) }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

-- own_model_prices sorts after model_prices: a model that has prices there is priced by them alone.
ruling as (

    select
        provider,
        model,
        max(sheet) as sheet
    from rows
    group by
        provider,
        model

)

select
    rows.*,
    rates.multiplier as contract_multiplier,
    rates.reason as contract_reason
from rows
inner join ruling on rows.provider = ruling.provider and rows.model = ruling.model and rows.sheet = ruling.sheet
left join {{ ref('contract_rates') }} as rates
    on
        rows.provider = rates.provider
        and rows.model like coalesce(rates.model_pattern, '%')
        and (rates.meter is null or rows.meter = rates.meter)
        and {{ first_day }} >= coalesce(rates.effective_from, date '1970-01-01')
        and {{ first_day }} < coalesce(rates.effective_until, date '9999-12-31')
where
    rows.provider || '/' || rows.model || '/' || rows.service_tier = '{{ model_and_tier }}'
    and {{ first_day }} >= coalesce(rows.effective_from, date '1970-01-01')
    and {{ first_day }} < coalesce(rows.effective_until, date '9999-12-31')
{%- endmacro %}
