with

token_commitments as (

    select * from {{ ref('int_commitments__monthly') }}

),

-- Reserved GPUs are commitments too. What they would cost on demand is their working hours at the price list's rate.
working_hours as (

    select
        cast(date_trunc('month', usage_date) as date) as month,
        pool_id,
        sum(gpu_hours) as gpu_hours
    from {{ ref('int_gpu_hours__classified') }}
    where class = 'productive'
    group by
        cast(date_trunc('month', usage_date) as date),
        pool_id

),

reserved_pools as (

    select
        pools.month,
        pools.pool_id,
        pools.gpu_model,
        period.last_date >= cast(pools.month + interval '1' month - interval '1' day as date) as is_month_over,
        pools.gpu_hours,
        pools.tokens,
        pools.cost_usd,
        -- Jobs tell what ran, not what was paid for and stood still.
        case when pools.cost_basis = 'telemetry' then coalesce(working_hours.gpu_hours, 0) end as used_hours,
        prices.usd_per_gpu_hour as on_demand_rate
    from {{ ref('fct_gpu_pools_monthly') }} as pools
    cross join {{ ref('int_audit__period') }} as period
    left join working_hours on pools.month = working_hours.month and pools.pool_id = working_hours.pool_id
    left join {{ ref('int_gpu_prices__in_force') }} as prices
        on
            pools.gpu_model = prices.gpu_model
            and pools.month >= prices.effective_from
            and pools.month < prices.effective_until
    where pools.purchase = 'reserved'

),

commitments as (

    select
        month,
        provider,
        commitment_id,
        kind,
        model,
        is_in_seed,
        is_month_over,
        is_provider_traced,
        unit_hours,
        capacity_tokens,
        served_tokens,
        used_capacity_tokens,
        used_capacity_tokens as used_amount,
        capacity_tokens as capacity_amount,
        billed_usd,
        commitment_cost_usd,
        cost_source,
        on_demand_cost_usd
    from token_commitments
    union all
    select
        month,
        'self_hosted' as provider,
        'gpu_pool/' || pool_id as commitment_id,
        'reserved_capacity' as kind,
        gpu_model as model,
        true as is_in_seed,
        is_month_over,
        true as is_provider_traced,
        gpu_hours as unit_hours,
        cast(null as decimal(38, 6)) as capacity_tokens,
        tokens as served_tokens,
        cast(null as decimal(38, 6)) as used_capacity_tokens,
        used_hours as used_amount,
        gpu_hours as capacity_amount,
        cast(null as decimal(38, 12)) as billed_usd,
        cost_usd as commitment_cost_usd,
        case when cost_usd is null then 'none' else 'seed' end as cost_source,
        cast(used_hours * on_demand_rate as decimal(38, 12)) as on_demand_cost_usd
    from reserved_pools

),

-- A commitment whose capacity is full serves no more: what goes beyond is a burst that the provider let pass.
shared as (

    select
        *,
        case
            when used_amount = 0 then cast(0 as decimal(18, 12))
            when used_amount > capacity_amount then cast(1 as decimal(18, 12))
            else {{ per_unit('used_amount', 'capacity_amount') }}
        end as used_part,
        -- Per million tokens, or GPU hours: of what was bought, and of what was used.
        cast(commitment_cost_usd * 1000000 / nullif(capacity_amount, 0) as decimal(28, 9)) as bought_at,
        cast(on_demand_cost_usd * 1000000 / nullif(used_amount, 0) as decimal(28, 9)) as on_demand_at,
        on_demand_cost_usd - commitment_cost_usd as saving_usd
    from commitments

),

split as (

    select
        *,
        cast(commitment_cost_usd * used_part as decimal(38, 12)) as used_cost_usd,
        -- With the month's mix of tokens, on demand costs in proportion to what is used.
        {{ share('bought_at', 'on_demand_at') }} as break_even_used_share
    from shared

)

select
    month,
    provider,
    commitment_id,
    kind,
    model,
    cast(unit_hours as decimal(38, 12)) as unit_hours,
    cast(capacity_tokens as decimal(38, 6)) as capacity_tokens,
    cast(served_tokens as bigint) as served_tokens,
    cast(used_capacity_tokens as decimal(38, 6)) as used_capacity_tokens,
    cast(used_part as decimal(18, 6)) as used_share,
    cast(commitment_cost_usd as decimal(38, 12)) as commitment_cost_usd,
    cost_source,
    cast(billed_usd as decimal(38, 12)) as billed_usd,
    used_cost_usd,
    cast(commitment_cost_usd - used_cost_usd as decimal(38, 12)) as unused_cost_usd,
    cast(on_demand_cost_usd as decimal(38, 12)) as on_demand_cost_usd,
    cast(saving_usd as decimal(38, 12)) as saving_usd,
    {{ per_unit('commitment_cost_usd * 1000', 'served_tokens') }} as effective_usd_per_1k_tokens,
    {{ per_unit('on_demand_cost_usd * 1000', 'served_tokens') }} as on_demand_usd_per_1k_tokens,
    break_even_used_share,
    case
        when not is_in_seed then 'not_in_seed'
        when commitment_cost_usd is null then 'no_cost'
        when not is_month_over then 'month_not_over'
        when not is_provider_traced then 'no_trace'
        when used_amount is null then 'use_not_known'
        when used_amount = 0 then 'unused'
        when on_demand_cost_usd is null then 'no_on_demand_price'
        when saving_usd >= 0 then 'pays_off'
        when break_even_used_share > 1 then 'never_pays_off'
        else 'below_break_even'
    end as verdict
from split
