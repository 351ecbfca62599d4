{#
    The items of a gateway's pages, as a relation to select from: one row per item, each field as text.

    A record is a page that holds its items as a list under `list` (or one item as an object), or such an item itself:
    an export script may write either. A page with an empty list keeps one row with its reason.

    entity, format: the folder below landing/.
    list:           the name of the page's field.
    fields:         column name to JSON path in the item.

    Beside the fields: _record (the item's JSON text), _source_item (the item's number in the record, from 1), and
    _unreadable and the provenance of landed_records.
#}
{% macro page_items(entity, format, list, fields) %}
    (
        with

        pages as (

            select * from {{ landed_texts(entity, format, {}) }}

        ),

        gathered as (

            select
                *,
                case
                    when _unreadable is not null then [null]
                    when json_type(_record, '$.{{ list }}') = 'OBJECT'
                        then [json_extract(_record, '$.{{ list }}')]
                    when json_type(_record, '$.{{ list }}') = 'ARRAY' and json_array_length(_record, '$.{{ list }}') > 0
                        then json_extract(_record, '$.{{ list }}[*]')
                    when json_type(_record, '$.{{ list }}') = 'ARRAY' then [null]
                    else [cast(_record as json)]
                end as items
            from pages

        ),

        unnested as (

            select
                * exclude (items),
                unnest(items) as item,
                generate_subscripts(items, 1) as _source_item
            from gathered

        ),

        extracted as (

            select
                *,
                case
                    when _unreadable is not null then _unreadable
                    when item is null then 'the page holds no item'
                    when json_type(item) != 'OBJECT' then 'the item is not a JSON object'
                end as _problem,
                case
                    when json_type(item) = 'OBJECT' then json_extract_string(
                        item, [{% for path in fields.values() %}'{{ path }}'{{ ', ' if not loop.last }}{% endfor %}]
                    )
                end as _values
            from unnested

        )

        select
            {%- for name in fields %}
            nullif(_values[{{ loop.index }}], '') as {{ name }},
            {%- endfor %}
            _problem as _unreadable,
            coalesce(cast(item as string), _record) as _record,
            account_id,
            _source_file,
            _source_row,
            _source_item,
            _file_version
        from extracted
    )
{% endmacro %}
