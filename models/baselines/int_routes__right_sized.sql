with

usage as (

    select
        cast(date_trunc('month', attempts.request_date) as date) as month,
        attempts.request_date,
        attempts.route_id,
        attempts.provider,
        attempts.model,
        attempts.service_tier,
        {%- for meter in whole_token_meters() %}
        sum(attempts.{{ meter.usage }}) as {{ meter.usage }},
        {%- endfor %}
        sum(attempts.tool_cost_usd) as tool_cost_usd,
        sum(attempts.attempt_cost_usd) as cost_usd
    from {{ ref('fct_attempts') }} as attempts
    where attempts.pricing_status = 'priced'
    group by
        cast(date_trunc('month', attempts.request_date) as date),
        attempts.request_date,
        attempts.route_id,
        attempts.provider,
        attempts.model,
        attempts.service_tier

),

tiers as (

    select
        provider,
        model,
        tier,
        tokenizer_factor,
        is_tier_default,
        {{ tier_rank('tier') }} as tier_rank
    from {{ ref('int_model_tiers__current') }}

),

routes as (

    select
        *,
        {{ tier_rank('minimum_tier') }} as minimum_tier_rank
    from {{ ref('dim_routes') }}

),

prices as (

    select * from {{ ref('int_prices__in_force') }}
    where service_tier = 'standard' and above_context_tokens = -1

),

-- A model has proven itself for a task class when its latest evaluation met the class's quality bar.
evaluations as (

    select
        quality_evals.task_class,
        quality_evals.provider,
        quality_evals.model,
        quality_evals.evidence_level,
        {{ share('quality_evals.passed', 'quality_evals.total') }} >= task_classes.quality_bar as has_passed,
        row_number() over (
            partition by quality_evals.task_class, quality_evals.provider, quality_evals.model
            order by quality_evals.evaluated_on desc, quality_evals.evidence_level desc, quality_evals.passed
        ) as recency
    from {{ ref('quality_evals') }} as quality_evals
    inner join {{ ref('task_classes') }} as task_classes on quality_evals.task_class = task_classes.task_class

),

-- Candidates for a route: models of the same provider, of the route's minimum tier or above, below the tier in use,
-- that are the provider's default for their tier or have passed an evaluation.
candidates as (

    select
        usage.request_date,
        usage.route_id,
        usage.provider,
        usage.model,
        usage.service_tier,
        candidate_tiers.model as candidate_model,
        candidate_tiers.tier_rank as candidate_rank,
        routes.minimum_tier_rank,
        coalesce(evaluations.has_passed, false) as is_proven,
        evaluations.evidence_level,
        cast(
            (
                {% for meter in whole_token_meters() -%}
                usage.{{ meter.usage }} * prices.{{ meter.meter }}_usd{{ ' + ' if not loop.last }}
                {%- endfor %}
            ) * candidate_tiers.tokenizer_factor / current_tiers.tokenizer_factor as decimal(38, 12)
        ) + usage.tool_cost_usd as candidate_cost_usd
    from usage
    inner join routes on usage.route_id = routes.route_id
    inner join tiers as current_tiers on usage.provider = current_tiers.provider and usage.model = current_tiers.model
    inner join tiers as candidate_tiers
        on
            usage.provider = candidate_tiers.provider
            and candidate_tiers.tier_rank >= routes.minimum_tier_rank
            and candidate_tiers.tier_rank < current_tiers.tier_rank
    inner join prices
        on
            candidate_tiers.provider = prices.provider
            and candidate_tiers.model = prices.model
            and usage.request_date >= prices.effective_from
            and usage.request_date < prices.effective_until
    left join evaluations
        on
            routes.task_class = evaluations.task_class
            and usage.provider = evaluations.provider
            and candidate_tiers.model = evaluations.model
            and evaluations.recency = 1
    -- A model that was tried and failed is no candidate, default or not.
    where
        coalesce(evaluations.has_passed, candidate_tiers.is_tier_default and candidate_tiers.tier_rank = routes.minimum_tier_rank)

),

monthly_candidates as (

    select
        cast(date_trunc('month', request_date) as date) as month,
        route_id,
        provider,
        model,
        candidate_model,
        is_proven,
        max(evidence_level) as evidence_level,
        count(*) as priced_days,
        sum(candidate_cost_usd) as candidate_cost_usd
    from candidates
    group by
        cast(date_trunc('month', request_date) as date),
        route_id,
        provider,
        model,
        candidate_model,
        is_proven

),

monthly as (

    select
        month,
        route_id,
        provider,
        model,
        count(*) as used_days,
        cast(
            sum(
                {{ all_tokens() }}
            ) as bigint
        ) as tokens,
        sum(cost_usd) as cost_usd
    from usage
    group by
        month,
        route_id,
        provider,
        model

),

preferred as (

    select
        monthly_candidates.*,
        row_number() over (
            partition by
                monthly_candidates.month, monthly_candidates.route_id, monthly_candidates.provider, monthly_candidates.model
            order by
                case when monthly_candidates.is_proven then 0 else 1 end,
                monthly_candidates.candidate_cost_usd,
                monthly_candidates.candidate_model
        ) as preference
    from monthly_candidates
    inner join monthly
        on
            monthly_candidates.month = monthly.month
            and monthly_candidates.route_id = monthly.route_id
            and monthly_candidates.provider = monthly.provider
            and monthly_candidates.model = monthly.model
            and monthly_candidates.priced_days = monthly.used_days
            and monthly_candidates.candidate_cost_usd < monthly.cost_usd

)

-- One row per month, route, provider and model, with the model that would do, if one is cheaper.
select
    monthly.month,
    monthly.route_id,
    monthly.provider,
    monthly.model,
    monthly.tokens,
    monthly.cost_usd,
    preferred.candidate_model,
    coalesce(preferred.is_proven, false) as is_proven,
    coalesce(preferred.evidence_level, 0) as evidence_level,
    coalesce(preferred.candidate_cost_usd, monthly.cost_usd) as candidate_cost_usd
from monthly
left join preferred
    on
        monthly.month = preferred.month
        and monthly.route_id = preferred.route_id
        and monthly.provider = preferred.provider
        and monthly.model = preferred.model
        and preferred.preference = 1
