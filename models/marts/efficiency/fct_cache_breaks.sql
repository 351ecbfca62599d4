with

days as (

    select
        *,
        row_number() over (partition by route_id, provider, model, break_number order by request_date) as day_number
    from {{ ref('int_cache_breaks__daily') }}

)

select
    route_id,
    provider,
    model,
    min(first_requested_at) as started_at,
    min(request_date) as first_date,
    max(request_date) as last_date,
    cast(count(*) as bigint) as day_count,
    max(case when day_number = 1 then established_share end) as established_read_share,
    {{ share('sum(cache_read_tokens)', 'sum(context_tokens)') }} as read_share_during,
    case
        when max(case when day_number = 1 and template_version != previous_template_version then 1 else 0 end) = 1
            then 'deploy'
        when max(case when day_number = 1 and prompt_fingerprint != previous_prompt_fingerprint then 1 else 0 end) = 1
            then 'prefix_changed'
        else 'unknown'
    end as cause,
    max(case when day_number = 1 then previous_template_version end) as template_version_before,
    max(case when day_number = 1 then template_version end) as template_version_during,
    cast(sum(waste_usd) as decimal(38, 12)) as waste_usd
from days
group by
    route_id,
    provider,
    model,
    break_number
