-- Promise 3: the dollars add up. Per provider and UTC month, the rows of the three-way match add up to the bill's usage
-- lines, the billable attempts of the ledger and the provider's usage export, in tokens and in dollars, exactly. The
-- sources are summed here from lines, attempts and buckets, and joined both ways: a provider that is absent on one side
-- fails. Which lines state tokens is the match's own rule, so billed tokens are not counted here.
{%- set classes = whole_token_meters() | map(attribute='usage') | list %}

with

sources as (

    select
        provider,
        cast(date_trunc('month', charge_start_at) as date) as month,
        'billed' as what,
        sum(pricing_usd) as usd,
        cast(0 as decimal(38, 6)) as tokens
    from {{ ref('int_billing__lines') }}
    where line_type = 'usage' and billed_usd is not null
    group by
        provider,
        cast(date_trunc('month', charge_start_at) as date)
    union all
    select
        provider,
        cast(date_trunc('month', requested_at) as date) as month,
        'ledger' as what,
        coalesce(sum(attempt_cost_usd), 0) as usd,
        {% for tokens in classes %}coalesce(sum({{ tokens }}), 0){{ ' + ' if not loop.last }}{% endfor %} as tokens
    from {{ ref('fct_attempts') }}
    where provider != 'self_hosted' and pricing_status in ('priced', 'unpriced')
    group by
        provider,
        cast(date_trunc('month', requested_at) as date)
    having
        sum(attempt_cost_usd) != 0
        or {% for tokens in classes %}coalesce(sum({{ tokens }}), 0){{ ' + ' if not loop.last }}{% endfor %} > 0
    union all
    select
        provider,
        cast(date_trunc('month', usage_date) as date) as month,
        'exported' as what,
        coalesce(sum(usage_cost_usd), 0) as usd,
        {% for tokens in classes %}coalesce(sum({{ tokens }}), 0){{ ' + ' if not loop.last }}{% endfor %} as tokens
    from {{ ref('int_provider_usage__costed') }}
    group by
        provider,
        cast(date_trunc('month', usage_date) as date)
    having
        sum(usage_cost_usd) != 0
        or {% for tokens in classes %}coalesce(sum({{ tokens }}), 0){{ ' + ' if not loop.last }}{% endfor %} > 0

),

matches as (

    {% for what, usd, tokens in [
        ('billed', 'billed_usd', '0'),
        ('ledger', 'ledger_cost_usd', 'ledger_tokens'),
        ('exported', 'exported_cost_usd', 'exported_tokens'),
    ] %}
    select
        provider,
        month,
        '{{ what }}' as what,
        coalesce(sum({{ usd }}), 0) as usd,
        coalesce(sum({{ tokens }}), 0) as tokens
    from {{ ref('fct_three_way_match') }}
    where {{ usd }} is not null{{ ' or ' ~ tokens ~ ' is not null' if tokens != '0' }}
    group by
        provider,
        month
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    coalesce(sources.provider, matches.provider) as provider,
    coalesce(sources.month, matches.month) as month,
    coalesce(sources.what, matches.what) as what,
    sources.usd as source_usd,
    matches.usd as matched_usd,
    sources.tokens as source_tokens,
    matches.tokens as matched_tokens
from sources
full outer join matches
    on sources.provider = matches.provider and sources.month = matches.month and sources.what = matches.what
where
    sources.usd is null
    or matches.usd is null
    or sources.usd != matches.usd
    or sources.tokens != matches.tokens
