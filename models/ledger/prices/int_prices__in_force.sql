with

bands as (

    select
        *,
        lead(starts_above) over (
            partition by provider, model, service_tier, effective_from order by starts_above
        ) as next_starts_above
    from {{ ref('int_prices__filled') }}

)

select
    provider,
    model,
    service_tier,
    effective_from,
    effective_until,
    case when starts_above = 0 then cast(-1 as bigint) else starts_above end as above_context_tokens,
    coalesce(next_starts_above, cast(1000000000000 as bigint)) as up_to_context_tokens,
    is_excess_only,
    {%- for kind in ['list_', ''] %}
    {%- for meter in meters() %}
    {{ kind }}{{ meter.meter }}_usd,
    {%- if meter.unit == 'token' %}
    -- What one token in each place of the context below this band comes to, where only the excess costs more.
    cast(
        case
            when is_excess_only
                then coalesce(
                    sum((next_starts_above - starts_above) * {{ kind }}{{ meter.meter }}_usd) over below, 0
                )
        end as decimal(38, 12)
    ) as {{ kind }}{{ meter.meter }}_usd_below,
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
    has_contract_rate,
    price_source,
    provider || '/' || model || '/' || service_tier || '/' || cast(effective_from as string) as price_id
from bands
window
    below as (
        partition by provider, model, service_tier, effective_from
        order by starts_above
        rows between unbounded preceding and 1 preceding
    )
