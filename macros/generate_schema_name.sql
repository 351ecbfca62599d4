{# Schemas carry the plain names of the contract (marts, seeds, …), whatever the target is called. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name if custom_schema_name else target.schema }}
{%- endmacro %}
