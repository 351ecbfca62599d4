{#
    What a source's own counters mean, by the seed usage_semantics. The calling query has joined the seed's row of its
    format and endpoint, so that these columns are in scope: is_cache_read_in_input, is_cache_write_in_input,
    is_reasoning_in_output, usd_per_money_unit.
#}

{# Input tokens that were neither read from the cache nor written to it; null when the source states no input count. #}
{% macro uncached_input(input, read, write) -%}
    ({{ input }})
    - case when is_cache_read_in_input then coalesce({{ read }}, 0) else 0 end
    - case when is_cache_write_in_input then coalesce({{ write }}, 0) else 0 end
{%- endmacro %}

{# Output tokens with the reasoning tokens among them; null when the source states no output count. #}
{% macro whole_output(output, reasoning) -%}
    ({{ output }}) + case when is_reasoning_in_output then 0 else coalesce({{ reasoning }}, 0) end
{%- endmacro %}

{#
    A part of a count (audio in the uncached input), never more than the count: what was read from the cache counts there.
    Null when the part is unknown.
#}
{% macro part_of(part, whole) -%}
    case when {{ part }} > {{ whole }} then greatest({{ whole }}, 0) else {{ part }} end
{%- endmacro %}

{#
    A reported amount of money (text or number) in USD, from the format's own unit. DuckDB 1.5.6 takes microseconds to bring a
    wide decimal to another scale: most formats write dollars.
#}
{% macro reported_usd(amount) -%}
    case
        when usd_per_money_unit = 1 then try_cast({{ amount }} as decimal(18, 12))
        else try_cast(
            try_cast({{ amount }} as decimal(24, 12)) * cast(usd_per_money_unit as decimal(10, 9)) as decimal(18, 12)
        )
    end
{%- endmacro %}
