{%- set columns = cloud_line_columns() %}
{%- set sku_columns = [
    'cloud', 'service_name', 'service_category', 'sku_meter', 'charge_description', 'resource_type', 'instance_type',
] %}

{#- What follows the model's name in each cloud's texts. -#}
{%- set kinds = '(text|image|audio|speech|video)-' %}
{%- set meters = 'input|output|cache-read|cache-write' %}
{%- set after_azure_model = [
    'cached', 'cd', 'batch', 'pp', 'aud', 'txt', 'img', 'inp', 'input', 'outp', 'output', 'opt', 'out', 'glbl', 'gl', 'global',
    'dzone', 'dzn', 'dz', 'regnl', 'rgnl', 'regional', 'tokens',
] %}
{%- set after_google_model = [
    '[^a-z0-9 ]', 'ga', 'preview', 'global', 'text', 'image', 'audio', 'video', 'thinking', 'input', 'output', 'short', 'long',
    'batch', 'cached', 'caching', 'cache', 'live', 'tuned', 'prompt',
] %}

with

lines as (

    {% for format in var('formats').get('cloud_billing', []) %}
    select
        {{ typed_columns(columns) }},
        '{{ format }}' as format,
        {{ loop.index }} as format_rank
    from {{ ref('stg_cloud_billing_' ~ format ~ '__lines') }}
    where _reject_reason is null
    {% if not loop.last %}
    union all
    {% endif %}
    {% else %}
    select
        {{ typed_columns(columns, is_empty=true) }},
        cast(null as string) as format,
        0 as format_rank
    where 1 = 0
    {% endfor %}

),

keyed as (

    select
        *,
        {% for column in sku_columns %}coalesce({{ column }}, '') || '|'{{ ' || ' if not loop.last }}{% endfor %} as sku_key,
        -- FOCUS writes an Azure account with its path.
        regexp_replace(lower(billing_account_id), '^.*/', '') as account_key
    from lines

),

skus as (

    select distinct
        sku_key,
        lower(cloud) as cloud,
        lower(coalesce(service_name, '')) as service,
        service_name,
        lower(coalesce(service_category, '')) as category,
        sku_meter,
        lower(concat_ws(' | ', sku_meter, charge_description, resource_type)) as sku_text,
        -- Words between blanks: 'USE1-Nova-cache-read-input-token-count' is ' use1 nova cache read input token count '.
        ' ' || translate(lower(concat_ws(' ', sku_meter, charge_description)), '-_|/:,()', '        ') || ' ' as words,
        coalesce({{ is_gpu_instance('instance_type') }}, false) as is_gpu
    from keyed

),

rules as (

    select
        rule_order,
        cloud,
        service_pattern,
        sku_pattern,
        needs_gpu,
        charge_kind,
        nullif(provider, '') as provider
    from {{ ref('cloud_services') }}

),

matches as (

    select
        skus.sku_key,
        rules.rule_order,
        rules.charge_kind,
        rules.provider,
        row_number() over (partition by skus.sku_key order by rules.rule_order) as preference
    from skus
    inner join rules
        on
            skus.cloud like rules.cloud
            and skus.service like rules.service_pattern
            and skus.sku_text like rules.sku_pattern
            and (skus.is_gpu or not rules.needs_gpu)

),

metered as (

    select
        skus.*,
        matches.rule_order,
        matches.provider,
        case
            when matches.charge_kind is not null then matches.charge_kind
            when skus.category = 'ai and machine learning' then 'ai_other'
            else 'other'
        end as rule_kind,
        case
            when skus.words like '%cache write%' or skus.words like '%cachewrite%'
                then
                    case
                        when skus.words like '% 1h %' or skus.words like '%write1h%' then 'cache_write_1h'
                        else 'cache_write_5m'
                    end
            when
                skus.words like '%cache read%' or skus.words like '%cacheread%' or skus.words like '%cached%'
                or skus.words like '% caching %' or skus.words like '% cd inp %'
                then 'cache_read'
            when
                skus.words like '%audio input%' or skus.words like '%input audio%' or skus.words like '% aud in%'
                or skus.words like '%speech input%'
                then 'input_audio'
            when skus.words like '%audio output%' or skus.words like '% aud o%' or skus.words like '%speech output%'
                then 'output_audio'
            when skus.words like '%image input%' or skus.words like '%input image%' or skus.words like '% img inp%'
                then 'input_image'
            -- No meter of the contract counts images or video that a model makes.
            when
                skus.words like '%image output%' or skus.words like '% out img%' or skus.words like '% img out%'
                or skus.words like '%video output%'
                then null
            when
                skus.words like '%output%' or skus.words like '% outp %' or skus.words like '% opt %'
                or skus.words like '% out %'
                then 'output'
            when skus.words like '%input%' or skus.words like '% inp %' or skus.words like '%embedding%' then 'input'
        end as meter_in_text
    from skus
    left join matches on skus.sku_key = matches.sku_key and matches.preference = 1

),

-- A seller of tokens also bills for other things: what names no tokens is not ai_tokens.
judged as (

    select
        *,
        case
            when rule_kind = 'ai_tokens' and meter_in_text is null and words not like '%token%' then 'ai_other'
            else rule_kind
        end as charge_kind,
        regexp_replace(
            regexp_replace(sku_meter, '^[A-Z]{2,4}[0-9]{0,2}-', ''),
            '-(mantle-)?({{ kinds }})?({{ meters }})[A-Za-z0-9-]*token.*$', ''
        ) as aws_model,
        regexp_replace(lower(sku_meter), '[ -]+({{ after_azure_model | join("|") }})([ -].*)?$', '') as azure_model,
        regexp_replace(
            substring(
                lower(sku_meter), instr(lower(sku_meter), case when sku_text like '%gemini%' then 'gemini' else 'claude' end)
            ),
            ' +({{ after_google_model | join("|") }}).*$', ''
        ) as google_model
    from metered

),

named as (

    select
        sku_key,
        rule_order,
        charge_kind,
        provider,
        case when charge_kind = 'ai_tokens' then meter_in_text end as meter,
        -- Sold through the marketplace by the million, in 'Units'.
        words like '%million%token%' as is_in_millions,
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
    from judged

)

select
    keyed.format,
    {% for column in columns if not column.startswith('_') %}
    keyed.{{ column }},
    {% endfor %}
    named.charge_kind,
    named.provider,
    named.model,
    named.meter,
    case
        when named.charge_kind = 'ai_tokens' and lower(keyed.consumed_unit) = 'units' and named.is_in_millions
            then try_cast(try_cast(keyed.consumed_quantity as decimal(24, 12)) * 1000000 as decimal(38, 12))
        else keyed.consumed_quantity
    end as quantity,
    case
        when keyed.consumed_quantity is null then null
        when named.charge_kind = 'ai_tokens' then 'tokens'
        else keyed.consumed_unit
    end as unit,
    named.rule_order,
    -- Two formats of one account and month are two views of the same charges: of those with AI charges, the one that is
    -- listed first counts.
    coalesce(
        keyed.format_rank > min(case when named.provider is not null then keyed.format_rank end) over (
            partition by keyed.cloud, keyed.account_key, cast(date_trunc('month', keyed.billing_period_start) as date)
        ), false
    ) as is_second_view,
    keyed._source_file,
    keyed._source_row,
    keyed._source_item
from keyed
inner join named on keyed.sku_key = named.sku_key
