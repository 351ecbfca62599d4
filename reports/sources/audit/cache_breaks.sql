-- One row per break of a route's prompt caching. from_template to to_template: the version that was deployed.
select
    route_id,
    page_name(route_id) as page_name,
    '/routes/' || page_name(route_id) || '/' as page,
    label(provider) as provider,
    model,
    strftime(first_date, '%Y-%m-%d') as first_day,
    strftime(last_date, '%Y-%m-%d') as last_day,
    strftime(first_date, '%Y-%m') as first_month_id,
    strftime(last_date, '%Y-%m') as last_month_id,
    day_count,
    established_read_share,
    read_share_during,
    label(cause) as cause,
    template_version_before,
    template_version_during,
    waste_usd
from marts.fct_cache_breaks
order by waste_usd desc, route_id, first_date
