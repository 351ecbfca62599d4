{#
    A query with the rows behind one cell of a mart: what each cost, the raw file and line that it came from, the price row
    and the rules that were applied. Their usd add up to the cell exactly.

        dbt show --limit 20 --inline "{{ trace_dollar('fct_team_spend_monthly', {'month': '2026-10-01', 'team_id': 'search'}) }}"

    mart: one of those in traced_marts.
    cell: the mart's key columns and their values.
    measure: the mart's column; its first traced one when not given.
#}
{% macro trace_dollar(mart, cell, measure=none) -%}
    {%- set measures = traced_marts().get(mart) -%}
    {%- if measures is none -%}
        {{ exceptions.raise_compiler_error(mart ~ ' is not traced; these are: ' ~ traced_marts() | join(', ')) }}
    {%- endif -%}
    {%- set measure = measure or measures | first -%}
    {%- if measure not in measures -%}
        {{ exceptions.raise_compiler_error(mart ~ '.' ~ measure ~ ' is not traced; these are: ' ~ measures | join(', ')) }}
    {%- endif -%}
    {%- for source in measures[measure] -%}
        {{ trace_rows(source, cell) }}
        {%- if not loop.last %}
union all
        {% endif -%}
    {%- endfor -%}
{%- endmacro %}

{# What can be traced: per mart and measure the kinds of rows that it adds up. #}
{% macro traced_marts() %}
    {{ return({
        'fct_cost_daily': {'cost_usd': ['requests', 'telemetry_hours', 'job_hours']},
        'fct_team_spend_monthly': {'cost_usd': ['requests', 'telemetry_hours', 'job_hours']},
        'fct_user_spend_monthly': {'cost_usd': ['requests']},
        'fct_spend_change_monthly': {'cost_usd': ['requests', 'telemetry_hours', 'job_hours']},
        'fct_spend_spikes_daily': {'cost_usd': ['managed_requests']},
        'fct_request_costs_monthly': {'cost_usd': ['managed_requests']},
        'fct_gpu_pools_monthly': {'cost_usd': ['telemetry_hours', 'job_hours']},
        'fct_route_overspend_monthly': {'current_cost_usd': ['priced_attempts']},
        'fct_coverage_monthly': {
            'ledger_usd': ['provider_attempts'], 'billed_usd': ['billed_usage'], 'invoice_usd': ['billed_lines'],
        },
        'fct_reconciliation_daily': {'ledger_cost_usd': ['token_billed_attempts'], 'billed_usd': ['billed_to_match']},
        'fct_commitments_monthly': {'on_demand_cost_usd': ['committed_attempts'], 'billed_usd': ['billed_commitments']},
    }) }}
{% endmacro %}

{# The rows of one kind that lie in a cell. 'all' as provider or model is no filter, a cell of a month has its days. #}
{% macro trace_rows(source, cell) -%}
    {%- if source in ['requests', 'managed_requests'] -%}
        {%- set relation = ref('fct_requests') -%}
        {%- set keys = {
            'date': 'rows.request_date',
            'cost_layer': "case when rows.provider = 'self_hosted' then 'self_hosted_inference' else 'managed_api' end",
            'provider_or_pool': 'rows.provider',
            'provider': 'rows.provider',
            'tenant_id': "coalesce(rows.tenant_id, '(none)')",
            'user_id': "coalesce(rows.user_id, 'unattributed')",
            'team_id': "coalesce(rows.team_id, 'unattributed')",
            'feature_name': "coalesce(rows.feature_name, '(none)')",
            'model': 'rows.model',
        } -%}
        {%- set usd = 'rows.request_cost_usd' -%}
        {%- set where = "rows.provider != 'self_hosted'" if source == 'managed_requests' else none -%}
    {%- elif source.endswith('_attempts') -%}
        {%- set relation = ref('fct_attempts') -%}
        {%- set keys = {
            'date': 'rows.request_date' if source == 'priced_attempts' else 'cast(rows.requested_at as date)',
            'provider': 'rows.provider',
            'route_id': 'rows.route_id',
            'model': 'rows.model',
            'commitment_id': 'rows.commitment_id',
        } -%}
        {%- set usd = 'rows.attempt_cost_usd' -%}
        {%- set where = {
            'priced_attempts': "rows.pricing_status = 'priced'",
            'provider_attempts': "rows.provider != 'self_hosted'",
            'token_billed_attempts': "rows.provider != 'self_hosted' and rows.commitment_id is null",
            'committed_attempts': 'rows.commitment_id is not null',
        }[source] -%}
    {%- elif source in ['telemetry_hours', 'job_hours'] -%}
        {%- set is_job = source == 'job_hours' -%}
        {%- set relation = ref('int_training_jobs__hours') if is_job else ref('int_gpu_hours__classified') -%}
        {%- set layer -%}
        case
            when coalesce(pools.purpose, {{ "''" if source == 'telemetry_hours' else "'training'" }}) = 'training'
                then 'training' else 'self_hosted_inference'
        end
        {%- endset -%}
        {%- set team = 'coalesce(rows.team_id, jobs.team_id, pools.team_id)' -%}
        {%- set keys = {
            'date': 'rows.usage_date',
            'cost_layer': layer,
            'provider_or_pool': 'rows.pool_id',
            'pool_id': 'rows.pool_id',
            'team_id': "coalesce(" ~ team ~ ", 'unattributed')",
            'feature_name': "'(none)'",
            'model': "'(gpu hours)'",
        } -%}
        {%- set usd = 'rows.cost_usd' -%}
        {%- set where = 'measured.pool_id is null' if source == 'job_hours' else none -%}
    {%- else -%}
        {%- set relation = ref('int_billing__lines') -%}
        {%- set keys = {
            'date': 'rows.charge_date',
            'month': 'rows.month',
            'provider': 'rows.provider',
            'model': "coalesce(models.canonical_model, rows.model, 'all')",
            'commitment_id': 'rows.commitment_id',
        } -%}
        {%- set usd = 'rows.billed_usd' -%}
        {%- set where = {
            'billed_usage': "rows.line_type in ('usage', 'fee', 'commitment')",
            'billed_commitments': "rows.line_type = 'commitment'",
            'billed_to_match': "rows.line_type in ('usage', 'fee') and rows.provider != 'gpu_cloud'",
        }.get(source) -%}
    {%- endif -%}

    {%- set conditions = [where] if where else [] -%}
    {%- for key, value in cell.items() if key != 'match_grain' and not (key in ['provider', 'model'] and value == 'all') -%}
        {%- set literal = "'" ~ value | string | replace("'", "''") ~ "'" -%}
        {%- if key == 'month' or (key == 'date' and cell.get('match_grain') == 'month') -%}
            {%- set first_day = "cast(date_trunc('month', " ~ (keys.get(key) or keys['date']) ~ ") as date)" -%}
            {%- do conditions.append(first_day ~ ' = cast(' ~ literal ~ ' as date)') -%}
        {%- elif key == 'date' -%}
            {%- do conditions.append(keys['date'] ~ ' = cast(' ~ literal ~ ' as date)') -%}
        {%- elif key in keys -%}
            {%- do conditions.append(keys[key] ~ ' = ' ~ literal) -%}
        {%- else -%}
            {{ exceptions.raise_compiler_error(key ~ ' is no key of these rows: ' ~ keys | join(', ')) }}
        {%- endif -%}
    {%- endfor -%}

select
    '{{ source }}' as kind,
    {{ usd }} as usd,
    {% if source.endswith('requests') or source.endswith('attempts') -%}
    rows.requested_at as happened_at,
    rows.provider,
    rows.model,
    rows.team_id,
    rows.request_id as id,
    rows.attribution_method,
    rows.pricing_status,
    rows.price_source,
    rows.price_id,
    {%- elif source in ['telemetry_hours', 'job_hours'] %}
    rows.hour_start_at as happened_at,
    rows.pool_id as provider,
    rows.gpu_model as model,
    {{ team }} as team_id,
    {{ 'rows.gpu_id' if source == 'telemetry_hours' else 'rows.job_id' }} as id,
    case
        when rows.team_id is not null then 'stamped'
        when jobs.team_id is not null then 'job'
        when pools.team_id is not null then 'pool'
        else 'unattributed'
    end as attribution_method,
    case when rows.is_unpriced then 'unpriced' else 'priced' end as pricing_status,
    case when pools.usd_per_gpu_hour is not null then 'gpu_pools' else 'gpu_prices' end as price_source,
    cast(rows.usd_per_gpu_hour as string) || ' USD per GPU hour' as price_id,
    {%- else %}
    rows.charge_start_at as happened_at,
    rows.provider,
    rows.model,
    cast(null as string) as team_id,
    rows.key_or_project_id as id,
    rows.line_type as attribution_method,
    'billed' as pricing_status,
    rows.currency as price_source,
    cast(null as string) as price_id,
    {%- endif %}
    {{ 'jobs' if source == 'job_hours' else 'rows' }}._source_file,
    {{ 'jobs' if source == 'job_hours' else 'rows' }}._source_row
from {{ relation }} as rows
    {%- if source in ['telemetry_hours', 'job_hours'] %}
left join {{ ref('gpu_pools') }} as pools on rows.pool_id = pools.pool_id
left join {{ ref('int_training_jobs__timed') }} as jobs on rows.pool_id = jobs.pool_id and rows.job_id = jobs.job_id
    {%- endif %}
    {%- if source == 'job_hours' %}
left join (
    select distinct
        pool_id,
        date_trunc('month', usage_date) as month
    from {{ ref('int_gpu_hours__classified') }}
) as measured on rows.pool_id = measured.pool_id and date_trunc('month', rows.usage_date) = measured.month
    {%- endif %}
    {%- if source.startswith('billed') %}
left join {{ ref('int_models__resolved') }} as models on rows.provider = models.provider and rows.model = models.model
    {%- endif %}
    {%- if conditions %}
where
    {{ conditions | join('\n    and ') }}
    {%- endif %}
{%- endmacro %}
