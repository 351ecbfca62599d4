with

grains as (

    select * from {{ ref('int_reconciliation__grains') }}

),

-- A retry is hidden when the gateway reports it, or logs it without tokens. It can have cost as much as the request.
retried as (

    select
        provider,
        gateway,
        request_id,
        min(model) as model,
        min(requested_at) as requested_at,
        greatest(max(coalesce(retry_count, 0)), count(*) - 1) + 1
        - sum(case when coalesce(uncached_input_tokens, 0) + coalesce(output_tokens, 0) > 0 then 1 else 0 end) as hidden_retries,
        max({{ counted_tokens(without=['output']) }}) as input_tokens,
        max(coalesce(output_tokens, 0)) as output_tokens
    from {{ ref('int_attempts__captured') }}
    where not is_duplicate_capture and provider != 'self_hosted'
    group by
        provider,
        gateway,
        request_id

)

select
    retried.provider,
    case when grains.is_monthly then grains.month else cast(retried.requested_at as date) end as period_start,
    case when grains.is_over_all_models then 'all' else coalesce(models.canonical_model, retried.model) end as model,
    sum(retried.hidden_retries) as hidden_retries,
    sum(retried.hidden_retries * retried.input_tokens) as input_tokens,
    sum(retried.hidden_retries * retried.output_tokens) as output_tokens
from retried
inner join grains
    on retried.provider = grains.provider and cast(date_trunc('month', retried.requested_at) as date) = grains.month
left join {{ ref('int_models__resolved') }} as models on retried.provider = models.provider and retried.model = models.model
where retried.hidden_retries > 0
group by
    retried.provider,
    case when grains.is_monthly then grains.month else cast(retried.requested_at as date) end,
    case when grains.is_over_all_models then 'all' else coalesce(models.canonical_model, retried.model) end
