{#
    Ids and names as they may be kept. Almost every record's are plain: no address, no key, no blank, none of the words that
    a program writes for nothing. The query tells those by one look at all of them (is_plain), and only the others are taken
    apart: `careful` is what they are made of then, where it is more than the column.
#}

{#
    Whether every one of these text columns is an id or a name that may be kept as it came. Null columns are plain.
#}
{% macro is_plain(columns) -%}
    greatest({% for column in columns %}length({{ column }}), {% endfor %}0) <= 400
    and not regexp_matches(
        chr(1) || concat_ws(chr(1), {{ columns | join(', ') }}) || chr(1),
        '@|\x01sk-|{{ secret_pattern() }}|\x01\s|\s\x01|\x01(?i:null|none|nan|undefined|n/a|)\x01'
    )
{%- endmacro %}

{# An id, or a name that the company gives (a team, a feature): an address or a key in it becomes a hash. #}
{% macro kept_id(column, careful=none) -%}
    {{ kept(column, name_or_null(careful or column), without_email('text', is_person=false)) }}
{%- endmacro %}

{# A person, or a company's customer: any text with an @ becomes a hash. #}
{% macro kept_person(column, careful=none) -%}
    {{ kept(column, name_or_null(careful or column), without_email('text')) }}
{%- endmacro %}

{# The hash of a key; a raw key becomes its hash. #}
{% macro kept_key(column, careful=none) -%}
    {{ kept(column, without_raw_key(name_or_null(careful or column)), without_email('text', is_person=false)) }}
{%- endmacro %}

{# A word of the source (a model, a tier, a status): an address or a key in it is masked. #}
{% macro kept_word(column, careful=none) -%}
    {{ kept(column, trimmed(careful or column), masked_name('text')) }}
{%- endmacro %}

{# The column where the row is plain, else what `cleaned` makes of `careful`, which it calls text. #}
{% macro kept(column, careful, cleaned) -%}
    case when is_plain then {{ column }} else list_transform([{{ careful }}], lambda text: {{ cleaned }})[1] end
{%- endmacro %}
