{#
    How many base units one unit of a price is: 1000 for '1K tokens', 1000000 for '1M', 10000 for '10K/Month', 100 for
    '100 Hours', 1 where the unit names no number. The result is a decimal.
#}
{% macro unit_size(unit) -%}
    {%- set number = "nullif(regexp_extract(" ~ unit ~ ", '^ *([0-9]{1,9})', 1), '')" -%}
    {%- set letter = "upper(regexp_extract(" ~ unit ~ ", '^ *[0-9]{1,9} ?([KMkm])([^A-Za-z0-9]|$)', 1))" -%}
    (
        cast(coalesce(try_cast({{ number }} as decimal(10, 0)), 1) as decimal(10, 0))
        * case {{ letter }} when 'K' then 1000 when 'M' then 1000000 else 1 end
    )
{%- endmacro %}

{# The base unit of a unit of a price: 'tokens' for '1K tokens', 'Hour' for '1 Hour', '/Month' for '10K/Month'. #}
{% macro base_unit(unit) -%}
    nullif(trim(regexp_replace({{ unit }}, '^ *[0-9]{1,9}( ?[KMkm]([^A-Za-z0-9]|$))?', '\2')), '')
{%- endmacro %}

{# A quantity that is counted in units of a price, in base units; null when it does not fit. #}
{% macro base_quantity(quantity, unit) -%}
    case
        when {{ unit_size(unit) }} = 1 then try_cast({{ quantity }} as decimal(38, 12))
        else cast(
            try_cast({{ quantity }} as decimal(24, 12)) * cast({{ unit_size(unit) }} as decimal(14, 0)) as decimal(38, 12)
        )
    end
{%- endmacro %}
