with

attempts as (

    select * from {{ ref('int_attempts__captured') }}
    where not is_duplicate_capture

),

key_owners as (

    select * from {{ ref('int_key_owners__periods') }}

),

routes as (

    select * from {{ ref('int_routes__named') }}

),

-- The rule: a user whose stamped requests all name one team belongs to that team.
users_with_one_team as (

    select
        user_id,
        min(team_id) as team_id
    from attempts
    where user_id is not null and team_id is not null
    group by user_id
    having count(distinct team_id) = 1

),

with_owners as (

    select
        attempts.*,
        coalesce(provider_key.team_id, any_key.team_id) as key_team_id,
        coalesce(provider_key.feature_name, any_key.feature_name) as key_feature_name,
        users_with_one_team.team_id as rule_team_id
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
    left join users_with_one_team on attempts.user_id = users_with_one_team.user_id

),

identified as (

    select
        with_owners.*,
        coalesce(with_owners.team_id, with_owners.key_team_id, with_owners.rule_team_id) as owner_team_id,
        coalesce(with_owners.feature_name, with_owners.key_feature_name) as owned_feature_name,
        case
            when with_owners.team_id is not null then 'stamped'
            when with_owners.key_team_id is not null then 'key_owner'
            when with_owners.rule_team_id is not null then 'rule'
            else 'unattributed'
        end as attribution_method,
        row_number() over (
            partition by with_owners.gateway, with_owners.request_id
            order by
                case when with_owners.row_kind = 'billed_retry' then 0 else 1 end,
                coalesce(with_owners.reported_attempt_number, 1),
                with_owners.requested_at,
                with_owners._source_file,
                with_owners._source_row,
                with_owners._source_item
        ) as attempt_number,
        count(*) over (partition by with_owners.gateway, with_owners.request_id) as attempt_count
    from with_owners

)

select
    identified.gateway,
    identified.request_id,
    identified.provider_request_id,
    identified.attempt_number,
    identified.attempt_count,
    identified.attempt_number = identified.attempt_count as is_final_attempt,
    identified.row_kind,
    identified.owner_team_id as team_id,
    identified.user_id,
    identified.tenant_id,
    identified.session_id,
    identified.trace_id,
    identified.parent_request_id,
    identified.api_key_hash,
    identified.owned_feature_name as feature_name,
    identified.workflow_name,
    routes.route_id,
    identified.environment,
    identified.provider,
    identified.model,
    identified.requested_model,
    identified.service_tier,
    identified.inference_geo,
    identified.prompt_template_version,
    identified.prompt_fingerprint,
    identified.status_code,
    identified.is_error,
    identified.is_streaming,
    identified.uncached_input_tokens,
    identified.cache_read_tokens,
    identified.cache_write_5m_tokens,
    identified.cache_write_30m_tokens,
    identified.cache_write_1h_tokens,
    identified.cache_write_12h_tokens,
    identified.output_tokens,
    identified.reasoning_tokens,
    identified.input_audio_tokens,
    identified.input_image_tokens,
    identified.output_audio_tokens,
    identified.reported_total_tokens,
    identified.system_prompt_tokens,
    identified.context_tokens,
    identified.web_search_count,
    identified.request_count,
    identified.latency_ms,
    identified.tool_cost_usd,
    identified.reported_cost_usd,
    identified.requested_at,
    identified.attribution_method,
    identified._source_file,
    identified._source_row,
    identified._source_item
from identified
left join routes
    on
        coalesce(identified.owned_feature_name, '') = routes.feature_key
        and coalesce(identified.workflow_name, '') = routes.workflow_key
