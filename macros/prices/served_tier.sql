{#
    The service tier that a price is looked up by: what sources write for the ordinary tier is all 'standard'. A case and not
    `in`: DuckDB 1.5.6 makes a hash join over all rows of an `in` of six constants.
#}
{% macro served_tier(column) -%}
    case lower(trim(coalesce({{ column }}, '')))
        {%- for word in [
            '', 'default', 'auto', 'standard_only', 'on_demand', 'on-demand', 'ondemand', 'none', 'null',
        ] %}
        when '{{ word }}' then 'standard'
        {%- endfor %}
        when 'batches' then 'batch'
        else lower(trim({{ column }}))
    end
{%- endmacro %}
