"""The page of the commitments shows cost, use and verdict of each."""

from __future__ import annotations

import pytest
from site_browser import PHONE, Opener, Page, Query, usd

pytestmark = pytest.mark.slow

COLUMNS = ("Commitment", "Verdict", "Saves", "Cost", "Unused", "On demand", "Used", "Break-even")


def shows_the_month(page: Page, published: Query, month_id: str) -> None:
    rows = published(f"""
        select commitment_id, verdict, saving_usd, commitment_cost_usd, unused_cost_usd, on_demand_cost_usd,
            used_share, break_even_used_share
        from marts.fct_commitments_monthly where strftime(month, '%Y-%m') = '{month_id}'
        order by commitment_cost_usd desc, commitment_id
    """)
    page.shows_table(
        COLUMNS,
        [
            (
                *(name, verdict.replace("_", " ").capitalize()),
                *(usd(amount) for amount in amounts),
                *("-" if share is None else f"{share * 100:.1f}%" for share in (used, even)),
            )
            for name, verdict, *amounts, used, even in rows
        ],
    )


def test_each_month(open_page: Opener, published: Query) -> None:
    ((audit_month,),) = published("select strftime(audit_month, '%Y-%m') from marts.audit_run")
    shows_the_month(open_page("/commitments/"), published, audit_month)
    ((first,),) = published("select strftime(min(month), '%Y-%m') from marts.fct_commitments_monthly")
    assert first != audit_month
    shows_the_month(open_page(f"/commitments/?month={first}", PHONE), published, first)
