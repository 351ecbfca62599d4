select buckets.*
from {{ ref('int_provider_usage__unioned') }} as buckets
inner join {{ ref('int_provider_usage__newest_files') }} as newest_files
    on
        buckets.provider = newest_files.provider
        and buckets.account_id = newest_files.account_id
        and buckets.endpoint = newest_files.endpoint
        and buckets.bucket_start_at = newest_files.bucket_start_at
        and buckets._source_file = newest_files._source_file
