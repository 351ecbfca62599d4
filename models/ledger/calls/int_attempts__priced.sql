{%- set token_meters = [
    ('input', 'text_input_tokens'),
    ('input_audio', 'audio_input_tokens'),
    ('input_image', 'image_input_tokens'),
    ('cache_read', 'cache_read_tokens'),
    ('cache_write_5m', 'cache_write_5m_tokens'),
    ('cache_write_30m', 'cache_write_30m_tokens'),
    ('cache_write_1h', 'cache_write_1h_tokens'),
    ('cache_write_12h', 'cache_write_12h_tokens'),
    ('output', 'text_output_tokens'),
    ('output_audio', 'audio_output_tokens'),
] %}
{%- set rates = [] %}
{%- for kind in ['', 'list_'] %}
{%- for meter, tokens in token_meters %}
{%- do rates.append(kind ~ meter) %}
{%- endfor %}
{%- endfor %}
{%- set costs = {
    'input_cost_usd': 'input_amount + input_audio_amount + input_image_amount',
    'cache_read_cost_usd': 'cache_read_amount',
    'cache_write_cost_usd': 'cache_write_amount',
    'output_cost_usd': 'output_amount + output_audio_amount',
    'tool_and_request_cost_usd': 'tool_amount + request_amount',
    'list_cost_usd': 'list_token_amount + tool_amount + list_request_amount',
} %}
{%- set cache_writes = ['cache_write_5m', 'cache_write_30m', 'cache_write_1h', 'cache_write_12h'] %}

with

attempts as (

    select
        *,
        coalesce(input_audio_tokens, 0) as audio_input_tokens,
        coalesce(input_image_tokens, 0) as image_input_tokens,
        coalesce(output_audio_tokens, 0) as audio_output_tokens,
        uncached_input_tokens - coalesce(input_audio_tokens, 0) - coalesce(input_image_tokens, 0) as text_input_tokens,
        output_tokens - coalesce(output_audio_tokens, 0) as text_output_tokens,
        uncached_input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_30m_tokens
        + cache_write_1h_tokens + cache_write_12h_tokens as context_size,
        uncached_input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_30m_tokens
        + cache_write_1h_tokens + cache_write_12h_tokens + output_tokens as total_tokens,
        {{ served_tier('service_tier') }} as priced_tier
    from {{ ref('int_attempts__identified') }}

),

models as (

    select * from {{ ref('int_models__resolved') }}

),

prices as (

    select * from {{ ref('int_prices__in_force') }}

),

-- What a commitment serves is not billed by the token. The ledger has it at what it would cost on demand.
commitments as (

    select * from {{ ref('int_commitments__served_names') }}

),

-- Where the provider ran a request may change its price (data residency, regional endpoints): of the rules that fit, the
-- one for the narrowest names.
places as (

    select distinct
        attempts.provider,
        attempts.model,
        attempts.inference_geo,
        coalesce(models.priced_model, attempts.model) as priced_model
    from attempts
    left join models on attempts.provider = models.provider and attempts.model = models.model
    where attempts.inference_geo is not null

),

regions as (

    select
        places.provider,
        places.model,
        places.inference_geo,
        rules.multiplier,
        coalesce(rules.effective_from, date '1970-01-01') as effective_from,
        coalesce(rules.effective_until, date '9999-12-31') as effective_until,
        rank() over (
            partition by places.provider, places.model, places.inference_geo
            order by
                length(replace(rules.model_pattern, '%', '')) desc,
                rules.model_pattern,
                length(replace(rules.inference_geo, '%', '')) desc,
                rules.inference_geo
        ) as preference
    from places
    inner join {{ ref('regional_multipliers') }} as rules
        on
            places.provider = rules.provider
            and places.priced_model like rules.model_pattern
            and places.inference_geo like rules.inference_geo

),

-- The most that an unpriced request can have cost: its tokens at the dearest text price that the provider ever
-- had, or at the dearest of all when it has none.
dearest_by_provider as (

    select
        provider,
        max(list_input_usd) as input_usd,
        max(list_output_usd) as output_usd
    from prices
    where service_tier = 'standard'
    group by provider

),

