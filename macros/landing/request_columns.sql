{#
    The columns of a gateway's request, with their types: what every staging model of gateway_traces ends in and the ledger
    starts from. A count of each meter is among them (the seed `meters`).
#}
{% macro request_columns() %}
    {%- set columns = {
        'gateway': 'varchar',
        'request_id': 'varchar',
        'provider_request_id': 'varchar',
        'attempt_number': 'bigint',
        'row_kind': 'varchar',
        'team_id': 'varchar',
        'user_id': 'varchar',
        'tenant_id': 'varchar',
        'session_id': 'varchar',
        'trace_id': 'varchar',
        'parent_request_id': 'varchar',
        'span_id': 'varchar',
        'parent_span_id': 'varchar',
        'api_key_hash': 'varchar',
        'feature_name': 'varchar',
        'workflow_name': 'varchar',
        'environment': 'varchar',
        'provider': 'varchar',
        'model': 'varchar',
        'requested_model': 'varchar',
        'service_tier': 'varchar',
        'inference_geo': 'varchar',
        'prompt_template_version': 'varchar',
        'prompt_fingerprint': 'varchar',
        'status_code': 'varchar',
    } -%}
    {%- for meter in meters() -%}{%- do columns.update({meter.usage: 'bigint'}) -%}{%- endfor -%}
    {%- do columns.update({
        'reasoning_tokens': 'bigint',
        'reported_total_tokens': 'bigint',
        'system_prompt_tokens': 'bigint',
        'context_tokens': 'bigint',
        'retry_count': 'bigint',
        'latency_ms': 'double',
        'tool_cost_usd': 'decimal(18, 12)',
        'reported_cost_usd': 'decimal(18, 12)',
        'is_error': 'boolean',
        'is_streaming': 'boolean',
        'requested_at': 'timestamp',
        '_source_file': 'varchar',
        '_source_row': 'bigint',
        '_source_item': 'bigint',
        '_file_version': 'varchar',
        '_reject_reason': 'varchar',
        '_rejected_record': 'varchar',
    }) -%}
    {{ return(columns) }}
{% endmacro %}

{# The rows of a gateway's staging model with all columns of a request: those that the reader does not name are null. #}
{% macro as_requests(relation) -%}
    {{ with_columns(request_columns(), relation) }}
{%- endmacro %}
