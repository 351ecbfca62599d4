{#
    The columns of a bucket of a provider's own usage export, with their types: what the ledger reads of it. A count of each
    meter that makes up a request is among them (the seed `meters`).
#}
{% macro bucket_columns() %}
    {%- set columns = {
        'provider': 'varchar',
        'account_id': 'varchar',
        'endpoint': 'varchar',
        'bucket_start_at': 'timestamp',
        'bucket_end_at': 'timestamp',
        'project_id': 'varchar',
        'api_key_id': 'varchar',
        'user_id': 'varchar',
        'model': 'varchar',
        'service_tier': 'varchar',
        'is_batch': 'boolean',
        'context_window': 'varchar',
        'grouped_by': 'varchar',
    } -%}
    {%- for meter in whole_token_meters() -%}{%- do columns.update({meter.usage: 'bigint'}) -%}{%- endfor -%}
    {%- do columns.update({
        'request_count': 'bigint',
        'web_search_count': 'bigint',
        '_source_file': 'varchar',
        '_source_row': 'bigint',
        '_source_item': 'bigint',
    }) -%}
    {{ return(columns) }}
{% endmacro %}

{# The rows of a usage export's staging model with all columns of a bucket: those that the reader does not name are null. #}
{% macro as_buckets(relation) -%}
    {{ with_columns(dict(bucket_columns(), **{
        '_file_version': 'varchar',
        '_reject_reason': 'varchar',
        '_rejected_record': 'varchar',
    }), relation) }}
{%- endmacro %}