dearest as (

    select
        max(input_usd) as input_usd,
        max(output_usd) as output_usd
    from dearest_by_provider

),

-- A request served on own GPUs costs the hours of a pool. Without any pool its cost is unknown, not zero.
serving_pools as (

    select count(*) as serving_pool_count
    from {{ ref('gpu_pools') }}
    where purpose in ('inference', 'dev')

),

matched as (

    select
        attempts.*,
        models.canonical_model,
        models.resolution as model_resolution,
        commitments.commitment_id,
        coalesce(regions.multiplier, 1) as region_multiplier,
        attempts.context_size / greatest(attempts.request_count, 1) as request_size,
        prices.is_excess_only,
        prices.above_context_tokens,
        {%- for rate in rates %}
        prices.{{ rate }}_usd,
        prices.{{ rate }}_usd_below,
        {%- endfor %}
        prices.request_usd as request_rate,
        prices.list_request_usd as list_request_rate,
        prices.web_search_usd as web_search_rate,
        prices.price_source as sheet_source,
        prices.price_id as sheet_price_id,
        serving_pools.serving_pool_count,
        coalesce(dearest_by_provider.input_usd, dearest.input_usd) as dearest_input_usd,
        coalesce(dearest_by_provider.output_usd, dearest.output_usd) as dearest_output_usd
    from attempts
    left join models on attempts.provider = models.provider and attempts.model = models.model
    left join commitments
        on
            attempts.provider = commitments.provider
            and attempts.model = commitments.model
            and coalesce(attempts.requested_model, '') = commitments.requested_model
            and attempts.priced_tier = commitments.service_tier
            and attempts.requested_at >= commitments.effective_from
            and attempts.requested_at < commitments.effective_until
            and coalesce(attempts.row_kind, '') != 'cache_hit'
    left join prices
        on
            attempts.provider = prices.provider
            and models.priced_model = prices.model
            and case when commitments.commitment_id is null then attempts.priced_tier else 'standard' end = prices.service_tier
            and attempts.requested_at >= prices.effective_from
            and attempts.requested_at < prices.effective_until
            -- A row that stands for several requests is priced by the size of one of them.
            and attempts.context_size > prices.above_context_tokens * greatest(attempts.request_count, 1)
            and attempts.context_size <= prices.up_to_context_tokens * greatest(attempts.request_count, 1)
    left join regions
        on
            attempts.provider = regions.provider
            and attempts.model = regions.model
            and attempts.inference_geo = regions.inference_geo
            and attempts.requested_at >= regions.effective_from
            and attempts.requested_at < regions.effective_until
            and regions.preference = 1
    left join dearest_by_provider on attempts.provider = dearest_by_provider.provider
    cross join dearest
    cross join serving_pools

),

rated as (

    select
        {%- for rate in rates %}
        {{ rate_in_context(rate) }} as {{ rate }}_rate,
        {%- endfor %}
        *
    from matched

),

judged as (

    select
        *,
        case
            when row_kind = 'cache_hit' then 'free'
            when provider = 'self_hosted' and serving_pool_count > 0 then 'free'
            when
                (total_tokens = 0 or (total_tokens is null and is_error))
                and coalesce(tool_cost_usd, 0) = 0
                and coalesce(web_search_count, 0) = 0
                then 'free'
            when total_tokens is null then 'unpriced'  -- the source does not say what was used
            when
                sheet_price_id is null
                {%- for meter, tokens in token_meters %}
                or ({{ tokens }} > 0 and {{ meter }}_rate is null)
                {%- endfor %}
                or (coalesce(web_search_count, 0) > 0 and tool_cost_usd is null and web_search_rate is null)
                then 'unpriced'
            else 'priced'
        end as pricing_status
    from rated

),

