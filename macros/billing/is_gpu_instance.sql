{#
    Whether a cloud instance type carries GPUs or other accelerators for AI: AWS p and g families, Trainium, Inferentia and
    Gaudi (SageMaker's too), Azure N series without NP (field-programmable arrays), Google a2, a3, a4, g2 and g4, Oracle's
    GPU shapes.
#}
{% macro is_gpu_instance(column) -%}
    (
        {%- for pattern in [
            'p_.%', 'p3dn.%', 'p4d%.%', 'p5%.%', 'p6%.%', 'g2.%', 'g3%.%', 'g4%.%', 'g5%.%', 'g6%.%', 'gr6%.%', 'g7%.%',
            'trn_.%', 'trn1n.%', 'trn2u.%', 'inf_.%', 'dl1.%', 'dl2q.%', 'standard_nc%', 'standard_nd%', 'standard_ng%',
            'standard_nv%', 'a2-%', 'a3-%', 'a4-%', 'g2-%', 'g4-%', 'bm.gpu%', 'vm.gpu%',
        ] %}
        {{ 'or ' if not loop.first }}replace(lower({{ column }}), 'ml.', '') like '{{ pattern }}'
        {%- endfor %}
    )
{%- endmacro %}
