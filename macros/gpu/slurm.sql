{# A text field of sacct; null where Slurm writes that it has no value. #}
{% macro slurm_value(field) -%}
    case
        when lower({{ trimmed(field) }}) not in ('', 'unknown', 'none', 'n/a', 'none assigned', 'invalid')
            then {{ trimmed(field) }}
    end
{%- endmacro %}

{# A time with a zone at its end: Z, +02:00 or +0200. #}
{% macro has_zone(field) -%}
    regexp_matches({{ field }}, '[0-9]([Zz]|[+-][0-9][0-9]:?[0-9][0-9])$') and regexp_matches({{ field }}, '[0-9]:[0-9]')
{%- endmacro %}

{# A time of the cluster's own clock (its zone is the variable slurm_timezone), daylight saving included, as UTC timestamp. #}
{% macro slurm_utc(field, zone=none) -%}
    case
        when {{ has_zone(field) }} then {{ utc(field) }}
        else cast(
            timezone('UTC', timezone('{{ zone or var("slurm_timezone", "UTC") }}', {{ utc(field) }})) as timestamp
        )
    end
{%- endmacro %}

{# A duration of Slurm ([days-]hours:minutes:seconds, days-hours, minutes:seconds or minutes) in seconds; else null. #}
{% macro slurm_seconds(field) -%}
    case
        when regexp_matches({{ field }}, '^([0-9]{1,5}-)?[0-9]{1,5}:[0-9]{2}:[0-9]{2}([.][0-9]+)?$') then
            coalesce(try_cast(nullif(regexp_extract({{ field }}, '^([0-9]+)-', 1), '') as bigint), 0) * 86400
            + cast(regexp_extract({{ field }}, '([0-9]+):[0-9]{2}:[0-9]{2}', 1) as bigint) * 3600
            + cast(regexp_extract({{ field }}, '[0-9]+:([0-9]{2}):[0-9]{2}', 1) as bigint) * 60
            + cast(regexp_extract({{ field }}, '[0-9]+:[0-9]{2}:([0-9]{2})', 1) as bigint)
        when regexp_matches({{ field }}, '^[0-9]{1,7}:[0-9]{2}([.][0-9]+)?$') then
            cast(regexp_extract({{ field }}, '^([0-9]+):', 1) as bigint) * 60
            + cast(regexp_extract({{ field }}, ':([0-9]{2})', 1) as bigint)
    end
{%- endmacro %}

{# The GPUs of a TRES list ("cpu=32,gres/gpu:a100=4,gres/gpu=4") as text: the untyped count, else that of its types. #}
{% macro tres_gpus(field) -%}
    coalesce(
        nullif(regexp_extract({{ field }}, '(?:^|,)gres/gpu=([^,]*)', 1), ''),
        case
            when regexp_matches({{ field }}, '(^|,)gres/gpu:[^=,]+=([^0-9]|$)')
                then regexp_extract({{ field }}, 'gres/gpu:[^=,]+=([^0-9][^,]*)', 1)
            when contains({{ field }}, 'gres/gpu:') then cast(list_sum(list_transform(
                regexp_extract_all({{ field }}, 'gres/gpu:[^=,]+=([0-9]{1,9})', 1), lambda n: cast(n as bigint)
            )) as varchar)
        end
    )
{%- endmacro %}

{# The GPU type of a TRES list, where it names exactly one; else null. #}
{% macro tres_gpu_model(field) -%}
    case
        when len(list_distinct(regexp_extract_all({{ field }}, 'gres/gpu:([^=,]+)=', 1))) = 1
            then regexp_extract({{ field }}, 'gres/gpu:([^=,]+)=', 1)
    end
{%- endmacro %}
