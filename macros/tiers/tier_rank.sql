{# The order of the model tiers, dearest highest. #}
{% macro tier_rank(tier) -%}
    case {{ tier }} when 'mini' then 1 when 'mid' then 2 when 'frontier' then 3 end
{%- endmacro %}
