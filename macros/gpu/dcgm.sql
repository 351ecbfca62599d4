{# Branches of a `case`: the largest sample of the hour is more than its metric can be. measures: metric to {largest}. #}
{% macro largest_checks(measures) -%}
    {%- for name, each in measures.items() %}
            when checked.metric = '{{ name }}' and hours.largest > {{ each.largest }}
                then '{{ name }} is not between 0 and {{ each.largest }}: ' || left(cast(hours.largest as varchar), 40)
    {%- endfor %}
{%- endmacro %}

{# The node pool that these labels (JSON text) name, under the names that clouds and joins give it; else null. #}
{% macro node_pool_label(labels) -%}
    {%- set names = [] -%}
    {%- for name in [
        'node_pool', 'nodepool', 'label_cloud_google_com_gke_nodepool', 'cloud_google_com_gke_nodepool',
        'label_eks_amazonaws_com_nodegroup', 'eks_amazonaws_com_nodegroup', 'label_kubernetes_azure_com_agentpool',
        'kubernetes_azure_com_agentpool', 'label_karpenter_sh_nodepool', 'karpenter_sh_nodepool',
    ] -%}
        {%- do names.append("try(json_extract_string(" ~ labels ~ ", '$." ~ name ~ "'))") -%}
    {%- endfor -%}
    {{ first_name(names) }}
{%- endmacro %}
