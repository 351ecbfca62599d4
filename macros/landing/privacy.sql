{#
    An id or a name as it came, but an e-mail address, a key, or a text too long for a name as a salted hash (set
    AI_COST_HASH_SALT to the company's own salt).
    is_person: the field names a person, so that any text with an @ is hashed, not only a full address.
#}
{% macro without_email(field, is_person=true) -%}
    case
        when
            (
                contains({{ field }}, '@')
                {%- if not is_person %} and regexp_matches({{ field }}, '{{ address_pattern() }}'){% endif %}
            )
            or {{ may_be_secret(field) }}
            then sha256('{{ env_var("AI_COST_HASH_SALT", "ai-cost-audit") | replace("'", "''") }}' || lower({{ field }}))
        else {{ field }}
    end
{%- endmacro %}

{# A key's hash as it came; a raw key that slipped in becomes its SHA-256, which is how LiteLLM hashes its keys. #}
{% macro without_raw_key(field) -%}
    case
        when starts_with({{ field }}, 'sk-') or regexp_matches({{ field }}, '{{ secret_pattern() }}') then sha256({{ field }})
        else {{ field }}
    end
{%- endmacro %}

{# Free text with each e-mail address as [address] and each key or token as [secret]. #}
{% macro masked(field) -%}
    regexp_replace(
        regexp_replace({{ field }}, '{{ address_pattern() }}', '[address]', 'g'),
        '{{ secret_pattern() }}', '\1[secret]', 'g'
    )
{%- endmacro %}

{#
    A short text of a source (a model, a status, a region) as free text is masked, but a key is looked for only where one
    fits in: most are too short.
#}
{% macro masked_name(field) -%}
    case
        when contains({{ field }}, '@') or {{ may_be_secret(field) }} then left({{ masked(field) }}, 400)
        else {{ field }}
    end
{%- endmacro %}

{# Whether a text holds a key or is too long for a name. The shortest keys have eleven characters. #}
{% macro may_be_secret(field) -%}
    case
        when length({{ field }}) > 400 then true
        when length({{ field }}) > 10 then regexp_matches({{ field }}, '{{ secret_pattern() }}')
        else false
    end
{%- endmacro %}

{# An e-mail address, as a regular expression. #}
{% macro address_pattern() -%}
    [[:alnum:]._%+-]+@[[:alnum:]-]+([.][[:alnum:]-]+)*[.][[:alpha:]]{2,}
{%- endmacro %}

{# A key or token, to its end, as a regular expression; its first group is what stands before it. #}
{% macro secret_pattern() -%}
    {{ [
        '(^|[^[:alnum:]])(?:sk|rk|pk)-[[:alnum:]_-]{16,}', '(?:AKIA|ASIA)[0-9A-Z]{16}', 'AIza[[:alnum:]_-]{35}',
        'gh[pousr]_[[:alnum:]]{30,}', 'xox[abp]-[[:alnum:]-]{10,}', 'eyJ[[:alnum:]_-]{10,}[.]eyJ[[:alnum:]._-]*',
        '[Bb]earer [[:alnum:]._-]{16,}', '(?s:-----BEGIN .*)',
    ] | join('|') }}
{%- endmacro %}
