{#
    The keys on which two relations do not state the same amount. It joins both ways, and a key on one side only fails:
    a comparison with null is never true, and a gate that looks only at the difference would pass when a side is gone.
#}
{% macro reconciliation_failures(left_relation, right_relation, by, measure, right_measure=none, tolerance_usd=0) %}
    select
        {% for key in by %}coalesce(left_side.{{ key }}, right_side.{{ key }}) as {{ key }},{% endfor %}
        left_side.amount as left_amount,
        right_side.amount as right_amount
    from (
        select {% for key in by %}{{ key }}, {% endfor %}sum({{ measure }}) as amount
        from {{ left_relation }}
        group by {{ by | join(', ') }}
    ) as left_side
    full outer join (
        select {% for key in by %}{{ key }}, {% endfor %}sum({{ right_measure or measure }}) as amount
        from {{ right_relation }}
        group by {{ by | join(', ') }}
    ) as right_side
        on
            {% for key in by %}
            left_side.{{ key }} is not distinct from right_side.{{ key }}{{ ' and' if not loop.last }}
            {% endfor %}
    where
        left_side.amount is null
        or right_side.amount is null
        or abs(left_side.amount - right_side.amount) > {{ tolerance_usd }}
{% endmacro %}
