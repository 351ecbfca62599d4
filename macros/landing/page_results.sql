{#
    The results of a provider's paged report, as a relation to select from: one row per result, each field as text.

    A record is a page {"data": [{<start>, <end>, "results": [...]}]}, or one such bucket. A bucket without results
    means no usage and yields nothing. A page without any result keeps one row with its reason, and so does a bucket
    that does not hold a list of results.

    entity, format: the folder below landing/.
    start, end:     the names of the bucket's two times.
    fields:         column name to JSON path in the result.

    Beside the fields: bucket_start, bucket_end (text), _record (the result's JSON text), _source_item (the result's
    number in the record, from 1), and _unreadable and the provenance of landed_records.
#}
{% macro page_results(entity, format, start, end, fields) %}
    (
        with

        pages as (

            select * from {{ landed_texts(entity, format, {'page_data': '$.data', 'page_results': '$.results'}) }}

        ),

        buckets as (

            select
                *,
                case
                    when _unreadable is not null then []
                    when page_data is null and page_results is not null then [cast(_record as json)]
                    else json_extract(_record, '$.data[*]')
                end as buckets
            from pages

        ),

        gathered as (

            select
                * exclude (buckets),
                flatten(list_transform(buckets, lambda bucket:
                    case
                        when json_type(bucket, '$.results') = 'ARRAY' then
                            list_transform(json_extract(bucket, '$.results[*]'), lambda result: {
                                'bucket_start': json_extract_string(bucket, '$.{{ start }}'),
                                'bucket_end': json_extract_string(bucket, '$.{{ end }}'),
                                'result': cast(result as string),
                                'problem': case
                                    when json_type(result) is distinct from 'OBJECT' then 'the result is not a JSON object'
                                end
                            })
                        else [{
                            'bucket_start': null,
                            'bucket_end': null,
                            'result': cast(bucket as string),
                            'problem': 'the bucket holds no list of results'
                        }]
                    end
                )) as results
            from buckets

        ),

        unnested as (

            select
                * exclude (results),
                unnest(case when len(results) > 0 then results else [null] end) as item,
                generate_subscripts(case when len(results) > 0 then results else [null] end, 1) as _source_item
            from gathered

        ),

        extracted as (

            select
                *,
                case
                    when _unreadable is not null then _unreadable
                    when item is null then 'the page holds no result'
                    else item.problem
                end as _problem,
                case
                    when item is not null and item.problem is null then json_extract_string(
                        item.result, [{% for path in fields.values() %}'{{ path }}'{{ ', ' if not loop.last }}{% endfor %}]
                    )
                end as _values
            from unnested

        )

        select
            {%- for name in fields %}
            nullif(_values[{{ loop.index }}], '') as {{ name }},
            {%- endfor %}
            nullif(item.bucket_start, '') as bucket_start,
            nullif(item.bucket_end, '') as bucket_end,
            _problem as _unreadable,
            coalesce(item.result, _record) as _record,
            account_id,
            _source_file,
            _source_row,
            _source_item,
            _file_version
        from extracted
    )
{% endmacro %}

{# The names of the dimensions that a report was grouped by, sorted: those that say something in this row. #}
{% macro grouped_by(dimensions) -%}
    nullif(concat_ws(
        ','
        {%- for name in dimensions | sort %},
        case when {{ name }} is not null then '{{ name }}' end
        {%- endfor %}
    ), '')
{%- endmacro %}

{#
    Unix seconds, with or without a fraction, as UTC timestamp; null when it is no number between the years 2000 and 2100. A
    double holds them to the microsecond.
#}
{% macro unix_seconds(field) -%}
    case
        when try_cast({{ field }} as double) between 946684800 and 4102444800
            then make_timestamp(cast(round(try_cast({{ field }} as double) * 1000000) as bigint))
    end
{%- endmacro %}

{# Checks that each of these fields is a time in unix seconds. #}
{% macro unix_seconds_checks(fields) %}
    {%- set checks = [] -%}
    {%- for field in fields -%}
        {%- do checks.append([
            field ~ " is not null and " ~ unix_seconds(field) ~ " is null",
            "'" ~ field ~ " is not a time in unix seconds'" ~ quoted(field)
        ]) -%}
    {%- endfor -%}
    {{ return(checks) }}
{% endmacro %}
