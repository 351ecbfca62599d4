"""The overview shows what the marts say, for each month that can be chosen or linked to."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from site_browser import DESKTOP, PHONE, Opener, Page, Query, usd

pytestmark = pytest.mark.slow

LAYERS = {
    "managed_api": "Managed API",
    "self_hosted_inference": "Self-hosted inference",
    "training": "Training",
}


def months(published: Query) -> list[tuple[str, str]]:
    """The id and the name of each month with spend, oldest first."""
    return [
        (month_id, name)
        for month_id, name in published(
            "select distinct strftime(date, '%Y-%m'), strftime(date, '%b %Y') from marts.fct_cost_daily order by 1"
        )
    ]


def spend(published: Query, month_id: str) -> list[tuple[str, Decimal]]:
    """Spend of each cost layer in a month, the largest first."""
    found = published(f"""
        select cost_layer, sum(cost_usd) from marts.fct_cost_daily
        where strftime(date, '%Y-%m') = '{month_id}' group by 1 order by 2 desc
    """)
    return [(LAYERS[layer], amount) for layer, amount in found]


def shows_the_month(page: Page, published: Query, month_id: str) -> None:
    layers = spend(published, month_id)
    total = sum((amount for _, amount in layers), Decimal(0))
    rows = [(layer, usd(amount)) for layer, amount in layers]
    page.shows_table(("Cost layer", "Spend"), [*rows, ("Total", usd(total))])
    page.shows_value("Spend in the month", usd(total))
    ((invoice, unattributed, share, verdict),) = published(f"""
        select invoice_usd, unattributed_usd, coverage_share, verdict from marts.fct_coverage_monthly
        where provider = 'all' and strftime(month, '%Y-%m') = '{month_id}'
    """)
    page.shows_value("Invoiced", usd(invoice))
    page.shows_value("Invoiced, no owner", usd(unattributed))
    assert page.page.get_by_test_id("coverage-share").inner_text() == f"{share * 100:.1f}%"
    assert page.page.get_by_test_id("coverage-verdict").inner_text().lower() == verdict.replace("_", " ")


def test_the_audit_month_is_shown_first(open_page: Opener, published: Query) -> None:
    page = open_page("/")
    ((audit_month, books),) = published(
        "select strftime(audit_month, '%Y-%m'), books_status from marts.audit_run"
    )
    shows_the_month(page, published, audit_month)
    ((score, grade),) = published(
        "select score, grade from marts.fct_defect_score where audit_surface = 'overall'"
    )
    page.shows_value("Books of the audit month", books.capitalize())
    page.shows_value("FinOps score of 100", f"{score:.1f}")
    page.shows_value("Grade", grade.capitalize().replace("_", " "))
    findings = published("""
        select subject, amount_usd, monthly_savings_usd from marts.fct_findings
        where month = (select audit_month from marts.audit_run) order by rank limit 5
    """)
    page.shows_table(
        ("Where", "Amount", "Saves a month"),
        [(where, usd(amount), usd(saved)) for where, amount, saved in findings],
    )
    for look_first, provider in published(
        "select look_first, provider from marts.fct_gates where status <> 'pass'"
    ):
        page.shows_text(look_first)
        assert provider


def test_another_month_can_be_chosen_and_linked_to(open_page: Opener, published: Query) -> None:
    (first_id, first), (last_id, last) = (found := months(published))[0], found[-1]
    assert first_id != last_id
    page = open_page("/", PHONE)
    page.choose("Month", first)
    shows_the_month(page, published, first_id)
    assert page.page.url.endswith(f"?month={first_id}")
    page.choose("Month", last)
    shows_the_month(page, published, last_id)
    linked = open_page(f"/?month={first_id}")
    shows_the_month(linked, published, first_id)
    shows_the_month(open_page("/?month=1999-01"), published, last_id)


def test_a_figure_that_is_a_cent_off_is_noticed(
    open_page: Opener, published: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("site_browser.PATIENCE_SECONDS", 0.5)
    page = open_page("/")
    audit_month = published("select strftime(audit_month, '%Y-%m') from marts.audit_run")[0][0]
    layers = spend(published, audit_month)
    total = sum((amount for _, amount in layers), Decimal(0))
    page.shows_value("Spend in the month", usd(total))
    with pytest.raises(AssertionError, match="the marts say"):
        page.shows_value("Spend in the month", usd(total + Decimal("0.01")))
    rows = [(layer, usd(amount)) for layer, amount in layers]
    with pytest.raises(AssertionError, match="the marts say"):
        page.shows_table(
            ("Cost layer", "Spend"), [*rows[:-1], (rows[-1][0], usd(Decimal(0))), ("Total", usd(total))]
        )


@contextmanager
def served_folder(folder: Path) -> Iterator[str]:
    """Any folder, served: an address without the last slash."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a page is dozens of files."""


def test_a_site_that_is_a_cent_off_is_noticed(
    built_site: Path,
    contexts: Callable[[int, bool], Any],
    published: Query,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same site, but for one figure of one file that its pages read: the check that passed before fails."""
    month_id, _ = months(published)[0]  # not the month that stands in the page as it is delivered
    wrong = tmp_path / "site"
    shutil.copytree(built_site, wrong, copy_function=os.link)
    with served_folder(wrong) as address:
        page = Page(contexts(DESKTOP, False).new_page(), address)
        shows_the_month(page.go(f"/?month={month_id}"), published, month_id)
        page.page.close()
    (figures,) = wrong.glob("data/audit/spend_monthly/*/spend_monthly.parquet")
    right = figures.rename(tmp_path / "right.parquet")
    duckdb.sql(
        f"copy (select * replace (cost_usd + 0.01 as cost_usd) from '{right}') to '{figures}' (format parquet)"
    )
    monkeypatch.setattr("site_browser.PATIENCE_SECONDS", 2.0)
    with served_folder(wrong) as address:
        page = Page(contexts(DESKTOP, False).new_page(), address)
        with pytest.raises(AssertionError, match="Spend in the month: the page shows .* the marts say"):
            shows_the_month(page.go(f"/?month={month_id}"), published, month_id)
        page.page.close()
