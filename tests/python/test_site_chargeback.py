"""The page of the chargeback shows what each team is charged, to the cent that is booked."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from site_browser import PHONE, Opener, Page, Query, usd

pytestmark = pytest.mark.slow

AMOUNTS = (
    "booked_usd, direct_cost_usd, after_the_fact_usd, shared_cost_usd, unattributed_share_usd, total_usd"
)
COLUMNS = ("Booked", "Direct", "After the fact", "Shared", "Unowned", "Charged")


def shows_the_month(page: Page, published: Query, month: str, team: str = "true") -> None:
    """The teams of a month (SQL of its first day) that pass a condition, with their sum."""
    rows = published(f"""
        select team_name, cost_center, {AMOUNTS} from marts.fct_chargeback_monthly
        where month = {month} and {team} order by total_usd desc, team_name
    """)
    totals = [sum((row[place] for row in rows), Decimal(0)) for place in range(2, len(rows[0]))]
    page.shows_table(
        ("Team", "Cost center", *COLUMNS),
        [
            *((row[0], row[1] or "-", *(usd(amount) for amount in row[2:])) for row in rows),
            ("Total", "-", *(usd(amount) for amount in totals)),
        ],
    )


def rounding_of_the_month(published: Query, month: str) -> str:
    """What the page has to say below the table: by how much the rows as printed miss the total as printed."""
    rows = published(f"select {AMOUNTS} from marts.fct_chargeback_monthly where month = {month}")
    cent = Decimal("0.01")
    missed = []
    for place, title in enumerate(COLUMNS):
        amounts = [row[place] for row in rows]
        printed = [amount.quantize(cent, ROUND_HALF_UP) for amount in amounts]
        if lacks := sum(amounts, Decimal(0)).quantize(cent, ROUND_HALF_UP) - sum(printed, Decimal(0)):
            missed.append(f"{usd(lacks)} in {title}")
    return f"Rounding: {', '.join(missed)}" if missed else ""


AUDIT_MONTH = "(select audit_month from marts.audit_run)"


def test_a_month_of_all_teams(open_page: Opener, published: Query) -> None:
    page = open_page("/chargeback/")
    shows_the_month(page, published, AUDIT_MONTH)
    ((booked, shared, unowned),) = published(f"""
        select sum(booked_usd), sum(shared_cost_usd), sum(unattributed_share_usd)
        from marts.fct_chargeback_monthly where month = {AUDIT_MONTH}
    """)
    ((invoiced,),) = published(
        f"select invoice_usd from marts.fct_coverage_monthly where provider = 'all' and month = {AUDIT_MONTH}"
    )
    rounding = rounding_of_the_month(published, AUDIT_MONTH)
    assert rounding, "every column of the demo adds up, so that this was not tried"
    page.shows_text(rounding)
    assert "Booked" not in rounding, "what is booked is in cents"
    page.shows_value("Booked, all teams", usd(booked))
    page.shows_value("Invoiced by providers", usd(invoiced))
    page.shows_value("Credits, taxes, corrections", usd(shared))
    page.shows_value("Unowned, split", usd(unowned))


def test_a_team_and_a_month_can_be_chosen_and_linked_to(open_page: Opener, published: Query) -> None:
    ((team_id, name),) = published(f"""
        select team_id, team_name from marts.fct_chargeback_monthly where month = {AUDIT_MONTH}
        order by team_name limit 1
    """)
    page = open_page("/chargeback/", PHONE)
    page.choose("Team", name)
    shows_the_month(page, published, AUDIT_MONTH, f"team_id = '{team_id}'")
    assert f"team={team_id}" in page.page.url
    ((first_id,),) = published("select strftime(min(month), '%Y-%m') from marts.fct_chargeback_monthly")
    first = f"date '{first_id}-01'"
    linked = open_page(f"/chargeback/?month={first_id}&team={team_id}")
    shows_the_month(linked, published, first, f"team_id = '{team_id}'")


def test_a_team_is_a_click_away(open_page: Opener, published: Query) -> None:
    ((team_id, name),) = published(f"""
        select team_id, team_name from marts.fct_chargeback_monthly where month = {AUDIT_MONTH}
        order by total_usd desc limit 1
    """)
    page = open_page("/chargeback/")
    page.page.get_by_role("cell", name=name, exact=True).click()
    page.page.wait_for_url(f"**/teams/{team_id}/**")
    page.shows_text(name)
