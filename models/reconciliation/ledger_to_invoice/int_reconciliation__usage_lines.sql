{#- Below this share of a provider's token dollars, lines that say less than the others do not coarsen the match. -#}
{%- set negligible_share = 0.1 %}

with

lines as (

    select
        lines.provider,
        lines.account_id,
        cast(date_trunc('month', lines.charge_start_at) as date) as month,
        lines.charge_date,
        lines.is_longer_than_a_day,
        coalesce(models.canonical_model, lines.model) as model,
        -- Usage exports count audio and images inside input and output.
        case
            when lines.meter in ('input_audio', 'input_image') then 'input'
            when lines.meter = 'output_audio' then 'output'
            when lines.meter not in ('request', 'web_search') then lines.meter
        end as meter,
        lines.quantity,
        lines.unit,
        lines.key_or_project_id,
        lines.description,
        lines.meter is null and lines.unit is null as is_amount_only,
        -- Prices are compared at the provider's own rate of exchange: what ours differs by is the residual fx.
        lines.pricing_usd as billed_usd,
        -- The last digit of a line: bills in cents round up to a cent of their currency, others to a millionth.
        case
            when
                lines.pricing_usd = cast(lines.pricing_usd as decimal(38, 2))
                or lines.billed_amount = cast(lines.billed_amount as decimal(38, 2))
                then cast(0.01 * greatest(coalesce(lines.usd_per_unit, 1), 1) as decimal(38, 12))
            else cast(0.000001 as decimal(38, 12))
        end as last_digit_usd
    from {{ ref('int_billing__lines') }} as lines
    left join {{ ref('int_models__resolved') }} as models on lines.provider = models.provider and lines.model = models.model
    where lines.line_type = 'usage' and lines.billed_usd is not null

),

token_lines as (

    select
        *,
        coalesce(meter is not null or lower(unit) like '%token%', false) as is_for_tokens,
        case
            when lower(coalesce(unit, 'token')) not like '%token%' then null
            when lower(unit) like '1m%' or lower(unit) like '%million%' or lower(unit) like '1000000%'
                then cast(quantity as decimal(24, 6)) * 1000000
            when lower(unit) like '1k%' or lower(unit) like '%thousand%' or lower(unit) like '1000%'
                then cast(quantity as decimal(24, 6)) * 1000
            else cast(quantity as decimal(24, 6))
        end as stated_tokens
    from lines

),

-- No token costs a dollar: such a quantity counts something else (a piece, a month).
quantified as (

    select
        *,
        case when abs(billed_usd) <= greatest(abs(stated_tokens), 1) then stated_tokens end as tokens
    from token_lines

),

-- What a provider's bill tells in a month decides how fine it can be matched.
totals as (

    select
        *,
        sum(case when is_for_tokens then abs(billed_usd) else 0 end) over per_month as token_usd,
        sum(case when is_for_tokens and model is null then abs(billed_usd) else 0 end) over per_month as without_model_usd,
        sum(case when is_for_tokens and meter is null then abs(billed_usd) else 0 end) over per_month as without_meter_usd,
        sum(case when is_for_tokens and is_longer_than_a_day then abs(billed_usd) else 0 end) over per_month as without_day_usd
    from quantified
    window per_month as (partition by provider, month)

),

grains as (

    select
        *,
        without_model_usd > token_usd * {{ negligible_share }} as is_over_all_models,
        without_meter_usd > token_usd * {{ negligible_share }} as is_over_all_meters,
        without_day_usd > token_usd * {{ negligible_share }} as is_monthly
    from totals

)

select
    provider,
    -- What sets a price apart within a model and meter. Where models are matched together there is one mean price.
    case when is_over_all_models or is_over_all_meters then 'all' else account_id end as account_id,
    account_id as billed_account_id,
    month,
    case when is_monthly then month else charge_date end as period_start,
    case when is_over_all_models and is_for_tokens then 'all' else model end as model,
    case when is_over_all_meters and is_for_tokens then 'all' else meter end as meter,
    is_for_tokens,
    is_amount_only,
    is_longer_than_a_day,
    is_for_tokens
    and (is_over_all_models or model is not null)
    and (is_over_all_meters or meter is not null) as is_token_line,
    is_monthly,
    is_over_all_models,
    is_over_all_meters,
    case when is_monthly then 'month' else 'day' end
    || case when is_over_all_models then '' else ' x model' end
    || case when is_over_all_meters then '' else ' x meter' end as match_grain,
    case when lower(description) like '%batch%' then 'batch' else 'standard' end as service_tier,
    case
        when is_over_all_models or is_over_all_meters then ''
        else coalesce(key_or_project_id, '') || ' ' || coalesce(description, '')
    end as subject,
    key_or_project_id,
    tokens,
    billed_usd,
    last_digit_usd
from grains
