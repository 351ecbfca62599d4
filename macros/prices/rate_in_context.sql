{#
    USD per token of a meter in one request: the price of its band, or, where only the excess over a threshold costs more,
    the mean over the places of the context; times what the region does to it. The query has the columns <meter>_usd,
    <meter>_usd_below, is_excess_only, above_context_tokens, request_size (input tokens of one request) and
    region_multiplier.
#}
{% macro rate_in_context(meter) -%}
    cast(
        (
            {{ meter }}_usd
            - case
                when is_excess_only and request_size > 0
                    then cast(
                        (greatest(above_context_tokens, 0) * {{ meter }}_usd - {{ meter }}_usd_below) / request_size
                        as decimal(18, 12)
                    )
                else 0
            end
        ) * region_multiplier as decimal(18, 12)
    )
{%- endmacro %}
