{# The service tier that a price is looked up by: what sources write for the ordinary tier is all 'standard'. #}
{% macro served_tier(column) -%}
    case
        when coalesce(lower({{ column }}), '') in ('', 'default', 'auto', 'standard', 'on_demand', 'none') then 'standard'
        else lower({{ column }})
    end
{%- endmacro %}
