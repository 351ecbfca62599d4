{%- set row_of = ['provider', 'month', 'period_start', 'model', 'service_tier', 'meter'] %}

with

ledger_models as (

    select distinct
        provider,
        month,
        model
    from {{ ref('int_reconciliation__ledger_tokens') }}

),

steps as (

    select
        token_steps.*,
        ledger_models.model is null and token_steps.committed_tokens = 0 as is_untraced_model
    from {{ ref('int_reconciliation__token_steps') }} as token_steps
    left join ledger_models
        on
            token_steps.provider = ledger_models.provider
            and token_steps.month = ledger_models.month
            and token_steps.model = ledger_models.model

),

effects as (

    select
        {{ row_of | join(',\n        ') }},
        'tier_moved' as rule,
        excess_1 - excess_2 as tokens,
        usd_per_token,
        case when is_batch_off = 1 then 'batch' else 'service_tier' end as residual_class,
        'as many tokens of a meter, of which the provider serves some as another tier than the gateway logs' as what
    from steps
    where excess_1 != excess_2
    union all
    select
        {{ row_of | join(',\n        ') }},
        'class_moved' as rule,
        excess_2 - excess_3 as tokens,
        usd_per_token,
        'token_class' as residual_class,
        'as many tokens on a side, split otherwise into cached, written and plain ones' as what
    from steps
    where excess_2 != excess_3
    union all
    select
        {{ row_of | join(',\n        ') }},
        'day_moved' as rule,
        excess_3 - excess_4 as tokens,
        usd_per_token,
        'day_boundary' as residual_class,
        'tokens that the provider counts on the day before or after' as what
    from steps
    where excess_3 != excess_4
    union all
    select
        {{ row_of | join(',\n        ') }},
        'repeated_requests' as rule,
        excess - excess_1 as tokens,
        usd_per_token,
        'duplicate_capture' as residual_class,
        'the ledger has more, and holds requests twice: same id and tokens, another time' as what
    from steps
    where excess != excess_1
    union all
    select
        {{ row_of | join(',\n        ') }},
        'untraced_key' as rule,
        excess_4 - excess_5 as tokens,
        usd_per_token,
        'not_captured' as residual_class,
        case when owner_team_id is null then 'unknown key ' else 'known key ' end || first_key_id
        || case when key_count > 1 then ' and ' || cast(key_count - 1 as string) || ' more' else '' end
        || coalesce(' (owner ' || owner_team_id || ')', '') || ' used the model and left no trace of it' as what
    from steps
    where excess_4 != excess_5
    union all
    select
        {{ row_of | join(',\n        ') }},
        last_rule as rule,
        excess_5 as tokens,
        usd_per_token,
        case last_rule
            when 'ledger_has_more' then 'unknown'
            when 'requests_without_counts' then 'unpriced'
            when 'spilled_over' then 'minimum_or_commitment'
            when 'retries_not_shown' then 'billed_retry'
            else 'not_captured'
        end as residual_class,
        case last_rule
            when 'ledger_has_more' then 'the ledger has tokens that the provider does not count'
            when 'requests_without_counts'
                then cast(uncounted_requests as string) || ' requests are in the ledger without token counts'
            when 'retries_not_shown'
                then 'the gateway reports retries of these days and shows no tokens for them; they explain as much'
            when 'spilled_over'
                then 'requests that a commitment was to serve were billed by the token'
            else
                case
                    when is_untraced_model then 'no trace of the month names the model'
                    else 'keys with traces used more than was traced'
                end
        end as what
    from steps
    where excess_5 != 0
    union all
    select
        {{ row_of | join(',\n        ') }},
        'no_price' as rule,
        unpriced_tokens as tokens,
        usd_per_token,
        'unpriced' as residual_class,
        'tokens of the ledger that no price row covers, at the '
        || case priced_by when 'bill' then 'billed price' else 'price of the sheet' end as what
    from {{ ref('int_reconciliation__cells') }}
    where unpriced_tokens != 0

),

summed as (

    select
        provider,
        month,
        model,
        residual_class,
        rule,
        what,
        sum(cast(tokens * usd_per_token as decimal(38, 12))) as residual_usd,
        sum(greatest(tokens, 0)) as tokens_above,
        -sum(least(tokens, 0)) as tokens_below,
        min(period_start) as first_period,
        max(period_start) as last_period
    from effects
    group by
        provider,
        month,
        model,
        residual_class,
        rule,
        what

)

select
    provider,
    month,
    model,
    residual_class,
    rule,
    cast(residual_usd as decimal(38, 12)) as residual_usd,
    model || ', ' || cast(first_period as string) || ' to ' || cast(last_period as string) || ': ' || what || ' ('
    || cast(cast(tokens_above as decimal(20, 0)) as string) || ' tokens more, '
    || cast(cast(tokens_below as decimal(20, 0)) as string) || ' fewer)' as evidence
from summed
