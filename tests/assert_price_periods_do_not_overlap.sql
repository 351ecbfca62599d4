-- A meter of a model has one price at a time, in the reference sheet, in the company's own sheet, and in what the ledger
-- uses of both; a period has an end after its start and a price that is not negative.
{%- set sheets = [('model_prices', ref('model_prices')), ('own_model_prices', ref('own_model_prices'))] %}

with

listed as (

    {% for name, relation in sheets %}
    select
        '{{ name }}' as sheet,
        provider,
        model,
        meter,
        coalesce(service_tier, 'standard') as service_tier,
        coalesce(above_context_tokens, 0) as above_context_tokens,
        coalesce(effective_from, date '1970-01-01') as effective_from,
        coalesce(effective_until, date '9999-12-31') as effective_until,
        usd_per_unit
    from {{ relation }}
    union all
    {% endfor %}
    select
        'int_prices__in_force' as sheet,
        provider,
        model,
        'all' as meter,
        service_tier,
        above_context_tokens,
        effective_from,
        effective_until,
        0 as usd_per_unit
    from {{ ref('int_prices__in_force') }}

),

with_next as (

    select
        *,
        lead(effective_from) over (
            partition by sheet, provider, model, meter, service_tier, above_context_tokens
            order by effective_from, effective_until
        ) as next_effective_from
    from listed

)

select * from with_next
where
    effective_until <= effective_from
    or next_effective_from < effective_until
    or usd_per_unit is null
    or usd_per_unit < 0
