{#
    USD per token of a meter in one request: the price of its band, or, where only the excess over a threshold costs more,
    the mean over the places of the context. The query has the columns <meter>_usd, <meter>_usd_below, is_excess_only,
    above_context_tokens and request_size (input tokens of one request).
#}
{% macro rate_in_context(meter) -%}
    case
        when is_excess_only and above_context_tokens > 0 and request_size > 0
            then cast(
                {{ meter }}_usd
                - cast((above_context_tokens * {{ meter }}_usd - {{ meter }}_usd_below) / request_size as decimal(18, 12))
                as decimal(18, 12)
            )
        else {{ meter }}_usd
    end
{%- endmacro %}
