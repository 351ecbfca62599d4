{# Two relations state the same amount per key, both ways: a key on one side only is a failure. #}
{% test reconciles_to(model, compare_to, by, measure, compare_measure=none, tolerance_usd=0) %}
    {{ reconciliation_failures(model, compare_to, by, measure, compare_measure, tolerance_usd) }}
{% endtest %}
