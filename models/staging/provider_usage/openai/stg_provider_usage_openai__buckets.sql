{{ config(enabled = 'openai' in var('formats').get('provider_usage', [])) }}

{%- set fields = {
    'object': '$.object',
    'project_id': '$.project_id',
    'api_key_id': '$.api_key_id',
    'user_id': '$.user_id',
    'model': '$.model',
    'service_tier': '$.service_tier',
    'batch': '$.batch',
    'input_tokens': '$.input_tokens',
    'input_uncached_tokens': '$.input_uncached_tokens',
    'input_cached_tokens': '$.input_cached_tokens',
    'input_cache_write_tokens': '$.input_cache_write_tokens',
    'input_cache_write_30m_tokens': '$.input_cache_write_30m_tokens',
    'input_cache_write_12h_tokens': '$.input_cache_write_12h_tokens',
    'output_tokens': '$.output_tokens',
    'num_model_requests': '$.num_model_requests',
    'num_requests': '$.num_requests',
} %}

with

semantics as (

    select
        is_cache_read_in_input,
        is_cache_write_in_input,
        is_reasoning_in_output,
        usd_per_money_unit
    from {{ ref('usage_semantics') }}
    where entity = 'provider_usage' and format = 'openai'

),

source as (

    select
        results.*,
        semantics.*
    from {{ page_results('provider_usage', 'openai', 'start_time', 'end_time', fields) }} as results
    cross join semantics

),

counted as (

    select
        *,
        coalesce({{ count('input_cached_tokens') }}, 0) as cached,
        greatest(
            coalesce({{ count('input_cache_write_tokens') }}, 0),
            coalesce({{ count('input_cache_write_30m_tokens') }}, 0)
            + coalesce({{ count('input_cache_write_12h_tokens') }}, 0)
        ) as written,
        coalesce({{ count('input_cache_write_30m_tokens') }}, 0) as written_30m,
        coalesce({{ count('input_cache_write_12h_tokens') }}, 0) as written_12h
    from source

),

checked as (

    select
        *,
        {{ reject_reason(
            required_checks(['object'])
            + [
                ["bucket_start is null", "'the bucket has no start_time'"],
                ["bucket_end is null", "'the bucket has no end_time'"],
                [
                    "not regexp_full_match(object, 'organization\\.usage\\.[a-z_]+\\.result')",
                    "'not a usage result: object is ' || left(" ~ masked('object') ~ ", 60)",
                ],
            ]
            + unix_seconds_checks(['bucket_start', 'bucket_end'])
            + count_checks([
                'input_tokens', 'input_uncached_tokens', 'input_cached_tokens', 'input_cache_write_tokens',
                'input_cache_write_30m_tokens', 'input_cache_write_12h_tokens', 'output_tokens', 'num_model_requests',
                'num_requests',
            ])
            + type_checks(['batch'], 'boolean', 'true or false')
            + [[
                "object = 'organization.usage.completions.result' and (input_tokens is null or output_tokens is null)",
                "'input_tokens or output_tokens is missing from a completions result'",
            ], [
                count('input_tokens') ~ " < cached + written",
                "'cached and cache-write tokens exceed input_tokens, which includes them'",
            ], [
                count('input_tokens') ~ " != " ~ count('input_uncached_tokens') ~ " + cached + written",
                "'input_tokens is not the sum of its uncached, cached and cache-write tokens'",
            ]]
        ) }} as _reject_reason
    from counted

),

renamed as (

    select
        ---------- ids
        'openai' as provider,
        account_id,
        regexp_extract(object, 'organization\.usage\.([a-z_]+)\.result', 1) as endpoint,
        {{ unix_seconds('bucket_start') }} as bucket_start_at,
        {{ unix_seconds('bucket_end') }} as bucket_end_at,
        {{ without_email('project_id', is_person=false) }} as project_id,
        {{ without_email('api_key_id', is_person=false) }} as api_key_id,
        {{ without_email('user_id') }} as user_id,

        ---------- strings
        {{ masked_name('model') }} as model,
        {{ masked_name('service_tier') }} as service_tier,
        try_cast(batch as boolean) as is_batch,
        cast(null as varchar) as context_window,  -- the report does not split by context length
        {{ grouped_by(['project_id', 'user_id', 'api_key_id', 'model', 'batch', 'service_tier']) }} as grouped_by,

        ---------- numerics: an endpoint without tokens (images, speech, storage) keeps them null
        {{ uncached_input(count('input_tokens'), 'cached', 'written') }} as uncached_input_tokens,
        case when input_tokens is not null then cached end as cache_read_tokens,
        case
            -- writes whose lifetime an older response does not tell
            when input_tokens is not null then written - written_30m - written_12h
        end as cache_write_5m_tokens,
        case when input_tokens is not null then written_30m end as cache_write_30m_tokens,
        case when input_tokens is not null then cast(0 as bigint) end as cache_write_1h_tokens,
        case when input_tokens is not null then written_12h end as cache_write_12h_tokens,
        {{ count('output_tokens') }} as output_tokens,
        coalesce(try_cast(num_model_requests as bigint), try_cast(num_requests as bigint)) as request_count,
        case
            when object = 'organization.usage.web_search_calls.result' then try_cast(num_requests as bigint)
        end as web_search_count,

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
