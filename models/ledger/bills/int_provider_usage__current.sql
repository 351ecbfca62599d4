{%- set columns = bucket_columns() %}
{%- set bucket = ['provider', 'account_id', 'endpoint', 'bucket_start_at'] %}
{%- set dimensions = ['project_id', 'api_key_id', 'user_id', 'model', 'service_tier', 'is_batch', 'context_window'] %}

with

buckets as (

    {% for format in var('formats').get('provider_usage', []) %}
    select
        {{ columns.keys() | join(',\n        ') }}
    from {{ ref('stg_provider_usage_' ~ format ~ '__buckets') }}
    where _reject_reason is null
    {% if not loop.last %}
    union all
    {% endif %}
    {% else %}
    select
        {{ typed_columns(columns, is_empty=true) }}
    where 1 = 0
    {% endfor %}

),

-- How a file groups a bucket: the dimensions of the row that names most. A null in another row of the file is a value
-- (the default workspace, the console), not another grouping.
file_groupings as (

    select
        {{ bucket | join(',\n        ') }},
        _source_file,
        max({{ grouping_of('grouped_by') }}) as grouping
    from buckets
    group by
        {{ bucket | join(',\n        ') }},
        _source_file

),

-- Two files that group one bucket differently are two views of the same tokens: the finer one counts.
finest as (

    select
        *,
        max(grouping) over (partition by {{ bucket | join(', ') }}) as finest_grouping
    from file_groupings

),

kept as (

    select
        buckets.*,
        row_number() over (
            partition by
                {% for column in bucket + dimensions %}buckets.{{ column }}, {% endfor %}buckets._source_file
            order by buckets._source_row, buckets._source_item
        ) as occurrence
    from buckets
    inner join finest
        on
            {% for column in bucket %}
            buckets.{{ column }} = finest.{{ column }} and
            {% endfor %}
            buckets._source_file = finest._source_file
            and finest.grouping = finest.finest_grouping

),

-- A bucket pulled again replaces what was pulled before; the newest pull is the one of the latest folder delivered=, then
-- the one whose name sorts last. Rows of one file that differ in nothing we know are different rows.
ranked as (

    select
        *,
        row_number() over (
            partition by {{ (bucket + dimensions) | join(', ') }}, occurrence
            order by {{ delivered_on('_source_file') }} desc, _source_file desc
        ) as delivery
    from kept

),

-- A bucket comes whole: when a newer file has any of its rows, a row that vanished leaves too.
restated as (

    select
        *,
        max(delivery) over (partition by {{ bucket | join(', ') }}, _source_file) as oldest_delivery
    from ranked

)

-- As in the ledger, a class that the source does not tell apart is inside the uncached input: nothing is left over for it.
select
    {%- for column in columns %}
    {% if column.startswith('cache_') -%}
    case when uncached_input_tokens is not null then coalesce({{ column }}, 0) end as {{ column }}
    {%- else %}{{ column }}{% endif %}{{ ',' if not loop.last }}
    {%- endfor %}
from restated
where oldest_delivery = 1
