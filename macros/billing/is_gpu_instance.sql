{# Whether a cloud instance type carries GPUs: AWS p and g families, Azure N series, Google a2, a3, a4, g2. #}
{% macro is_gpu_instance(column) -%}
    (
        lower({{ column }}) like 'p_.%' or lower({{ column }}) like 'p4d%.%' or lower({{ column }}) like 'p5%.%'
        or lower({{ column }}) like 'p6%.%' or lower({{ column }}) like 'g2.%'
        or lower({{ column }}) like 'g3%.%' or lower({{ column }}) like 'g4%.%' or lower({{ column }}) like 'g5%.%'
        or lower({{ column }}) like 'g6%.%' or lower({{ column }}) like 'standard_n%'
        or lower({{ column }}) like 'a2-%' or lower({{ column }}) like 'a3-%' or lower({{ column }}) like 'a4-%'
        or lower({{ column }}) like 'g2-%'
    )
{%- endmacro %}
