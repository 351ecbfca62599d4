-- Promise 9: no prompt text, no secrets, no personal addresses in any published text column. Every mart, and every seed of
-- the company, is read; a text longer than an identifier or a sentence counts as a prompt. Only the kept text of a rejected
-- billing or GPU record, and the names of a FOCUS row together (Tags), may be longer.
-- noqa: disable=LT02
{%- set relations = [
    ref('audit_run'), ref('dim_dates'), ref('dim_models'), ref('dim_routes'), ref('dim_teams'), ref('fct_agent_loops'),
    ref('fct_attempts'), ref('fct_retried_requests'),
    ref('fct_audit_checklist'), ref('fct_cache_breaks'), ref('fct_cost_daily'), ref('fct_coverage_monthly'),
    ref('fct_chargeback_monthly'), ref('fct_reconciliation_residuals_monthly'), ref('focus_cost_and_usage'),
    ref('fct_defect_score'), ref('fct_duplicate_captures'), ref('fct_findings'), ref('fct_flagged_bill_lines'), ref('fct_gates'),
    ref('fct_gpu_hours_classified'), ref('fct_gpu_pools_monthly'), ref('fct_landed_files'), ref('fct_reconciliation_daily'),
    ref('fct_rejected_records'), ref('fct_requests'), ref('fct_route_baselines_daily'), ref('fct_route_overspend_monthly'),
    ref('fct_spend_spikes_daily'), ref('fct_team_spend_monthly'), ref('fct_training_jobs'), ref('fct_user_spend_monthly'),
    ref('fct_three_way_match'), ref('fct_request_costs_monthly'), ref('fct_spend_change_monthly'),
    ref('contract_rates'), ref('gpu_node_pools'), ref('gpu_pools'), ref('key_owners'), ref('planned_events'),
    ref('quality_evals'), ref('routes'),
    ref('task_classes'), ref('team_budgets'), ref('teams'), ref('own_model_prices'), ref('own_model_tiers'),
    ref('gate_thresholds'), ref('commitments'), ref('fct_commitments_monthly'),
] %}
{%- set address = '[[:alnum:]._%+-]+@[[:alnum:]-]+([.][[:alnum:]-]+)*[.][[:alpha:]]{2,}' %}
{%- set secret = [
    '(^|[^[:alnum:]])(sk|rk|pk)-[[:alnum:]_-]{16,}', '(AKIA|ASIA)[0-9A-Z]{16}', 'AIza[[:alnum:]_-]{35}',
    'gh[pousr]_[[:alnum:]]{30,}', 'xox[abp]-[[:alnum:]-]{10,}', 'eyJ[[:alnum:]_-]{10,}[.]eyJ', '[Bb]earer [[:alnum:]._-]{16,}',
    '-----BEGIN ',
] | join('|') %}

{%- set longest = {'rejected_record': 1000, 'Tags': 1500} %}

{%- set checks = [] %}
{%- for relation in relations if execute %}
{%- set columns = [] %}
{%- for column in adapter.get_columns_in_relation(relation) if column.dtype | upper == 'VARCHAR' %}
{%- do columns.append(column.name) %}
{%- endfor %}
{%- if columns %}{% do checks.append({'relation': relation, 'columns': columns}) %}{% endif %}
{%- endfor %}

{% for check in checks %}
-- One look at all texts of a row; the columns are told of the rows in which it finds something.
select
    '{{ check.relation.identifier }}' as relation,
    count(*) as row_count,
    array_to_string(list_distinct(flatten(list(list_transform(
        list_filter(
            [
                {%- for column in check.columns %}
                {'name': '{{ column }}', 'text': {{ column }}, 'longest': {{ longest.get(column, 500) }}}{{ ',' if not loop.last }}
                {%- endfor %}
            ],
            lambda pair: length(pair['text']) > pair['longest']
            or regexp_matches(pair['text'], '{{ address }}|{{ secret }}')
        ),
        lambda pair: pair['name']
    )))), ', ') as text_columns
from {{ check.relation }}
where
    {%- for column in check.columns %}
    length({{ column }}) > {{ longest.get(column, 500) }} or
    {%- endfor %}
    regexp_matches(concat_ws(chr(1), {{ check.columns | join(', ') }}), '{{ address }}|{{ secret }}')
having count(*) > 0
{% if not loop.last %}
union all
{% endif %}
{% else %}
select 'nothing was read' as relation, 1 as row_count, '' as text_columns
{% endfor %}
