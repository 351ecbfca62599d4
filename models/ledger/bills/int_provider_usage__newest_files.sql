{{ config(materialized='view') }}

with

-- Rows of one file that differ in nothing we know are different rows.
numbered as (

    select
        *,
        row_number() over (
            partition by
                provider, account_id, endpoint, bucket_start_at, project_id, api_key_id, user_id, model, service_tier,
                is_batch, context_window, _source_file
            order by _source_row, _source_item
        ) as occurrence
    from {{ ref('int_provider_usage__finest') }}

),

-- A bucket pulled again replaces what was pulled before; the newest pull is the one of the latest folder delivered=, then
-- the one whose name sorts last.
ranked as (

    select
        *,
        row_number() over (
            partition by
                provider, account_id, endpoint, bucket_start_at, project_id, api_key_id, user_id, model, service_tier,
                is_batch, context_window, occurrence
            order by {{ delivered_on('_source_file') }} desc, _source_file desc
        ) as delivery
    from numbered

)

-- A bucket comes whole: when a newer file has any of its rows, a row that vanished leaves too.
select
    provider,
    account_id,
    endpoint,
    bucket_start_at,
    _source_file
from ranked
group by provider, account_id, endpoint, bucket_start_at, _source_file
having max(delivery) = 1
