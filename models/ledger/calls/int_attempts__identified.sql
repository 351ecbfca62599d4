{{ config(materialized='view') }}

{%- set decided = [
    'team_id', 'feature_name', 'attempt_number', 'retry_count', '_file_version', '_reject_reason', '_rejected_record',
] %}

with

attempts as (

    select * from {{ ref('int_attempts__captured') }}
    where not is_duplicate_capture

),

key_owners as (

    select * from {{ ref('int_key_owners__periods') }}

),

owned as (

    select
        attempts.*,
        -- What the gateway stamped counts; then the owner of the key; then the one team of which the user's other requests are.
        coalesce(attempts.team_id, provider_key.team_id, any_key.team_id, users.team_id) as owner_team_id,
        coalesce(attempts.feature_name, provider_key.feature_name, any_key.feature_name) as owned_feature_name,
        case
            when attempts.team_id is not null then 'stamped'
            when coalesce(provider_key.team_id, any_key.team_id) is not null then 'key_owner'
            when users.team_id is not null then 'rule'
            else 'unattributed'
        end as attribution_method
    from attempts
    left join key_owners as provider_key
        on
            attempts.api_key_hash = provider_key.key_hash_or_id
            and attempts.provider = provider_key.provider
            and attempts.requested_at >= provider_key.effective_from
            and attempts.requested_at < provider_key.effective_until
    left join key_owners as any_key
        on
            attempts.api_key_hash = any_key.key_hash_or_id
            and any_key.provider = 'any'
            and attempts.requested_at >= any_key.effective_from
            and attempts.requested_at < any_key.effective_until
    left join {{ ref('int_users__in_one_team') }} as users on attempts.user_id = users.user_id

)

select
    {%- for column in request_columns() if column not in decided %}
    owned.{{ column }},
    {%- endfor %}
    owned.owner_team_id as team_id,
    owned.owned_feature_name as feature_name,
    routes.route_id,
    owned.attribution_method,
    coalesce(numbered.attempt_number, 1) as attempt_number,
    coalesce(numbered.attempt_count, 1) as attempt_count,
    coalesce(numbered.attempt_number = numbered.attempt_count, true) as is_final_attempt
from owned
left join {{ ref('int_attempts__numbered') }} as numbered
    on
        owned._source_file = numbered._source_file
        and owned._source_row = numbered._source_row
        and owned._source_item = numbered._source_item
left join {{ ref('int_routes__named') }} as routes
    on
        coalesce(owned.owned_feature_name, '') = routes.feature_key
        and coalesce(owned.workflow_name, '') = routes.workflow_key
