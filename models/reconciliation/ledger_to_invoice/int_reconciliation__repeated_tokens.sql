with

attempts as (

    select
        *,
        cast(date_trunc('month', requested_at) as date) as month,
        cast(requested_at as date) as charge_date
    from {{ ref('fct_attempts') }}
    where provider != 'self_hosted' and pricing_status in ('priced', 'unpriced')

),

-- A request that the ledger holds again with the same id and the same tokens. Whether the provider billed it again shows
-- in its own count.
numbered as (

    select
        *,
        row_number() over (
            partition by
                provider, model, request_id, {{ whole_token_meters() | map(attribute='usage') | join(', ') }}
            order by requested_at, gateway, _source_file, _source_row, _source_item
        ) as repetition
    from attempts

),

grains as (

    select * from {{ ref('int_reconciliation__grains') }}

),

repeated as (

    {%- for meter in whole_token_meters() %}
    select
        provider,
        month,
        charge_date,
        model,
        service_tier,
        '{{ meter.meter }}' as meter,
        {{ meter.usage }} as tokens
    from numbered
    where repetition > 1
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    repeated.provider,
    case when grains.is_monthly then repeated.month else repeated.charge_date end as period_start,
    case when grains.is_over_all_models then 'all' else repeated.model end as model,
    repeated.service_tier,
    case when grains.is_over_all_meters then 'all' else repeated.meter end as meter,
    sum(repeated.tokens) as tokens
from repeated
inner join grains on repeated.provider = grains.provider and repeated.month = grains.month
group by
    repeated.provider,
    case when grains.is_monthly then repeated.month else repeated.charge_date end,
    case when grains.is_over_all_models then 'all' else repeated.model end,
    repeated.service_tier,
    case when grains.is_over_all_meters then 'all' else repeated.meter end
