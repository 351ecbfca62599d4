with

thresholds as (

    select distinct
        provider,
        model,
        service_tier,
        above_context_tokens
    from {{ ref('int_prices__listed') }}

),

models as (

    select distinct
        provider,
        model
    from thresholds

),

rules as (

    select
        models.provider,
        models.model,
        rules.rule,
        rules.threshold_test,
        row_number() over (
            partition by models.provider, models.model
            order by length(replace(rules.model_pattern, '%', '')) desc, rules.model_pattern
        ) as preference
    from models
    inner join {{ ref('long_context_rules') }} as rules
        on models.provider = rules.provider and models.model like rules.model_pattern

)

-- How a model's long-context prices apply; without a rule of its own to the whole request, strictly above the threshold.
select
    thresholds.provider,
    thresholds.model,
    thresholds.service_tier,
    thresholds.above_context_tokens,
    -- 'at or above' N is above N - 1, since tokens are whole.
    case
        when thresholds.above_context_tokens = 0 then 0
        when rules.threshold_test = 'at_or_above' then thresholds.above_context_tokens - 1
        else thresholds.above_context_tokens
    end as starts_above,
    coalesce(rules.rule = 'excess_only', false) as is_excess_only
from thresholds
left join rules
    on thresholds.provider = rules.provider and thresholds.model = rules.model and rules.preference = 1
