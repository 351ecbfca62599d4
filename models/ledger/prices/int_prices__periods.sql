with

listed as (

    select * from {{ ref('int_prices__listed') }}

),

contracted as (

    select distinct
        listed.provider,
        listed.model,
        listed.service_tier,
        contract_rates.effective_from,
        contract_rates.effective_until
    from listed
    inner join {{ ref('int_contract_rates__dated') }} as contract_rates
        on listed.provider = contract_rates.provider and listed.model like contract_rates.model_pattern

),

-- A period ends wherever one of the model's prices or contract rates changes, so that within it every rate is one number.
boundaries as (

    {%- for relation in ['listed', 'contracted'] %}
    {%- for boundary in ['effective_from', 'effective_until'] %}
    select
        provider,
        model,
        service_tier,
        {{ boundary }} as boundary
    from {{ relation }}
    {{ 'union' if not loop.last }}
    {%- endfor %}
    {{ 'union' if not loop.last }}
    {%- endfor %}

),

periods as (

    select
        provider,
        model,
        service_tier,
        boundary as effective_from,
        lead(boundary) over (partition by provider, model, service_tier order by boundary) as effective_until
    from boundaries

)

select * from periods
where effective_until is not null
