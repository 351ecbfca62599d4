{#-
    The excess of the provider's tokens over the ledger's, and what is left of it after each step. What a step takes away is
    what its rule explains (int_reconciliation__token_effects).
-#}
with

cells as (

    select
        *,
        case when meter in ('output', 'all') then meter else 'input' end as side,
        cast(counted_tokens - ledger_tokens as decimal(38, 6)) as excess
    from {{ ref('int_reconciliation__cells') }}

),

-- ---- 1. The ledger has more: requests that it holds twice.
with_repeats as (

    select
        cells.*,
        coalesce(repeats.tokens, 0) as repeated_tokens,
        sum(cells.excess) over per_model as model_excess,
        sum(coalesce(repeats.tokens, 0)) over per_model as model_repeated_tokens
    from cells
    left join {{ ref('int_reconciliation__repeated_tokens') }} as repeats
        on
            cells.provider = repeats.provider
            and cells.period_start = repeats.period_start
            and cells.model = repeats.model
            and cells.service_tier = repeats.service_tier
            and cells.meter = repeats.meter
    window per_model as (partition by cells.provider, cells.period_start, cells.model)

),

-- Repeats count as far as the ledger has more over all meters: one that the provider billed as well is no duplicate.
after_repeats as (

    select
        *,
        cast(
            excess + repeated_tokens * cast(
                coalesce(least(greatest(-model_excess, 0) / nullif(model_repeated_tokens, 0), 1), 0) as decimal(18, 12)
            ) as decimal(38, 6)
        ) as excess_1
    from with_repeats

),

-- ---- 2. The same meter under another tier.
after_tiers as (

    select
        *,
        max(case when service_tier = 'batch' and excess_1 != 0 then 1 else 0 end) over (
            partition by provider, period_start, model, meter
        ) as is_batch_off,
        {{ net_of('excess_1', ['provider', 'period_start', 'model', 'meter']) }} as excess_2
    from after_repeats

),

-- ---- 3. The same side under another meter: as many tokens in all, split otherwise.
after_classes as (

    select
        *,
        {{ net_of('excess_2', ['provider', 'period_start', 'model', 'side']) }} as excess_3
    from after_tiers

),

-- ---- 4. The next or the previous day with the opposite sign. Of a run of such days each is paired once.
daily as (

    select
        provider,
        model,
        meter,
        period_start,
        sum(excess_3) as day_excess
    from after_classes
    where excess_3 != 0
    group by
        provider,
        model,
        meter,
        period_start

),

neighbours as (

    select
        *,
        lead(period_start) over days as next_period,
        lead(day_excess) over days as next_excess
    from daily
    window days as (partition by provider, model, meter order by period_start)

),

facing as (

    select
        *,
        coalesce(next_period = period_start + interval '1' day and sign(next_excess) = -sign(day_excess), false) as is_facing
    from neighbours

),

runs as (

    select
        *,
        coalesce(
            sum(case when is_facing then 0 else 1 end) over (
                partition by provider, model, meter
                order by period_start
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as run
    from facing

),

paired as (

    select
        *,
        cast(floor((row_number() over (partition by provider, model, meter, run order by period_start) - 1) / 2) as bigint)
            as pair
    from runs

),

with_pairs as (

    select
        after_classes.*,
        paired.run,
        paired.pair
    from after_classes
    left join paired
        on
            after_classes.provider = paired.provider
            and after_classes.model = paired.model
            and after_classes.meter = paired.meter
            and after_classes.period_start = paired.period_start

),

after_days as (

    select
        *,
        {{ net_of('excess_3', ['provider', 'model', 'meter', 'run', 'pair']) }} as excess_4
    from with_pairs

),

-- ---- 5. The provider has more: keys of which the ledger has no trace.
untraced as (

    select
        provider,
        period_start,
        model,
        service_tier,
        meter,
        sum(tokens) as tokens
    from {{ ref('int_reconciliation__untraced_keys') }}
    group by
        provider,
        period_start,
        model,
        service_tier,
        meter

),

untraced_keys as (

    select
        provider,
        month,
        model,
        key_id,
        owner_team_id,
        sum(tokens) as tokens,
        row_number() over (partition by provider, month, model order by sum(tokens) desc, key_id) as importance
    from {{ ref('int_reconciliation__untraced_keys') }}
    group by
        provider,
        month,
        model,
        key_id,
        owner_team_id

),

untraced_months as (

    select
        provider,
        month,
        model,
        sum(tokens) as untraced_tokens,
        count(*) as key_count,
        max(case when importance = 1 then key_id end) as first_key_id,
        max(case when importance = 1 then owner_team_id end) as owner_team_id
    from untraced_keys
    group by
        provider,
        month,
        model

),

with_untraced as (

    select
        after_days.*,
        least(greatest(after_days.excess_4, 0), coalesce(untraced.tokens, 0)) as untraced_tokens,
        untraced_months.key_count,
        untraced_months.first_key_id,
        untraced_months.owner_team_id,
        untraced_months.untraced_tokens as month_untraced_tokens,
        sum(greatest(after_days.excess_4, 0)) over (
            partition by after_days.provider, after_days.month, after_days.model
        ) as month_excess
    from after_days
    left join untraced
        on
            after_days.provider = untraced.provider
            and after_days.period_start = untraced.period_start
            and after_days.model = untraced.model
            and after_days.service_tier = untraced.service_tier
            and after_days.meter = untraced.meter
    left join untraced_months
        on
            after_days.provider = untraced_months.provider
            and after_days.month = untraced_months.month
            and after_days.model = untraced_months.model

),

-- A key without a trace explains the excess only if nearly all that it used is in excess: else its traces have another
-- name (a few requests may come without a key).
after_keys as (

    select
        *,
        cast(
            case
                when coalesce(month_untraced_tokens, 0) * 0.9 <= month_excess then excess_4 - untraced_tokens
                else excess_4
            end as decimal(38, 6)
        ) as excess_5
    from with_untraced

),

-- ---- 6. What is left: requests without counts, what a commitment let spill over, then retries that the gateway reports
-- and does not show.
grains as (

    select * from {{ ref('int_reconciliation__grains') }}

),

uncounted as (

    select
        attempts.provider,
        grains.month,
        case when grains.is_over_all_models then 'all' else attempts.model end as model,
        sum(attempts.request_count) as uncounted_requests
    from {{ ref('fct_attempts') }} as attempts
    inner join grains
        on attempts.provider = grains.provider and cast(date_trunc('month', attempts.requested_at) as date) = grains.month
    where
        attempts.pricing_status = 'unpriced'
        and attempts.commitment_id is null
        and attempts.uncached_input_tokens is null
        and not coalesce(attempts.is_error, false)
    group by
        attempts.provider,
        grains.month,
        case when grains.is_over_all_models then 'all' else attempts.model end

),

-- Requests that a commitment was to serve, and that the provider billed by the token once it was full.
committed as (

    select
        attempts.provider,
        case when grains.is_monthly then grains.month else cast(attempts.requested_at as date) end as period_start,
        case when grains.is_over_all_models then 'all' else attempts.model end as model,
        sum(
            {{ all_tokens(of='attempts') }}
        ) as committed_tokens
    from {{ ref('fct_attempts') }} as attempts
    inner join grains
        on attempts.provider = grains.provider and cast(date_trunc('month', attempts.requested_at) as date) = grains.month
    where attempts.commitment_id is not null
    group by
        attempts.provider,
        case when grains.is_monthly then grains.month else cast(attempts.requested_at as date) end,
        case when grains.is_over_all_models then 'all' else attempts.model end

),

with_retries as (

    select
        after_keys.*,
        coalesce(uncounted.uncounted_requests, 0) as uncounted_requests,
        coalesce(committed.committed_tokens, 0) as committed_tokens,
        coalesce(hidden_retries.input_tokens, 0) as retry_input_tokens,
        coalesce(hidden_retries.output_tokens, 0) as retry_output_tokens,
        sum(case when after_keys.side != 'output' then greatest(after_keys.excess_5, 0) else 0 end) over (
            partition by after_keys.provider, after_keys.period_start, after_keys.model
        ) as input_excess,
        sum(case when after_keys.side = 'output' then greatest(after_keys.excess_5, 0) else 0 end) over (
            partition by after_keys.provider, after_keys.period_start, after_keys.model
        ) as output_excess
    from after_keys
    left join uncounted
        on
            after_keys.provider = uncounted.provider
            and after_keys.month = uncounted.month
            and after_keys.model = uncounted.model
    left join committed
        on
            after_keys.provider = committed.provider
            and after_keys.period_start = committed.period_start
            and after_keys.model = committed.model
    left join {{ ref('int_reconciliation__hidden_retries') }} as hidden_retries
        on
            after_keys.provider = hidden_retries.provider
            and after_keys.period_start = hidden_retries.period_start
            and after_keys.model = hidden_retries.model

),

-- Retries explain a day's excess that is no larger than the retried requests; and only if they explain the month's.
by_day as (

    select
        *,
        coalesce(
            input_excess <= retry_input_tokens + case when side = 'all' then retry_output_tokens else 0 end
            and output_excess <= retry_output_tokens, false
        ) as is_within_retries
    from with_retries

)

select
    provider,
    month,
    period_start,
    model,
    service_tier,
    meter,
    usd_per_token,
    excess,
    excess_1,
    excess_2,
    excess_3,
    excess_4,
    excess_5,
    is_batch_off,
    key_count,
    first_key_id,
    owner_team_id,
    uncounted_requests,
    cast(committed_tokens as decimal(20, 0)) as committed_tokens,
    case
        when excess_5 = 0 then null
        when excess_5 < 0 then 'ledger_has_more'
        when uncounted_requests > 0 then 'requests_without_counts'
        when input_excess + output_excess <= committed_tokens then 'spilled_over'
        when
            is_within_retries
            and sum(case when is_within_retries then greatest(excess_5, 0) else 0 end) over per_month
            >= 0.9 * sum(greatest(excess_5, 0)) over per_month
            then 'retries_not_shown'
        else 'provider_has_more'
    end as last_rule
from by_day
window per_month as (partition by provider, month, model)
