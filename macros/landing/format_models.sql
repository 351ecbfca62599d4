{# Every enabled format as {entity, format, model}: the staging model of a format is named by its two folders. #}
{% macro format_models() %}
    {%- set things = {
        'gateway_traces': 'requests',
        'provider_usage': 'buckets',
        'provider_costs': 'lines',
        'cloud_billing': 'lines',
        'gpu_usage': 'hours',
        'gpu_jobs': 'jobs',
    } -%}
    {%- set models = [] -%}
    {%- for entity, formats in var('formats').items() -%}
        {%- for format in formats -%}
            {%- do models.append({
                'entity': entity, 'format': format, 'model': 'stg_' ~ entity ~ '_' ~ format ~ '__' ~ things[entity]
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(models) }}
{% endmacro %}
