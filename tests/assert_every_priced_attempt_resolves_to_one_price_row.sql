-- Each priced attempt finds exactly one price row of its own moment, tier and context size, and was charged at it.
with

attempts as (

    select
        *,
        coalesce(input_audio_tokens, 0) as audio_input_tokens,
        coalesce(input_image_tokens, 0) as image_input_tokens,
        coalesce(output_audio_tokens, 0) as audio_output_tokens,
        uncached_input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_30m_tokens
        + cache_write_1h_tokens + cache_write_12h_tokens as context_size
    from {{ ref('fct_attempts') }}
    where pricing_status = 'priced'

),

resolved as (

    select
        attempts.gateway,
        attempts.request_id,
        attempts.attempt_number,
        attempts.price_id,
        count(prices.price_id) as price_rows,
        sum(
            case
                when
                    prices.price_id = attempts.price_id
                    and prices.price_source = attempts.price_source
                    and (
                        prices.is_excess_only
                        or (
                            attempts.input_cost_usd
                            = (attempts.uncached_input_tokens - attempts.audio_input_tokens - attempts.image_input_tokens)
                            * {{ in_region('prices.input_usd') }}
                            + attempts.audio_input_tokens * {{ in_region('prices.input_audio_usd') }}
                            + attempts.image_input_tokens * {{ in_region('prices.input_image_usd') }}
                            and attempts.cache_read_cost_usd
                            = attempts.cache_read_tokens * {{ in_region('prices.cache_read_usd') }}
                            and attempts.output_cost_usd
                            = (attempts.output_tokens - attempts.audio_output_tokens) * {{ in_region('prices.output_usd') }}
                            + attempts.audio_output_tokens * {{ in_region('prices.output_audio_usd') }}
                        )
                    )
                    then 1
                else 0
            end
        ) as rows_charged
    from attempts
    left join {{ ref('int_prices__in_force') }} as prices
        on
            attempts.provider = prices.provider
            and attempts.model = prices.model
            and attempts.service_tier = prices.service_tier
            and attempts.requested_at >= prices.effective_from
            and attempts.requested_at < prices.effective_until
            and attempts.context_size > prices.above_context_tokens * greatest(attempts.request_count, 1)
            and attempts.context_size <= prices.up_to_context_tokens * greatest(attempts.request_count, 1)
    group by
        attempts.gateway,
        attempts.request_id,
        attempts.attempt_number,
        attempts.price_id

)

select * from resolved
where price_rows != 1 or rows_charged != 1
