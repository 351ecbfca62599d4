-- One row per gateway, provider and model: records that were captured twice, of which one is in the ledger.
select
    label(gateway) as gateway,
    provider as provider_id,
    label(provider) as provider,
    model,
    count(*) as record_count,
    strftime(min(requested_at), '%Y-%m-%d') as first_on,
    strftime(max(requested_at), '%Y-%m-%d') as last_on
from marts.fct_duplicate_captures
group by all
order by record_count desc, gateway, provider_id, model
