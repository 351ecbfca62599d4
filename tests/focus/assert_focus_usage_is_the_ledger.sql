-- Usage states the ledger's dollars and tokens, class by class, day by day (UTC), to the last digit: the charges' unit
-- prices are the ones that the ledger used.
{%- set token_classes = ['uncached_input', 'cache_read', 'cache_write', 'output'] %}

with

charges as (

    select
        cast(ChargePeriodStart as date) as date,
        ProviderName as provider,
        sum(BilledCost) as cost_usd,
        sum(ListCost) as list_usd,
        sum(coalesce(x_UncachedInputTokens, 0)) as uncached_input_tokens,
        sum(coalesce(x_CacheReadTokens, 0)) as cache_read_tokens,
        sum(coalesce(x_CacheWriteTokens, 0)) as cache_write_tokens,
        sum(coalesce(x_OutputTokens, 0)) as output_tokens
    from {{ ref('focus_cost_and_usage') }}
    where x_ChargeKind in ('usage', 'unpriced_usage', 'gpu_hours')
    group by
        cast(ChargePeriodStart as date),
        ProviderName

),

ledger_rows as (

    select
        cast(requested_at as date) as date,
        provider,
        {%- for token_class in token_classes %}
        {% for meter in whole_token_meters() if meter.token_class == token_class -%}
        {{ meter.usage }}{{ ' + ' if not loop.last }}
        {%- endfor %} as {{ token_class }}_tokens,
        {%- endfor %}
        attempt_cost_usd as cost_usd,
        list_cost_usd as list_usd
    from {{ ref('fct_attempts') }}
    where row_kind != 'cache_hit'
    union all
    select
        cost_date as date,
        'self_hosted' as provider,
        0 as uncached_input_tokens,
        0 as cache_read_tokens,
        0 as cache_write_tokens,
        0 as output_tokens,
        cost_usd,
        cost_usd as list_usd
    from {{ ref('int_gpu_costs__daily') }}

),

ledger as (

    select
        date,
        provider,
        sum(coalesce(cost_usd, 0)) as cost_usd,
        sum(coalesce(list_usd, 0)) as list_usd,
        sum(coalesce(uncached_input_tokens, 0)) as uncached_input_tokens,
        sum(coalesce(cache_read_tokens, 0)) as cache_read_tokens,
        sum(coalesce(cache_write_tokens, 0)) as cache_write_tokens,
        sum(coalesce(output_tokens, 0)) as output_tokens
    from ledger_rows
    group by
        date,
        provider

)

select
    coalesce(ledger.date, charges.date) as date,
    coalesce(ledger.provider, charges.provider) as provider
from ledger
full outer join charges on ledger.date = charges.date and ledger.provider = charges.provider
where
    coalesce(ledger.cost_usd, 0) != coalesce(charges.cost_usd, 0)
    {%- for column in ['list_usd', 'uncached_input_tokens', 'cache_read_tokens', 'cache_write_tokens', 'output_tokens'] %}
    or coalesce(ledger.{{ column }}, 0) != coalesce(charges.{{ column }}, 0)
    {%- endfor %}
