-- A gateway logs the key and not the account. The provider's own export and bill name both.
with

named as (

    select
        provider,
        api_key_id as key_id,
        account_id
    from {{ ref('int_provider_usage__costed') }}
    where api_key_id is not null
    union all
    select
        provider,
        key_or_project_id as key_id,
        billed_account_id as account_id
    from {{ ref('int_reconciliation__usage_lines') }}
    where key_or_project_id is not null

)

select
    provider,
    key_id,
    min(account_id) as account_id
from named
group by
    provider,
    key_id
having min(account_id) = max(account_id)
