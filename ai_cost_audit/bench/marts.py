"""Five marts over a ledger, in SQL that DuckDB and ClickHouse both read, and what of them must equal the product's.

They are the product's `fct_team_spend_monthly`, `fct_user_spend_monthly`, `fct_cost_daily`, the days of routes that
overspend and baselines are made from, and `fct_coverage_monthly` without the bill. Amounts are USD.
"""

from __future__ import annotations

MARTS = {
    "team_spend_monthly": """
        with monthly as (
            select
                month, team_id,
                sum(cost_usd) as cost_usd,
                sum(case when provider = 'self_hosted' then 0 else cost_usd end) as managed_api_cost_usd,
                sum(tokens) as tokens,
                sum(request_count) as request_count,
                sum(is_unpriced) as unpriced_request_count
            from ledger
            group by month, team_id
        ),
        totals as (select month, sum(cost_usd) as total_usd from monthly group by month)
        select
            monthly.month as month, monthly.team_id as team_id, monthly.cost_usd as cost_usd,
            monthly.managed_api_cost_usd as managed_api_cost_usd, monthly.tokens as tokens,
            monthly.request_count as request_count, monthly.unpriced_request_count as unpriced_request_count,
            earlier.cost_usd as previous_cost_usd,
            monthly.cost_usd - earlier.cost_usd as change_usd,
            totals.total_usd as total_usd
        from monthly
        inner join totals on monthly.month = totals.month
        left join monthly as earlier
            on monthly.team_id = earlier.team_id and monthly.month = earlier.month + interval 1 month
    """,
    "user_spend_monthly": """
        with by_team as (
            select
                month, coalesce(tenant_id, '(none)') as tenant_id,
                coalesce(user_id, 'unattributed') as user_id, team_id,
                sum(cost_usd) as cost_usd,
                sum(request_count) as request_count
            from ledger
            group by month, coalesce(tenant_id, '(none)'), coalesce(user_id, 'unattributed'), team_id
        ),
        ranked as (
            select
                *,
                row_number() over (
                    partition by month, tenant_id, user_id order by cost_usd desc, request_count desc, team_id
                ) as team_rank
            from by_team
        )
        select
            month, tenant_id, user_id,
            max(case when team_rank = 1 then team_id end) as primary_team_id,
            sum(cost_usd) as cost_usd,
            sum(request_count) as request_count
        from ranked
        group by month, tenant_id, user_id
    """,
    "cost_daily": """
        select
            request_date, provider, team_id, feature_name, model,
            sum(cost_usd) as cost_usd,
            sum(tokens) as tokens,
            sum(request_count) as request_count,
            sum(is_unpriced) as unpriced_request_count
        from ledger
        group by request_date, provider, team_id, feature_name, model
    """,
    "route_days": """
        select
            request_date, route_id, provider, model,
            sum(request_count) as request_count,
            sum(cost_usd) as cost_usd,
            sum(tokens) as tokens,
            sum(tokens - output_tokens) as context_tokens,
            sum(cache_read_tokens) as cache_read_tokens,
            sum(output_tokens) as output_tokens,
            min(requested_at) as first_requested_at
        from ledger
        group by request_date, route_id, provider, model
    """,
    "coverage_monthly": """
        select
            month, provider,
            sum(cost_usd) as ledger_usd,
            sum(case when attribution_method = 'stamped' then cost_usd else 0 end) as stamped_usd,
            sum(case when attribution_method = 'key_owner' then cost_usd else 0 end) as key_owner_usd
        from ledger
        where provider <> 'self_hosted' and is_unpriced = 0
        group by month, provider
    """,
}

# The same figure by the floor's tables and by the product's published ones: key columns as text, then USD.
COMPARISONS = {
    "ledger by provider and month": (
        "select provider, cast(month as varchar), sum(cost_usd) from ledger group by all",
        """
        select provider, cast(cast(date_trunc('month', request_date) as date) as varchar), sum(request_cost_usd)
        from marts.fct_requests group by all
        """,
    ),
    "teams by month": (
        "select team_id, cast(month as varchar), managed_api_cost_usd from team_spend_monthly",
        "select team_id, cast(month as varchar), managed_api_cost_usd from marts.fct_team_spend_monthly",
    ),
    "users by month": (
        """
        select user_id || ' ' || tenant_id || ' ' || coalesce(primary_team_id, ''), cast(month as varchar), cost_usd
        from user_spend_monthly where user_id <> 'unattributed'
        """,
        """
        select user_id || ' ' || tenant_id || ' ' || coalesce(primary_team_id, ''), cast(month as varchar), cost_usd
        from marts.fct_user_spend_monthly where user_id <> 'unattributed'
        """,
    ),
    "features and models by day": (
        """
        select provider || ' ' || team_id || ' ' || coalesce(feature_name, '(none)') || ' ' || model,
            cast(request_date as varchar), cost_usd
        from cost_daily
        """,
        """
        select provider_or_pool || ' ' || team_id || ' ' || feature_name || ' ' || model,
            cast(date as varchar), cost_usd
        from marts.fct_cost_daily where model <> '(gpu hours)'
        """,
    ),
    "coverage: ledger by provider and month": (
        "select provider, cast(month as varchar), ledger_usd from coverage_monthly",
        """
        select provider, cast(month as varchar), ledger_usd
        from marts.fct_coverage_monthly where provider not in ('all', 'gpu_cloud')
        """,
    ),
}
