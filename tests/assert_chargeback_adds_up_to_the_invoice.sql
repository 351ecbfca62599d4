-- What the teams are charged is what the providers invoiced, plus what the company's own GPUs cost beyond the cloud bill:
-- to the last decimal, and booked in cents to the rounded total. A month on one side only fails.
with

invoiced as (

    select
        month,
        sum(billed_usd) as usd,
        sum(
            case when provider = 'gpu_cloud' and line_type in ('usage', 'fee', 'commitment') then billed_usd else 0 end
        ) as gpu_usd
    from {{ ref('int_billing__lines') }}
    group by month

),

own_gpus as (

    select
        cast(date_trunc('month', cost_date) as date) as month,
        sum(cost_usd) as usd
    from {{ ref('int_gpu_costs__daily') }}
    group by cast(date_trunc('month', cost_date) as date)

),

expected as (

    select
        coalesce(invoiced.month, own_gpus.month) as month,
        coalesce(invoiced.usd, 0) + case
            when own_gpus.month is not null then greatest(own_gpus.usd - coalesce(invoiced.gpu_usd, 0), 0)
            else 0
        end as usd
    from invoiced
    full outer join own_gpus on invoiced.month = own_gpus.month

),

charged as (

    select
        month,
        sum(total_usd) as usd,
        sum(booked_usd) as booked_usd
    from {{ ref('fct_chargeback_monthly') }}
    group by month

)

select
    coalesce(expected.month, charged.month) as month,
    expected.usd as expected_usd,
    charged.usd as charged_usd,
    charged.booked_usd
from expected
full outer join charged on expected.month = charged.month
where
    coalesce(expected.usd, 0) != coalesce(charged.usd, 0)
    or round(coalesce(expected.usd, 0), 2) != coalesce(charged.booked_usd, 0)
