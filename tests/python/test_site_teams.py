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
