{{ config(materialized='table') }}

{%- set columns = [
    'provider', 'account_id', 'endpoint', 'bucket_start_at', 'bucket_end_at', 'project_id', 'api_key_id', 'user_id',
    'model', 'service_tier', 'is_batch', 'context_window', 'grouped_by', 'uncached_input_tokens', 'cache_read_tokens',
    'cache_write_5m_tokens', 'cache_write_30m_tokens', 'cache_write_1h_tokens', 'cache_write_12h_tokens',
    'output_tokens', 'request_count', 'web_search_count', '_source_file', '_source_row', '_source_item',
] %}

with

buckets as (

    {% for format in var('formats')['provider_usage'] %}
    select
        {{ columns | join(',\n        ') }}
    from {{ ref('stg_provider_usage_' ~ format ~ '__buckets') }}
    where _reject_reason is null
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

-- Two exports of one bucket that were grouped differently are two views of the same tokens: the finer one counts.
groupings as (

    select
        provider,
        account_id,
        endpoint,
        bucket_start_at,
        grouped_by,
        row_number() over (
            partition by provider, account_id, endpoint, bucket_start_at
            order by
                length(grouped_by) - length(replace(grouped_by, ',', '')) desc,
                max(_source_file) desc,
                grouped_by
        ) as preference
    from buckets
    group by
        provider,
        account_id,
        endpoint,
        bucket_start_at,
        grouped_by

),

-- A bucket pulled again replaces what was pulled before; the file whose name sorts last is the newest.
ranked as (

    select
        buckets.*,
        groupings.preference,
        row_number() over (
            partition by
                buckets.provider, buckets.account_id, buckets.endpoint, buckets.bucket_start_at, buckets.project_id,
                buckets.api_key_id, buckets.user_id, buckets.model, buckets.service_tier, buckets.is_batch,
                buckets.context_window
            order by buckets._source_file desc, buckets._source_row desc, buckets._source_item desc
        ) as delivery
    from buckets
    inner join groupings
        on
            buckets.provider = groupings.provider
            and buckets.account_id = groupings.account_id
            and buckets.endpoint = groupings.endpoint
            and buckets.bucket_start_at = groupings.bucket_start_at
            and coalesce(buckets.grouped_by, '') = coalesce(groupings.grouped_by, '')

)

select
    {{ columns | join(',\n    ') }}
from ranked
where preference = 1 and delivery = 1
