{# The mean of a column, weighed by `sample_count`: null where no row has it. Rows without samples have no weight. #}
{% macro weighted_mean(column) -%}
    cast(
        cast(sum(case when {{ column }} is not null then {{ column }} * sample_count end) as double)
        / cast(nullif(sum(case when {{ column }} is not null then sample_count end), 0) as double)
        as decimal(18, 6)
    )
{%- endmacro %}

{# Names a place: the same text for all records that speak of the same node, cluster, pool label and GPU model of a source. #}
{% macro place_id(columns) -%}
    {%- for column in columns -%}
        coalesce({{ column }}, '') {%- if not loop.last %} || ' | ' || {% endif -%}
    {%- endfor -%}
{%- endmacro %}

{# A GPU's name on a source's word as the price sheet names it; a name that it does not know stays as it came. #}
{% macro gpu_model_name(field) -%}
    case
        when upper({{ field }}) like '%A100%80G%' then 'A100-80GB'
        when upper({{ field }}) like '%A100%40G%' then 'A100-40GB'
        when upper({{ field }}) like '%A100%' then 'A100'
        when upper({{ field }}) like '%V100%32G%' then 'V100-32GB'
        when upper({{ field }}) like '%V100%16G%' then 'V100-16GB'
        when upper({{ field }}) like '%H100%' then 'H100'
        when upper({{ field }}) like '%A10G' then 'A10G'
        when upper({{ field }}) = 'L4' or upper({{ field }}) like '%NVIDIA_L4' then 'L4'
        when upper({{ field }}) = 'T4' or upper({{ field }}) like '%TESLA_T4' or upper({{ field }}) like '%NVIDIA_T4' then 'T4'
        else {{ field }}
    end
{%- endmacro %}
