{{ config(materialized='view') }}

-- Own GPUs that a cloud billed are charges of their pools, day by day and team by team. Two rows a month put their sum, up
-- to what the cloud billed, under its name, so that its bill is met and nothing counts twice.
{% for provider, usd in [('gpu_cloud', 'ledger_usd'), ('self_hosted', '-ledger_usd')] %}
select
    'billed_pools' as charge_kind,
    month as starts_on,
    true as is_monthly,
    '{{ provider }}' as provider,
    'GPU pools that the cloud billed' as description,
    {{ usd }} as list_usd,
    {{ usd }} as cost_usd
from {{ ref('fct_coverage_monthly') }}
where provider = 'gpu_cloud' and ledger_usd != 0
{{ 'union all' if not loop.last }}
{% endfor %}
