{#
    An amount of a bill before the provider converted it: the amount over the provider's rate, which is what one unit of the
    pricing currency costs in the billing currency. Null where there is no rate above zero. For staging.
#}
{% macro in_pricing_currency(amount, rate) -%}
    try_cast(
        try_cast({{ amount }} as decimal(38, 12)) / case when try_cast({{ rate }} as decimal(38, 12)) > 0
            then try_cast({{ rate }} as decimal(38, 12))
        end as decimal(24, 12)
    )
{%- endmacro %}
