-- Where did prompt caching stop working, since when, why, and what did it cost?
select
    breaks.started_at,
    breaks.route_id,
    breaks.model,
    breaks.day_count,
    breaks.established_read_share,
    breaks.read_share_during,
    breaks.cause,
    breaks.template_version_before,
    breaks.template_version_during,
    round(breaks.waste_usd, 2) as waste_usd
from marts.fct_cache_breaks as breaks
order by breaks.waste_usd desc;
