{# The cost of a held GPU hour among the allocations of one document, by `within`; null where none holds a GPU. #}
{% macro held_rate(within=none) -%}
    sum(case when _reject_reason is null and not is_idle and stated_gpu_hours > 0 then gpu_cost end)
        over (partition by _source_file, _source_row{{ ', ' ~ within if within }})
    / sum(case when _reject_reason is null and not is_idle and stated_gpu_hours > 0 then stated_gpu_hours end)
        over (partition by _source_file, _source_row{{ ', ' ~ within if within }})
{%- endmacro %}

{#
    What falls on the hour of an amount that is spread evenly over a run, as decimal(18, 6): the rounded amount up to the
    hour's end less the one up to its start, so that the hours add up to the amount exactly.
#}
{% macro part_of_run(amount) -%}
    case
        when run_seconds > 0 and {{ amount }} != 0 and gpu_hours > 0 then
            cast(round({{ amount }} * (seconds_after / run_seconds), 6) as decimal(18, 6))
            - cast(round({{ amount }} * (seconds_before / run_seconds), 6) as decimal(18, 6))
        else cast({{ amount }} as decimal(18, 6))
    end
{%- endmacro %}
