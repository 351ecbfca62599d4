"""The lint of money: no sum or product of amounts is too narrow, and it would have caught those that were."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from conftest import Build

from ai_cost_audit import lint_money

FITS = [
    "select cost_usd * 2.0 as usd from sums",
    "select sum(cost_usd) * 1000 as usd from attempts",
    "select sum(cost_usd) - 0.5 as usd from attempts",
    "select tokens * usd_per_token as usd from attempts",
    "select cost_usd * share as usd from sums",
    "select cost_usd * rate * 1.5 as usd from sums",
    "select usd_per_token * cast(1.1 as decimal(9, 6)) as usd from attempts",
    "select usd_per_token - usd_per_token as saved from attempts",
    "select cast(share as decimal(18, 6)) * 100 as percent from sums",
    "select cast(cost_usd / 3 as decimal(18, 12)) as usd_per_request from sums",
    "select cast(cost_usd as decimal(18, 2)) as cents from sums",
    "select cost_usd / nullif(tokens, 0) as ratio from sums",
]

MAY_OVERFLOW = {
    "select cost_usd * 2.0 as usd from attempts": "product of type decimal(18, 13)",
    "select cost_usd * 3 as usd from attempts": "product of type decimal(18, 12)",
    "select 1 from attempts where 1000 < cost_usd * factor": "product of type decimal(18, 12)",
    "select cost_usd + cost_usd as usd from attempts": "sum of type decimal(18, 12)",
    "select cost_usd * rate * rate as usd from sums": "product of type decimal(38, 36)",
    "select cast(cost_usd as decimal(19, 9)) * share as usd from sums": "an amount cast to decimal(19, 9)",
    "select cast(sum(cost_usd) as decimal(18, 12)) as usd from attempts": "an amount cast to decimal(18, 12)",
    "select cost_usd / 3 + cost_usd as usd from sums": "money added up as a double",
    "select cost_usd + cost_usd * 5e-05 as usd from sums": "money added up as a double",
}


@pytest.fixture
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("""
            create table attempts (
                cost_usd decimal(18, 12), tokens bigint, factor integer, usd_per_token decimal(18, 12)
            )
        """)
        connection.execute("""
            create table sums (
                cost_usd decimal(38, 12), tokens bigint, share decimal(18, 12), rate decimal(18, 12)
            )
        """)
        yield connection


@pytest.mark.parametrize("sql", FITS)
def test_what_holds_every_amount_passes(tables: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert lint_money.lint(tables, sql) == []


@pytest.mark.parametrize(("sql", "construct"), MAY_OVERFLOW.items())
def test_what_may_overflow_is_named_in_its_line(
    tables: duckdb.DuckDBPyConnection, sql: str, construct: str
) -> None:
    found = lint_money.lint(tables, "-- a comment\n" + sql)
    assert construct in [finding.construct for finding in found]
    assert {finding.line for finding in found} == {2}


def test_one_request_may_add_up_its_parts(tables: duckdb.DuckDBPyConnection) -> None:
    assert (
        lint_money.lint(tables, "select cost_usd + cost_usd as usd from attempts", is_of_one_request=True)
        == []
    )
    assert lint_money.lint(tables, "select cost_usd * 2.0 as usd from attempts", is_of_one_request=True)


def test_a_column_of_money_is_an_amount(tables: duckdb.DuckDBPyConnection) -> None:
    found = lint_money.lint_columns(tables, "memory")
    assert found == ["attempts.cost_usd is DECIMAL(18,12): write decimal(38,12)"]
    tables.execute("create table fct_attempts as select cost_usd from attempts")
    tables.execute("alter table sums alter cost_usd type double")
    assert "sums.cost_usd is DOUBLE: write decimal(38,12)" in lint_money.lint_columns(tables, "memory")
    assert not [line for line in lint_money.lint_columns(tables, "memory") if "fct_attempts" in line]


def test_all_money_of_the_project_holds(demo: Build) -> None:
    with lint_money.open_built(demo.built) as connection:
        count, lines = lint_money.lint_folder(
            connection, demo.folder / "target" / "compiled" / "ai_cost_audit"
        )
        assert count > 100
        assert lines + lint_money.lint_columns(connection) == []


def test_the_spikes_that_overflowed_are_caught(demo: Build) -> None:
    """As it was: a mean of amounts taken for a price, times thresholds. USD 66,000 a day ended the build."""
    (path,) = (demo.folder / "target" / "compiled").rglob("models/marts/spend/fct_spend_spikes_daily.sql")
    sql = path.read_text()
    narrow = sql.replace(
        "as decimal(38, 12)) as expected_cost_usd", "as decimal(18, 12)) as expected_cost_usd", 1
    )
    assert narrow != sql
    with lint_money.open_built(demo.built) as connection:
        assert lint_money.lint(connection, sql) == []
        found = {
            narrow.splitlines()[finding.line - 1].strip() for finding in lint_money.lint(connection, narrow)
        }
    assert found == {
        "and cost_usd > expected_cost_usd * 2.0",
        "and spikes.cost_usd <= spikes.expected_cost_usd * planned_events.expected_multiple * 1.5",
    }


def test_the_command_prints_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = tmp_path / "build.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema marts; create table marts.days (cost_usd decimal(38, 12))")
    model = tmp_path / "compiled" / "models" / "marts" / "fct_days.sql"
    assert lint_money.main([str(database), str(tmp_path / "compiled")]) == 2

    model.parent.mkdir(parents=True)
    model.write_text("select cost_usd * 2.0 as usd from marts.days")
    assert lint_money.main([str(database), str(tmp_path / "compiled")]) == 0

    model.write_text("select\n    cast(cost_usd as decimal(18, 12)) as usd\nfrom marts.days")
    capsys.readouterr()
    assert lint_money.main([str(database), str(tmp_path / "compiled")]) == 1
    assert capsys.readouterr().out.splitlines()[0] == (
        f"{model}:2: an amount cast to decimal(18, 12): write decimal(38, 12)"
    )
