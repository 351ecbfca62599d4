{#
    Whether a cloud instance type carries GPUs: AWS p and g families (SageMaker's too), Azure N series, Google a2, a3, a4,
    g2 and g4, Oracle's GPU shapes.
#}
{% macro is_gpu_instance(column) -%}
    (
        {%- for pattern in [
            'p_.%', 'p3dn.%', 'p4d%.%', 'p5%.%', 'p6%.%', 'g2.%', 'g3%.%', 'g4%.%', 'g5%.%', 'g6%.%', 'gr6%.%',
            'standard_n%', 'a2-%', 'a3-%', 'a4-%', 'g2-%', 'g4-%', 'bm.gpu%', 'vm.gpu%',
        ] %}
        {{ 'or ' if not loop.first }}replace(lower({{ column }}), 'ml.', '') like '{{ pattern }}'
        {%- endfor %}
    )
{%- endmacro %}
