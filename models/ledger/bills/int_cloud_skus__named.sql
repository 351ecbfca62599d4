{{ config(materialized='view') }}

{#- What follows the model's name in each cloud's texts. -#}
{%- set after_aws_model = '-(mantle-)?((text|image|audio|speech|video)-)?(input|output|cache-read|cache-write)' %}
{%- set after_azure_model = [
    'cached', 'cd', 'batch', 'pp', 'aud', 'txt', 'img', 'inp', 'input', 'outp', 'output', 'opt', 'out', 'glbl', 'gl', 'global',
    'dzone', 'dzn', 'dz', 'regnl', 'rgnl', 'regional', 'tokens',
] %}
{%- set after_google_model = [
    '[^a-z0-9 ]', 'ga', 'preview', 'global', 'text', 'image', 'audio', 'video', 'thinking', 'input', 'output', 'short', 'long',
    'batch', 'cached', 'caching', 'cache', 'live', 'tuned', 'prompt',
] %}

with

read_as_each_cloud as (

    select
        *,
        regexp_replace(
            regexp_replace(sku_meter, '^[A-Z]{2,4}[0-9]{0,2}-', ''), '{{ after_aws_model }}[A-Za-z0-9-]*token.*$', ''
        ) as aws_model,
        regexp_replace(lower(sku_meter), '[ -]+({{ after_azure_model | join("|") }})([ -].*)?$', '') as azure_model,
        regexp_replace(
            substring(
                lower(sku_meter), instr(lower(sku_meter), case when sku_text like '%gemini%' then 'gemini' else 'claude' end)
            ),
            ' +({{ after_google_model | join("|") }}).*$', ''
        ) as google_model
    from {{ ref('int_cloud_skus__ruled') }}

)

select
    sku_key,
    rule_order,
    charge_kind,
    provider,
    meter,
    is_in_millions,
    case
        when charge_kind != 'ai_tokens' or sku_meter is null then null
        when provider = 'bedrock' and service like '%(amazon bedrock edition)%'
            then regexp_replace(service_name, ' [(]Amazon Bedrock Edition[)].*$', '')
        when provider = 'bedrock' and lower(sku_meter) like '%token%' and aws_model != sku_meter then aws_model
        -- GPT-5 and later are listed by number: '5.1 pp inp Gl' is gpt-5.1.
        when provider = 'azure' and sku_text like '%gpt%' and regexp_replace(azure_model, '^[0-9]', '') != azure_model
            then replace('gpt-' || azure_model, ' ', '-')
        when provider = 'azure' and azure_model != lower(sku_meter) then replace(azure_model, ' ', '-')
        when provider = 'google' and (sku_text like '%gemini%' or sku_text like '%claude%')
            then replace(google_model, ' ', '-')
    end as model
from read_as_each_cloud
