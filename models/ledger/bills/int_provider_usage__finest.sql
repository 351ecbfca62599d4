{{ config(materialized='view') }}

with

-- How a file groups a bucket: the dimensions of the row that names most. A null in another row of the file is a value
-- (the default workspace, the console), not another grouping.
grouped as (

    select
        *,
        max({{ grouping_of('grouped_by') }}) over (
            partition by provider, account_id, endpoint, bucket_start_at, _source_file
        ) as grouping
    from {{ ref('int_provider_usage__unioned') }}

),

-- Two files that group one bucket differently are two views of the same tokens: the finer one counts.
compared as (

    select
        *,
        max(grouping) over (partition by provider, account_id, endpoint, bucket_start_at) as finest_grouping
    from grouped

)

select * from compared
where grouping = finest_grouping
