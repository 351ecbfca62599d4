"""The page of the change leads from the month before to the month, and names teams, models, features and users."""

from __future__ import annotations

from decimal import Decimal

import pytest
from site_browser import PHONE, Opener, Query, usd

pytestmark = pytest.mark.slow

AUDIT_MONTH = "(select audit_month from marts.audit_run)"


def test_the_months_are_bridged_by_team(open_page: Opener, published: Query) -> None:
    page = open_page("/change/")
    ((name, before_name),) = published(f"""
        select strftime({AUDIT_MONTH}, '%b %Y'), strftime({AUDIT_MONTH} - interval 1 month, '%b %Y')
    """)
    rows = published(f"""
        select team_name, change_usd, change_share, previous_cost_usd, cost_usd
        from marts.fct_team_spend_monthly where month = {AUDIT_MONTH} order by abs(change_usd) desc, team_name
    """)
    before, now = (sum((row[place] for row in rows), Decimal(0)) for place in (3, 4))
    assert before + sum((row[1] for row in rows), Decimal(0)) == now
    page.shows_table(
        ("Team", "Amount"),
        [(before_name, usd(before)), *((row[0], usd(row[1])) for row in rows if row[1]), (name, usd(now))],
    )
    page.shows_table(
        ("Team", "Change", "Change in %", "Month before", "Spend"),
        [
            (team, usd(change), f"{share * 100:,.1f}%", usd(previous), usd(cost))
            for team, change, share, previous, cost in rows
        ],
    )
    page.shows_value("Spend, all teams", usd(now))
    page.shows_value("Month before", usd(before))
    page.shows_value("Change", usd(now - before))


def test_models_features_and_users(open_page: Opener, published: Query) -> None:
    page = open_page("/change/")

    def by(column: str, team: str = "true") -> list[tuple[str, str, str]]:
        """The ten values whose spend changed most, with the spend of the month and of the month before."""
        rows = published(f"""
            select {column}, sum(cost_usd) filter (where date >= {AUDIT_MONTH}) as this_month,
                sum(cost_usd) filter (where date < {AUDIT_MONTH}) as month_before
            from marts.fct_cost_daily where date >= {AUDIT_MONTH} - interval 1 month and {team}
            group by 1 order by abs(coalesce(this_month, 0) - coalesce(month_before, 0)) desc, 1 limit 10
        """)
        names = {"(gpu hours)": "GPU hours", "(none)": "No feature"}
        return [(str(names.get(name, name)), usd(now), usd(before)) for name, now, before in rows]

    page.shows_table(("Model", "Spend", "Month before"), by("model"))
    page.shows_table(("Feature", "Spend", "Month before"), by("feature_name"))
    users = published(f"""
        select user_id, change_usd, cost_usd, previous_cost_usd, request_count from marts.fct_user_spend_monthly
        where month = {AUDIT_MONTH} order by abs(change_usd) desc, user_id limit 10
    """)
    page.shows_table(
        ("User", "Change", "Spend", "Month before", "Requests"),
        [
            (
                user if user != "unattributed" else "Unattributed",
                usd(change),
                usd(cost),
                usd(before),
                f"{n:,}",
            )
            for user, change, cost, before, n in users
        ],
    )
    ((team_id, name),) = published(f"""
        select team_id, team_name from marts.fct_team_spend_monthly where month = {AUDIT_MONTH}
        order by team_name limit 1
    """)
    page.choose("Team", name)
    page.shows_table(("Model", "Spend", "Month before"), by("model", f"team_id = '{team_id}'"))


def test_the_first_month_has_none_before(open_page: Opener, published: Query) -> None:
    ((first,),) = published("select strftime(min(month), '%Y-%m') from marts.fct_team_spend_monthly")
    page = open_page(f"/change/?month={first}", PHONE)
    page.shows_text("The month before is not in the data")
    page.shows_value("Change", "-")
    assert page.table("Team", "Amount") is None
