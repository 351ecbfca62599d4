{{ config(materialized='view') }}

with

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
    from {{ ref('int_cloud_lines__unioned') }}

)

select
    *,
    words like '%token%' as names_tokens,
    -- Sold through the marketplace by the million, in 'Units'.
    words like '%million%token%' as is_in_millions,
    case
        when words like '%cache write%' or words like '%cachewrite%'
            then case when words like '% 1h %' or words like '%write1h%' then 'cache_write_1h' else 'cache_write_5m' end
        when
            words like '%cache read%' or words like '%cacheread%' or words like '%cached%' or words like '% caching %'
            or words like '% cd inp %'
            then 'cache_read'
        when
            words like '%audio input%' or words like '%input audio%' or words like '% aud in%'
            or words like '%speech input%'
            then 'input_audio'
        when words like '%audio output%' or words like '% aud o%' or words like '%speech output%' then 'output_audio'
        when words like '%image input%' or words like '%input image%' or words like '% img inp%' then 'input_image'
        -- No meter of the contract counts images or video that a model makes.
        when
            words like '%image output%' or words like '% out img%' or words like '% img out%'
            or words like '%video output%'
            then null
        when words like '%output%' or words like '% outp %' or words like '% opt %' or words like '% out %' then 'output'
        when words like '%input%' or words like '% inp %' or words like '%embedding%' then 'input'
    end as meter_in_text
from skus
