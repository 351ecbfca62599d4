"""The pages of the routes show what the marts say: overspend, justified apart, drift, and a route a click away."""

from __future__ import annotations

import pytest
from site_browser import PHONE, Opener, Query, usd

pytestmark = pytest.mark.slow

AUDIT_MONTH = "(select audit_month from marts.audit_run)"
OVERSPEND = "marts.fct_route_overspend_monthly"
# Of each route the team that spent most on it in the audit month, from the requests.
OWNERS = """
    select distinct on (route_id) route_id, team_id, team_name
    from (
        select route_id, coalesce(team_id, 'unattributed') as team_id, sum(coalesce(request_cost_usd, 0)) as usd
        from marts.fct_requests
        where date_trunc('month', request_date) = (select audit_month from marts.audit_run)
        group by 1, 2
    )
    left join marts.dim_teams using (team_id)
    order by route_id, usd desc, team_id
"""


def test_overspend_and_what_is_justified(open_page: Opener, published: Query) -> None:
    page = open_page("/routes/")
    rows = published(f"""
        select route_id, overspend_usd, overspend_multiple, right_sized_model, team_name
        from {OVERSPEND} left join ({OWNERS}) using (route_id)
        where month = {AUDIT_MONTH} and verdict in ('proven', 'candidate') order by overspend_usd desc, route_id
    """)
    total = usd(sum(row[1] for row in rows))
    page.shows_table(
        ("Route", "Overspend", "Team", "Multiple", "Would do"),
        [
            *(
                (route, usd(usd_), team, f"{multiple:.1f}x", model)
                for route, usd_, multiple, model, team in rows
            ),
            ("Total", total, "-", "-", "-"),
        ],
    )
    ((cost, proven, candidate, justified),) = published(f"""
        select
            sum(current_cost_usd), sum(case when verdict = 'proven' then overspend_usd else 0 end),
            sum(case when verdict = 'candidate' then overspend_usd else 0 end), sum(justified_premium_usd)
        from {OVERSPEND} where month = {AUDIT_MONTH}
    """)
    page.shows_value("Cost of the routes", usd(cost))
    page.shows_value("Overspend, proven", usd(proven))
    page.shows_value("Overspend, candidates", usd(candidate))
    page.shows_value("Justified premium", usd(justified))
    reasons = published(f"""
        select route_id, justified_premium_usd, cast(justified_until as varchar), justification from {OVERSPEND}
        where month = {AUDIT_MONTH} and verdict = 'justified' order by justified_premium_usd desc, route_id
    """)
    page.shows_table(
        ("Route", "Premium", "Until"), [(route, usd(premium), until) for route, premium, until, _ in reasons]
    )
    for *_, reason in reasons:
        page.shows_text(reason)


def test_the_filters(open_page: Opener, published: Query) -> None:
    ((month, label),) = published(f"""
        select strftime(month, '%Y-%m'), strftime(month, '%b %Y') from {OVERSPEND}
        where month < {AUDIT_MONTH} order by month desc limit 1
    """)

    def shows(where: str) -> None:
        rows = published(f"""
            select route_id, current_cost_usd, team_name, verdict in ('proven', 'candidate', 'justified')
            from {OVERSPEND} left join ({OWNERS}) using (route_id)
            where strftime(month, '%Y-%m') = '{month}' and {where} order by current_cost_usd desc, route_id
        """)
        others = [(route, usd(cost), team) for route, cost, team, is_judged in rows if not is_judged]
        total = usd(sum(cost for _, cost, _, is_judged in rows if not is_judged))
        page.shows_table(("Route", "Cost", "Team"), [*others, ("Total", total, "-")])
        page.shows_value("Cost of the routes", usd(sum(row[1] for row in rows)))

    page = open_page(f"/routes/?month={month}")
    shows("true")
    page.choose("Provider", "OpenAI")
    shows("provider = 'openai'")
    ((team_id, team),) = published(f"""
        select team_id, team_name from {OVERSPEND} inner join ({OWNERS}) using (route_id)
        where strftime(month, '%Y-%m') = '{month}' and provider = 'openai'
            and verdict not in ('proven', 'candidate', 'justified')
        order by team_name limit 1
    """)
    page.choose("Team", team)
    shows(f"provider = 'openai' and team_id = '{team_id}'")
    assert f"team={team_id}" in page.page.url
    assert "provider=openai" in page.page.url
    assert f"month={month}" in page.page.url
    page.shows_text(label)


def test_a_route_is_a_click_away(open_page: Opener, published: Query) -> None:
    ((route,),) = published(f"""
        select route_id from {OVERSPEND} where month = {AUDIT_MONTH} order by overspend_usd desc, route_id limit 1
    """)
    page = open_page("/routes/", PHONE)
    page.page.get_by_role("cell", name=route, exact=True).click()
    page.page.wait_for_url(f"**/routes/{route.replace('/', '--')}/**")
    months = published(f"""
        select strftime(month, '%b %Y'), current_cost_usd, overspend_usd, model, right_sized_model
        from {OVERSPEND} where route_id = '{route}' order by month desc
    """)
    page.shows_table(
        ("Month", "Cost", "Overspend", "Model", "Would do"),
        [(month, usd(cost), usd(over), *models) for month, cost, over, *models in months],
    )
    page.shows_text(route)
    ((team_id, team),) = published(f"select team_id, team_name from ({OWNERS}) where route_id = '{route}'")
    page.shows_text(f"Team: {team}, which spent most on it in the audit month.")
    assert page.page.get_by_role("link", name=team).get_attribute("href") == f"/teams/{team_id}"


def test_drift_and_broken_caching_stand_on_the_route(open_page: Opener, published: Query) -> None:
    ((route,),) = published("select route_id from marts.fct_cache_breaks order by waste_usd desc limit 1")
    breaks = published(f"""
        select waste_usd, established_read_share from marts.fct_cache_breaks
        where route_id = '{route}' order by waste_usd desc
    """)
    page = open_page(f"/routes/{route.replace('/', '--')}/")
    page.shows_table(("Waste", "Reads before"), [(usd(waste), f"{before:.1%}") for waste, before in breaks])
    days = published(f"""
        select cast(date as varchar), drift_ratio, cost_usd from marts.fct_route_baselines_daily
        where route_id = '{route}' and drift_status in ('warn', 'error') order by date desc limit 10
    """)
    page.shows_table(
        ("Day", "Times baseline", "Cost"), [(day, f"{ratio:.2f}", usd(cost)) for day, ratio, cost in days]
    )


def test_a_route_without_trouble_says_so(open_page: Opener, published: Query) -> None:
    ((route,),) = published(f"""
        select route_id from marts.dim_routes
        where route_id not in (select route_id from marts.fct_cache_breaks)
            and route_id not in (select route_id from marts.fct_agent_loops)
            and route_id not in (select route_id from {OVERSPEND})
        order by route_id limit 1
    """)
    page = open_page(f"/routes/{route.replace('/', '--')}/")
    page.shows_text("No model chosen for this route in any month")
    page.shows_text("Prompt caching never broke on this route")
    page.shows_text("Every session of this route ended by itself")
