{#
    The first machine type that these texts name, or null: AWS p4d.24xlarge (ml., db. and cache. kept), Azure
    Standard_NC24ads_A100_v4, Google a2-highgpu-8g, Oracle BM.GPU4.8.
#}
{% macro machine_type(texts) -%}
    {%- set patterns = [
        '(?:(?:ml|db|cache)[.])?[a-z]{1,3}[0-9]{1,2}[a-z0-9-]*[.]'
        ~ '(?:nano|micro|small|medium|large|xlarge|[0-9]+xlarge|metal(?:-[0-9]+xl)?)',
        'Standard_[A-Z]{1,3}[0-9]+[A-Za-z0-9_-]*',
        '[a-z][0-9][a-z]?-(?:standard|highmem|highcpu|highgpu|megagpu|ultragpu|edgegpu)-[0-9]+g?',
        '(?:BM|VM)[.]GPU[A-Za-z0-9.-]*[0-9]',
    ] -%}
    nullif(regexp_extract(concat_ws(' ', {{ texts | join(', ') }}), '\b({{ patterns | join("|") }})\b', 1), '')
{%- endmacro %}
