{{ config(enabled = 'anthropic' in var('formats').get('provider_usage', [])) }}

{%- set fields = {
    'workspace_id': '$.workspace_id',
    'api_key_id': '$.api_key_id',
    'user_account_id': '$.account_id',
    'service_account_id': '$.service_account_id',
    'model': '$.model',
    'service_tier': '$.service_tier',
    'context_window': '$.context_window',
    'inference_geo': '$.inference_geo',
    'speed': '$.speed',
    'uncached_input_tokens': '$.uncached_input_tokens',
    'cache_read_input_tokens': '$.cache_read_input_tokens',
    'ephemeral_5m_input_tokens': '$.cache_creation.ephemeral_5m_input_tokens',
    'ephemeral_1h_input_tokens': '$.cache_creation.ephemeral_1h_input_tokens',
    'output_tokens': '$.output_tokens',
    'web_search_requests': '$.server_tool_use.web_search_requests',
} %}

with

semantics as (

    select
        is_cache_read_in_input,
        is_cache_write_in_input,
        is_reasoning_in_output,
        usd_per_money_unit
    from {{ ref('usage_semantics') }}
    where entity = 'provider_usage' and format = 'anthropic'

),

source as (

    select
        results.*,
        semantics.*
    from {{ page_results('provider_usage', 'anthropic', 'starting_at', 'ending_at', fields) }} as results
    cross join semantics

),

checked as (

    select
        *,
        {{ reject_reason(
            [
                ["bucket_start is null", "'the bucket has no starting_at'"],
                ["bucket_end is null", "'the bucket has no ending_at'"],
            ]
            + required_checks(['uncached_input_tokens', 'output_tokens'])
            + type_checks(['bucket_start', 'bucket_end'], 'timestamptz', 'an RFC 3339 time')
            + count_checks([
                'uncached_input_tokens', 'cache_read_input_tokens', 'ephemeral_5m_input_tokens',
                'ephemeral_1h_input_tokens', 'output_tokens', 'web_search_requests',
            ])
        ) }} as _reject_reason
    from source

),

renamed as (

    select
        ---------- ids
        'anthropic' as provider,
        account_id,
        'messages' as endpoint,
        {{ utc('bucket_start') }} as bucket_start_at,
        {{ utc('bucket_end') }} as bucket_end_at,
        {{ without_email('workspace_id', is_person=false) }} as project_id,
        {{ without_email('api_key_id', is_person=false) }} as api_key_id,
        {{ without_email('coalesce(user_account_id, service_account_id)') }} as user_id,

        ---------- strings
        {{ masked_name('model') }} as model,
        {{ masked_name('service_tier') }} as service_tier,
        service_tier = 'batch' as is_batch,
        {{ masked_name('context_window') }} as context_window,
        {{ grouped_by([
            'workspace_id', 'api_key_id', 'user_account_id', 'service_account_id', 'model', 'service_tier',
            'context_window', 'inference_geo', 'speed',
        ]) }} as grouped_by,

        ---------- numerics: the four input counts are disjoint
        {{ uncached_input(
            'try_cast(uncached_input_tokens as bigint)',
            'try_cast(cache_read_input_tokens as bigint)',
            count('ephemeral_5m_input_tokens') ~ ' + ' ~ count('ephemeral_1h_input_tokens')
        ) }} as uncached_input_tokens,
        coalesce(try_cast(cache_read_input_tokens as bigint), 0) as cache_read_tokens,
        coalesce(try_cast(ephemeral_5m_input_tokens as bigint), 0) as cache_write_5m_tokens,
        cast(0 as bigint) as cache_write_30m_tokens,  -- Anthropic sells five minutes and one hour
        coalesce(try_cast(ephemeral_1h_input_tokens as bigint), 0) as cache_write_1h_tokens,
        cast(0 as bigint) as cache_write_12h_tokens,
        try_cast(output_tokens as bigint) as output_tokens,
        cast(null as bigint) as request_count,  -- the report counts no requests
        try_cast(web_search_requests as bigint) as web_search_count,

        ---------- provenance
        _source_file,
        _source_row,
        _source_item,
        _file_version,
        _reject_reason,
        {{ rejected_text(may_hold_prompts=false) }} as _rejected_record
    from checked

)

{{ as_buckets('renamed') }}
