{#
    The name of the delivery that a file is a part of: its path without the number that a cloud gives to each part of one
    export (AWS cur-00002.csv.gz, Google export-000000000001.json, Azure part_0_0001.csv). Any other file is a delivery of
    its own.
#}
{% macro delivery_of(file) -%}
    regexp_replace(
        regexp_replace({{ file }}, '-?0000[0-9]{8}[.][a-z0-9.]+$', ''),
        '(-00[0-9]{3}|/part_[0-9]+_[0-9]+)[.][a-z0-9.]+$', ''
    )
{%- endmacro %}
