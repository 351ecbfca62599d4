{# The service tier that a price is looked up by: what sources write for the ordinary tier is all 'standard'. #}
{% macro served_tier(column) -%}
    case
        when
            coalesce(lower(trim({{ column }})), '') in (
                '', 'default', 'auto', 'standard', 'standard_only', 'on_demand', 'on-demand', 'ondemand', 'none', 'null'
            )
            then 'standard'
        when lower(trim({{ column }})) in ('batch', 'batches') then 'batch'
        else lower(trim({{ column }}))
    end
{%- endmacro %}
