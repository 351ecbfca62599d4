{{ config(materialized='view') }}

{%- set from_trace = [
    'team_id', 'user_id', 'tenant_id', 'session_id', 'feature_name', 'workflow_name', 'environment',
] %}
{%- set changed = from_trace + ['provider', 'model', 'inference_geo', 'gateway_rank'] %}

select
    {%- for column in request_columns() if column not in changed and not column.startswith(('_', 'cache_')) %}
    attempts.{{ column }},
    {%- endfor %}
    {%- for column in from_trace %}
    coalesce(attempts.{{ column }}, traces.{{ column }}) as {{ column }},
    {%- endfor %}
    coalesce(providers.provider, attempts.provider, 'unknown') as provider,  -- failed before it was routed
    coalesce(attempts.model, 'unknown') as model,
    -- Azure's data zone may stand in the name alone: azure/eu/gpt-4o.
    coalesce(
        attempts.inference_geo,
        case
            when lower(attempts.model) like 'azure/eu/%' then 'eu'
            when lower(attempts.model) like 'azure/us/%' then 'us'
        end
    ) as inference_geo,
    -- A class that the source does not tell apart is inside the uncached input: nothing is left over for it.
    {%- for meter in whole_token_meters() if meter.usage.startswith('cache_') %}
    case when attempts.uncached_input_tokens is not null then coalesce(attempts.{{ meter.usage }}, 0) end as {{ meter.usage }},
    {%- endfor %}
    duplicates.duplicate_kind is not null as is_duplicate_capture,
    duplicates.duplicate_kind,
    coalesce(duplicates.kept_source_file, attempts._source_file) as kept_source_file,
    coalesce(duplicates.kept_source_row, attempts._source_row) as kept_source_row,
    attempts._source_file,
    attempts._source_row,
    attempts._source_item
from {{ ref('int_attempts__unioned') }} as attempts
left join {{ ref('int_attempts__duplicates') }} as duplicates
    on
        attempts._source_file = duplicates._source_file
        and attempts._source_row = duplicates._source_row
        and attempts._source_item = duplicates._source_item
left join {{ ref('int_traces__context') }} as traces
    on attempts.gateway = traces.gateway and attempts.trace_id = traces.trace_id
left join {{ ref('provider_aliases') }} as providers on attempts.provider = providers.alias
where attempts.row_kind != 'context'
