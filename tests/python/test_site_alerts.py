"""The page of the alerts shows what the marts say: spikes with their verdict, routes that drifted, the last day."""

from __future__ import annotations

import pytest
from site_browser import PHONE, Opener, Query, usd

pytestmark = pytest.mark.slow

AUDIT_MONTH = "(select audit_month from marts.audit_run)"
SPIKES = ("Day", "Feature", "Above expected", "Verdict", "Cost")


def spikes(published: Query, where: str = "true") -> list[tuple[str, ...]]:
    rows = published(f"""
        select cast(date as varchar), feature_name, excess_usd, verdict, cost_usd
        from marts.fct_spend_spikes_daily
        where date_trunc('month', date) = {AUDIT_MONTH} and {where} order by date desc, excess_usd desc
    """)
    return [
        (day, feature, usd(excess), verdict.capitalize(), usd(cost))
        for day, feature, excess, verdict, cost in rows
    ]


def test_days_that_cost_more_than_expected(open_page: Opener, published: Query) -> None:
    page = open_page("/alerts/")
    page.shows_table(SPIKES, spikes(published))
    notes = published(f"""
        select distinct cause from marts.fct_spend_spikes_daily
        where verdict = 'planned' and date_trunc('month', date) = {AUDIT_MONTH}
    """)
    for (note,) in notes:
        page.shows_text(note)


def test_the_spikes_of_a_team(open_page: Opener, published: Query) -> None:
    ((team, name),) = published(f"""
        select spikes.team_id, teams.team_name from marts.fct_spend_spikes_daily as spikes
        inner join marts.dim_teams as teams on spikes.team_id = teams.team_id
        where date_trunc('month', spikes.date) = {AUDIT_MONTH} order by spikes.excess_usd desc limit 1
    """)
    page = open_page("/alerts/", PHONE)
    page.choose("Team", name)
    page.shows_table(SPIKES, spikes(published, f"team_id = '{team}'"))
    assert f"team={team}" in page.page.url


def test_routes_that_drifted(open_page: Opener, published: Query) -> None:
    rows = published(f"""
        select cast(date as varchar), route_id, drift_ratio, drift_status, cost_usd
        from marts.fct_route_baselines_daily
        where date_trunc('month', date) = {AUDIT_MONTH} and drift_status in ('warn', 'error')
        order by date desc, drift_ratio desc limit 15
    """)
    open_page("/alerts/").shows_table(
        ("Day", "Route", "Times baseline", "Drift", "Cost"),
        [
            (day, route, f"{ratio:.2f}", status.capitalize(), usd(cost))
            for day, route, ratio, status, cost in rows
        ],
    )


def test_a_quiet_last_day_says_so(open_page: Opener, published: Query) -> None:
    ((day, spike_count, drift_count),) = published("""
        select cast(audit_date as varchar),
            (select count(*) from marts.fct_spend_spikes_daily where date = audit_date),
            (select count(*) from marts.fct_route_baselines_daily
                where date = audit_date and drift_status in ('warn', 'error'))
        from marts.audit_run
    """)
    page = open_page("/alerts/")
    page.shows_text(f"The last day that landed is {day}")
    if not spike_count:
        page.shows_text("No feature cost far more than on the same weekday")
    if not drift_count:
        page.shows_text("No route on which a token cost more than it did")


def test_a_month_without_alerts_says_so(open_page: Opener, published: Query) -> None:
    ((month,),) = published("""
        select strftime(date, '%Y-%m') as month from marts.fct_cost_daily
        where strftime(date, '%Y-%m') not in
            (select strftime(date, '%Y-%m') from marts.fct_spend_spikes_daily)
        order by month limit 1
    """)
    open_page(f"/alerts/?month={month}").shows_text("No day far above what was expected")
