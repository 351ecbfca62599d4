{# An id as it came, but an e-mail address as a salted hash (set AI_COST_HASH_SALT to the company's own salt). #}
{% macro without_email(field) -%}
    case
        when contains({{ field }}, '@')
            then sha256('{{ env_var("AI_COST_HASH_SALT", "ai-cost-audit") | replace("'", "''") }}' || lower({{ field }}))
        else {{ field }}
    end
{%- endmacro %}

{# A key's hash as it came; a raw key that slipped in becomes its SHA-256, which is how LiteLLM hashes its keys. #}
{% macro without_raw_key(field) -%}
    case when starts_with({{ field }}, 'sk-') then sha256({{ field }}) else {{ field }} end
{%- endmacro %}
