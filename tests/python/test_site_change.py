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


def test_models_and_features_explain_the_change(open_page: Opener, published: Query) -> None:
    page = open_page("/change/")
    ((name, before_name),) = published(f"""
        select strftime({AUDIT_MONTH}, '%b %Y'), strftime({AUDIT_MONTH} - interval 1 month, '%b %Y')
    """)

    def shows(title: str, column: str, team: str = "true") -> None:
        """A table whose totals are the spend of both months, and a waterfall of its ten largest changes."""
        names = {"(gpu hours)": "GPU hours", "(none)": "No feature"}
        rows = [
            (str(names.get(what, what)), now - before, now, before)
            for what, now, before in published(f"""
                select {column}, coalesce(sum(cost_usd) filter (where date >= {AUDIT_MONTH}), 0),
                    coalesce(sum(cost_usd) filter (where date < {AUDIT_MONTH}), 0)
                from marts.fct_cost_daily
                where date >= {AUDIT_MONTH} - interval 1 month and date < {AUDIT_MONTH} + interval 1 month and {team}
                group by 1
            """)
        ]
        rows.sort(key=lambda row: (-abs(row[1]), -row[2], row[0]))
        change, now, before = (sum((row[place] for row in rows), Decimal(0)) for place in (1, 2, 3))
        assert published(f"""
            select sum(change_usd), sum(cost_usd), sum(previous_cost_usd) from marts.fct_team_spend_monthly
            where month = {AUDIT_MONTH} and {team}
        """) == [(change, now, before)]
        page.shows_table(
            (title, "Change", "Spend", "Month before"),
            [
                *((what, *(usd(amount) for amount in amounts)) for what, *amounts in rows),
                ("Total", usd(change), usd(now), usd(before)),
            ],
        )
        steps = [(what, amount) for what, amount, *_ in rows if amount]
        others = steps[10:]
        if others:
            words = f"{len(others)} other{'s' if len(others) > 1 else ''}"
            steps = [*steps[:10], (words, sum((amount for _, amount in others), Decimal(0)))]
        page.shows_table(
            (title, "Amount"),
            [
                (before_name, usd(before)),
                *((what, usd(amount)) for what, amount in steps),
                (name, usd(now)),
            ],
        )

    shows("Model", "model")
    shows("Feature", "feature_name")
    ((team_id, team),) = published(f"""
        select team_id, team_name from marts.fct_team_spend_monthly where month = {AUDIT_MONTH}
        order by team_name limit 1
    """)
    page.choose("Team", team)
    shows("Model", "model", f"team_id = '{team_id}'")
    shows("Feature", "feature_name", f"team_id = '{team_id}'")


def test_users(open_page: Opener, published: Query) -> None:
    page = open_page("/change/")

    def shows(where: str) -> None:
        rows = published(f"""
            select user_id, change_usd, cost_usd, previous_cost_usd, request_count, team_name
            from marts.fct_user_spend_monthly left join marts.dim_teams on primary_team_id = team_id
            where month = {AUDIT_MONTH} and {where}
            order by abs(change_usd) desc, user_id, tenant_id limit 10
        """)
        page.shows_table(
            ("User", "Change", "Spend", "Month before", "Requests", "Team"),
            [
                (
                    user if user != "unattributed" else "Unattributed",
                    usd(change),
                    usd(cost),
                    usd(before),
                    f"{n:,}",
                    team or "-",
                )
                for user, change, cost, before, n, team in rows
            ],
        )

    shows("true")
    ((team_id, team),) = published(f"""
        select team_id, team_name from marts.fct_user_spend_monthly
        inner join marts.dim_teams on primary_team_id = team_id
        where month = {AUDIT_MONTH} order by team_name limit 1
    """)
    page.choose("Team", team)
    shows(f"primary_team_id = '{team_id}'")


def test_the_first_month_has_none_before(open_page: Opener, published: Query) -> None:
    ((first,),) = published("select strftime(min(month), '%Y-%m') from marts.fct_team_spend_monthly")
    page = open_page(f"/change/?month={first}", PHONE)
    page.shows_text("The month before is not in the data")
    page.shows_value("Change", "-")
    assert page.table("Team", "Amount") is None