-- What each part comes to at the matched rates, whatever the status; null rates count only where nothing was used.
amounts as (

    select
        *,
        {%- for meter, tokens in token_meters if meter not in cache_writes %}
        {{ tokens }} * coalesce({{ meter }}_rate, 0) as {{ meter }}_amount,
        {%- endfor %}
        {%- for meter in cache_writes %}
        {{ meter }}_tokens * coalesce({{ meter }}_rate, 0){{ ' +' if not loop.last else ' as cache_write_amount,' }}
        {%- endfor %}
        {%- for meter, tokens in token_meters %}
        {{ tokens }} * coalesce(list_{{ meter }}_rate, 0){{ ' +' if not loop.last else ' as list_token_amount,' }}
        {%- endfor %}
        -- Tools: what the gateway reports, else searches at the sheet's price. A price per request counts here too.
        coalesce(tool_cost_usd, coalesce(web_search_count, 0) * coalesce(web_search_rate, 0), 0) as tool_amount,
        request_count * coalesce(request_rate, 0) as request_amount,
        request_count * coalesce(list_request_rate, 0) as list_request_amount,
        coalesce(context_size, 0) * dearest_input_usd + coalesce(output_tokens, 0) * dearest_output_usd
        + coalesce(tool_cost_usd, 0) as exposure_amount
    from judged

),

costed as (

    select
        *,
        {%- for cost, amount in costs.items() %}
        cast(case pricing_status when 'priced' then {{ amount }} when 'free' then 0 end as decimal(18, 12)) as {{ cost }},
        {%- endfor %}
        -- A list price bounds what a provider can bill; of what own GPUs cost it says nothing.
        cast(
            case
                when
                    pricing_status = 'unpriced'
                    and provider != 'self_hosted'
                    and (context_size is not null or output_tokens is not null)
                    then exposure_amount
            end as decimal(18, 12)
        ) as exposure_usd
    from amounts

)

select
    gateway,
    request_id,
    provider_request_id,
    attempt_number,
    attempt_count,
    is_final_attempt,
    row_kind,
    requested_at,
    {{ business_date('requested_at') }} as request_date,
    provider,
    model as reported_model,
    coalesce(canonical_model, model) as model,
    requested_model,
    coalesce(model_resolution, 'none') as model_resolution,
    team_id,
    user_id,
    tenant_id,
    feature_name,
    workflow_name,
    route_id,
    prompt_template_version,
    environment,
    priced_tier as service_tier,
    commitment_id,
    inference_geo,
    cast(region_multiplier as decimal(9, 6)) as region_multiplier,
    session_id,
    trace_id,
    parent_request_id,
    api_key_hash,
    prompt_fingerprint,
    status_code,
    is_error,
    is_streaming,
    latency_ms,
    request_count,
    uncached_input_tokens,
    cache_read_tokens,
    cache_write_5m_tokens,
    cache_write_30m_tokens,
    cache_write_1h_tokens,
    cache_write_12h_tokens,
    output_tokens,
    reasoning_tokens,
    input_audio_tokens,
    input_image_tokens,
    output_audio_tokens,
    reported_total_tokens,
    system_prompt_tokens,
    context_tokens,
    input_cost_usd,
    cache_read_cost_usd,
    cache_write_cost_usd,
    output_cost_usd,
    tool_and_request_cost_usd as tool_cost_usd,
    cast(
        input_cost_usd + cache_read_cost_usd + cache_write_cost_usd + output_cost_usd + tool_and_request_cost_usd
        as decimal(18, 12)
    ) as attempt_cost_usd,
    list_cost_usd,
    reported_cost_usd,
    exposure_usd,
    -- What a missed cache read costs, per token; later models price lost caching with it.
    input_rate as usd_per_uncached_token,
    cache_read_rate as usd_per_cache_read_token,
    output_rate as usd_per_output_token,
    pricing_status,
    case
        when pricing_status = 'priced' then sheet_source
        when pricing_status = 'free' and provider = 'self_hosted' then 'gpu_pool'
        when row_kind = 'cache_hit' then 'gateway_cache'
        when pricing_status = 'free' then 'no_usage'
    end as price_source,
    case when pricing_status = 'priced' then sheet_price_id end as price_id,
    attribution_method,
    _source_file,
    _source_row,
    _source_item
from costed
