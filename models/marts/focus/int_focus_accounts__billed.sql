{{ config(materialized='view') }}

-- The ledger knows no account and no invoice: a charge has them where its provider sent one of each for the month.
select
    provider,
    month,
    case when count(distinct account_id) = 1 then min(account_id) end as account_id,
    case when count(distinct invoice_id) = 1 and count(invoice_id) = count(*) then min(invoice_id) end as invoice_id
from {{ ref('int_billing__lines') }}
group by
    provider,
    month
