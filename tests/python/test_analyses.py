"""Every ad-hoc question runs on the published copy as it stands, and the drilled-down dollars add up to their cell."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from conftest import ROOT, Build

from ai_cost_audit.sql import SEARCH_PATH

ANALYSES = sorted((ROOT / "analyses").glob("*.sql"))
GUIDE = (ROOT / "docs" / "ad-hoc-sql.md").read_text()
WORKED = re.findall(r"```sql\n(.*?)```\n\n```\n(.*?)```", GUIDE, re.DOTALL)
# The small demo has no reject, prices every model, and its bills take nothing back.
MAY_BE_EMPTY = {
    "what_was_rejected_and_why",
    "where_did_caching_break",
    "which_days_were_spikes",
    "which_bill_lines_have_an_odd_sign",
    "which_models_have_no_price",
}


@pytest.mark.parametrize("path", ANALYSES, ids=lambda path: path.stem)
def test_the_question_is_answered(path: Path, demo: Build) -> None:
    with duckdb.connect(str(demo.ok().published), read_only=True) as connection:
        answer = connection.execute(path.read_text()).fetchall()
    assert answer or path.stem in MAY_BE_EMPTY
    assert path.read_text().startswith("-- ")


def test_a_drilled_down_cell_adds_up(demo: Build) -> None:
    text = (ROOT / "analyses" / "trace_a_dollar.sql").read_text()
    with duckdb.connect(str(demo.ok().published), read_only=True) as connection:
        found = connection.execute(text).fetchall()
    assert found
    assert all(cell == drilled for _, _, _, _, cell, drilled, *_ in found)


def test_the_guide_names_every_question() -> None:
    assert [path.stem for path in ANALYSES if f"`analyses/{path.name}`" not in GUIDE] == []
    named = re.findall(r"analyses/(\w+)\.sql", GUIDE)
    assert sorted(set(named)) == [path.stem for path in ANALYSES]


def test_the_guide_has_ten_worked_queries_over_the_marts_that_matter() -> None:
    assert len(WORKED) >= 10
    queries = " ".join(query for query, _ in WORKED)
    marts = ("fct_chargeback_monthly", "fct_reconciliation_residuals_monthly", "fct_coverage_monthly",
             "focus_cost_and_usage", "fct_gates", "fct_cost_daily")  # fmt: skip
    assert [mart for mart in marts if mart not in queries] == []


@pytest.mark.parametrize(("query", "answer"), WORKED, ids=range(1, len(WORKED) + 1))
def test_a_worked_query_runs_and_its_answer_has_the_columns_shown(
    query: str, answer: str, demo: Build
) -> None:
    with duckdb.connect(str(demo.ok().published), read_only=True) as connection:
        connection.execute(SEARCH_PATH)
        cursor = connection.execute(query)
        columns = [column[0] for column in cursor.description or ()]
        assert cursor.fetchone() is not None or "overspend_usd" in query
    lines = answer.splitlines()
    shown = lines[0].split()
    if shown == ["row", "1"]:  # a row a block: the name of each column opens a line
        shown = [line.split()[0] for line in lines[1 : len(columns) + 1]]
    assert shown == columns


def test_the_team_charged_most_is_charged_what_the_mart_says(demo: Build) -> None:
    """The analysis of chargeback adds up to the mart, and its last row of a month to the invoices."""
    text = (ROOT / "analyses" / "what_is_each_team_charged.sql").read_text()
    with duckdb.connect(str(demo.ok().published), read_only=True) as connection:
        months = connection.execute(f"""
            select sum(booked_usd) filter (team_name != 'all teams'), sum(booked_usd) filter (team_name = 'all teams')
            from ({text.strip().rstrip(";")})
            group by month
        """).fetchall()
    assert months and all(teams == total for teams, total in months)


def test_each_step_from_ledger_to_invoice_adds_up(demo: Build) -> None:
    text = (ROOT / "analyses" / "why_is_the_invoice_not_the_ledger.sql").read_text()
    with duckdb.connect(str(demo.ok().published), read_only=True) as connection:
        found = connection.execute(f"""
            select sum(usd) filter (step != 'invoice'), sum(usd) filter (step = 'invoice')
            from ({text.strip().rstrip(";")})
            group by month, provider
        """).fetchall()
    assert found and all(steps == invoice for steps, invoice in found)
