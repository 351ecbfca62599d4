"""The pages of the teams show what the marts say, and a team's page is a click away."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from site_browser import PHONE, Opener, Page, Query, usd

pytestmark = pytest.mark.slow

COLUMNS = ("Spend", "Change", "Managed API", "Self-hosted", "Training")
AMOUNTS = "cost_usd, change_usd, managed_api_cost_usd, self_hosted_inference_cost_usd, training_cost_usd"


def amounts(row: Sequence[Any]) -> tuple[str, ...]:
    return tuple(usd(amount) for amount in row)


def total(column: Sequence[Decimal | None]) -> Decimal | None:
    """What is known of a column, added up; None when nothing is."""
    known = [amount for amount in column if amount is not None]
    return sum(known, Decimal(0)) if known else None


def shows_the_month(page: Page, published: Query, month: str) -> list[Decimal | None]:
    """The page shows the month's teams with their totals, which are returned."""
    rows = published(f"""
        select team_name, {AMOUNTS} from marts.fct_team_spend_monthly
        where month = {month} order by cost_usd desc, team_name
    """)
    totals = [total(column) for column in list(zip(*rows, strict=True))[1:]]
    page.shows_table(
        ("Team", *COLUMNS), [*((row[0], *amounts(row[1:])) for row in rows), ("Total", *amounts(totals))]
    )
    return totals


def test_a_month_of_all_teams(open_page: Opener, published: Query) -> None:
    totals = shows_the_month(open_page("/teams/"), published, "(select audit_month from marts.audit_run)")
    assert None not in totals


def test_the_total_of_what_is_not_known_is_not_nothing(open_page: Opener, published: Query) -> None:
    """The first month has no month before: each change is unknown, and so is their sum, which is not $0.00."""
    page = open_page("/teams/")
    ((name, first),) = published(
        "select strftime(min(month), '%b %Y'), min(month) from marts.fct_team_spend_monthly"
    )
    page.choose("Month", name)
    totals = shows_the_month(page, published, f"date '{first}'")
    assert dict(zip(COLUMNS, totals, strict=True))["Change"] is None


def test_a_team_is_a_click_away(open_page: Opener, published: Query) -> None:
    ((team_id, name),) = published("""
        select team_id, team_name from marts.fct_team_spend_monthly
        where month = (select audit_month from marts.audit_run) order by cost_usd desc limit 1
    """)
    page = open_page("/teams/", PHONE)
    page.page.get_by_role("cell", name=name, exact=True).click()
    page.page.wait_for_url(f"**/teams/{team_id}/**")
    months = published(f"""
        select strftime(month, '%b %Y'), {AMOUNTS} from marts.fct_team_spend_monthly
        where team_id = '{team_id}' order by month desc
    """)
    page.shows_table(("Month", *COLUMNS), [(row[0], *amounts(row[1:])) for row in months])
    page.shows_text(name)


def test_a_team_lists_its_users(open_page: Opener, published: Query) -> None:
    ((team_id,),) = published("""
        select primary_team_id from marts.fct_user_spend_monthly
        where primary_team_id <> 'unattributed' group by 1 order by count(*) desc, 1 limit 1
    """)

    def shows(month: str) -> None:
        rows = published(f"""
            select user_id, cost_usd, change_usd, request_count, cost_per_request_usd
            from marts.fct_user_spend_monthly
            where month = {month} and primary_team_id = '{team_id}' order by cost_usd desc, user_id, tenant_id limit 20
        """)
        page.shows_table(
            ("User", "Spend", "Change", "Requests", "Per request"),
            [
                (user, usd(cost), usd(change), f"{n:,}", f"${each:.4f}")
                for user, cost, change, n, each in rows
            ],
        )

    page = open_page(f"/teams/{team_id}/")
    shows("(select audit_month from marts.audit_run)")
    ((name, first),) = published(
        "select strftime(min(month), '%b %Y'), min(month) from marts.fct_user_spend_monthly"
    )
    page.choose("Month", name)
    shows(f"date '{first}'")


def test_a_team_without_users_in_a_month_says_so(open_page: Opener, published: Query) -> None:
    ((team_id, month),) = published("""
        select team_id, strftime(month, '%Y-%m')
        from (select distinct team_id from marts.fct_team_spend_monthly), (
            select distinct month from marts.fct_team_spend_monthly
        )
        where (team_id, month) not in (
            select (primary_team_id, month) from marts.fct_user_spend_monthly
            where cost_usd > 0 and primary_team_id is not null
        )
        order by all limit 1
    """)
    page = open_page(f"/teams/{team_id}/?month={month}", PHONE)
    page.shows_text("No user of this team spent anything in this month")


def test_a_team_sees_what_it_spent_on_is_charged_and_could_save(open_page: Opener, published: Query) -> None:
    ((team_id,),) = published("""
        select owner_team_id from marts.fct_findings where owner_team_id is not null
        group by owner_team_id order by count(*) desc, owner_team_id limit 1
    """)
    page = open_page(f"/teams/{team_id}/")
    for column, title in (("feature_name", "Feature"), ("model", "Model")):
        rows = published(f"""
            select {column}, sum(cost_usd), sum(change_usd), sum(previous_cost_usd)
            from marts.fct_spend_change_monthly
            where month = (select audit_month from marts.audit_run) and team_id = '{team_id}'
            group by {column} order by 2 desc, abs(sum(change_usd)) desc
        """)
        names = {"(none)": "No feature", "(gpu hours)": "GPU hours"}
        totals = [sum((row[place] for row in rows), Decimal(0)) for place in (1, 2, 3)]
        page.shows_table(
            (title, "Spend", "Change", "Month before"),
            [
                *((names.get(row[0], row[0]), *amounts(row[1:])) for row in rows[:10]),
                ("Total", *amounts(totals)),
            ],
        )
    charged = published(f"""
        select strftime(month, '%b %Y'), booked_usd, direct_cost_usd, shared_cost_usd, unattributed_share_usd
        from marts.fct_chargeback_monthly where team_id = '{team_id}' order by month desc
    """)
    page.shows_table(
        ("Month", "Booked", "Direct", "Shared", "Unowned"), [(row[0], *amounts(row[1:])) for row in charged]
    )
    findings = published(f"""
        select amount_usd, monthly_savings_usd, subject from marts.fct_findings
        where owner_team_id = '{team_id}' order by rank
    """)
    page.shows_table(
        ("Amount", "Saves a month", "Where"), [(usd(a), usd(s), subject) for a, s, subject in findings]
    )
