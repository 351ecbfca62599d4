with

-- Pools count up to what the cloud billed at our rate, so that no rate shows in what is left.
lines as (

    select
        *,
        case when provider = 'gpu_cloud' then 0 else billed_usd - pricing_usd end as fx_usd
    from {{ ref('int_billing__lines') }}
    where billed_usd is not null

),

exchanged as (

    select
        provider,
        month,
        currency,
        pricing_currency,
        sum(fx_usd) as residual_usd,
        sum(billed_usd) as billed_usd,
        sum(pricing_usd) as pricing_usd,
        count(*) as line_count
    from lines
    where fx_usd != 0
    group by
        provider,
        month,
        currency,
        pricing_currency

),

-- Lines that are no usage are a difference as they stand: the ledger holds usage alone.
other_lines as (

    select
        provider,
        month,
        line_type,
        case line_type
            when 'tax' then 'tax'
            when 'correction' then 'correction'
            when 'fee' then 'minimum_or_commitment'
            when 'commitment' then 'minimum_or_commitment'
            else 'credit'
        end as residual_class,
        sum(billed_usd - fx_usd) as residual_usd,
        count(*) as line_count,
        min(description) as description
    from lines
    where line_type != 'usage'
    group by
        provider,
        month,
        line_type

),

-- The ledger has what commitments serve at its price on demand. The bill has their fees instead.
committed as (

    select
        provider,
        cast(date_trunc('month', requested_at) as date) as month,
        model,
        -sum(attempt_cost_usd) as residual_usd,
        sum(request_count) as request_count,
        min(commitment_id) as commitment_id
    from {{ ref('fct_attempts') }}
    where commitment_id is not null and attempt_cost_usd != 0
    group by
        provider,
        cast(date_trunc('month', requested_at) as date),
        model

),

traced_models as (

    select distinct
        provider,
        cast(date_trunc('month', requested_at) as date) as month,
        model
    from {{ ref('fct_attempts') }}
    where provider != 'self_hosted'

),

-- Usage that is not counted in tokens (images, minutes, hours of a deployment) of a model that no trace names.
untraced_models as (

    select
        lines.provider,
        lines.month,
        lines.model,
        sum(lines.billed_usd) as residual_usd,
        count(*) as line_count
    from {{ ref('int_reconciliation__usage_lines') }} as lines
    left join traced_models
        on lines.provider = traced_models.provider and lines.month = traced_models.month and lines.model = traced_models.model
    where not lines.is_token_line and lines.model is not null and traced_models.model is null
    group by
        lines.provider,
        lines.month,
        lines.model

)

select
    provider,
    month,
    'all' as model,
    residual_class,
    'line_type' as rule,
    cast(residual_usd as decimal(38, 12)) as residual_usd,
    cast(line_count as string) || case when line_count = 1 then ' line' else ' lines' end || ' of type ' || line_type
    || coalesce(', first: ' || description, '') as evidence
from other_lines
union all
select
    provider,
    month,
    'all' as model,
    'fx' as residual_class,
    'rate_of_the_provider' as rule,
    cast(residual_usd as decimal(38, 12)) as residual_usd,
    cast(line_count as string) || ' lines in ' || currency || ', priced in ' || pricing_currency || ': '
    || {{ in_usd('billed_usd') }} || ' at our rates of the days, ' || {{ in_usd('pricing_usd') }}
    || ' at what the provider took for ' || pricing_currency as evidence
from exchanged
union all
select
    provider,
    month,
    model,
    'minimum_or_commitment' as residual_class,
    'served_under_commitment' as rule,
    cast(residual_usd as decimal(38, 12)) as residual_usd,
    cast(request_count as string) || ' requests of ' || model || ' that commitments served (first: ' || commitment_id
    || ') are in the ledger at their price on demand and not billed by the token' as evidence
from committed
union all
select
    provider,
    month,
    model,
    'not_captured' as residual_class,
    'untraced_model' as rule,
    cast(residual_usd as decimal(38, 12)) as residual_usd,
    model || ': billed in ' || cast(line_count as string) || ' lines without tokens, and no trace names the model' as evidence
from untraced_models
union all
select
    provider,
    month,
    model,
    residual_class,
    rule,
    residual_usd,
    evidence
from {{ ref('int_reconciliation__price_effects') }}
union all
select
    provider,
    month,
    model,
    residual_class,
    rule,
    residual_usd,
    evidence
from {{ ref('int_reconciliation__token_effects') }}
