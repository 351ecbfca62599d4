{#
    What is left of an excess after pluses and minuses of one group have cancelled: of tokens that moved from one row of
    the group to another nothing is left, and what remains has one sign. The rest is shared out in proportion.
#}
{% macro net_of(excess, group_by) -%}
    {%- set window = "over (partition by " ~ group_by | join(", ") ~ ")" -%}
    {%- set plus = "sum(greatest(" ~ excess ~ ", 0)) " ~ window -%}
    {%- set minus = "sum(least(" ~ excess ~ ", 0)) " ~ window -%}
    cast(
        case
            when {{ plus }} = 0 or {{ minus }} = 0 then {{ excess }}
            when {{ plus }} + {{ minus }} > 0
                then greatest({{ excess }}, 0) * cast(1 + {{ minus }} / nullif({{ plus }}, 0) as decimal(18, 12))
            else least({{ excess }}, 0) * cast(1 + {{ plus }} / nullif({{ minus }}, 0) as decimal(18, 12))
        end as decimal(38, 6)
    )
{%- endmacro %}

{# An amount as people read it in a sentence: dollars and cents. #}
{% macro in_usd(amount) -%}
    'USD ' || cast(cast({{ amount }} as decimal(18, 2)) as string)
{%- endmacro %}
