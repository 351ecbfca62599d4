{# Attempts that share all of these, and so their rates, share a charge per meter. #}
{% macro usage_keys() %}
    {{ return([
        'charge_date', 'provider', 'model', 'team_id', 'feature_name', 'route_id', 'service_tier', 'inference_geo',
        'region_multiplier', 'pricing_status', 'price_source', 'price_id', 'rate_id', 'request_size',
    ]) }}
{% endmacro %}
