"""The charges of the demo company in FOCUS 1.2: the official validator reads them; no dollar and no token is lost."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from conftest import ROOT, Build

TOOLS = ROOT / "tests" / "focus" / "focus_tools.py"
COLUMNS_OF_FOCUS_1_2 = 57
TOTALS = re.compile(r"(\d+) rules broken, (\d+) kept, (\d+) not checked by the validator")

# Where ChargeClass is null, as FOCUS wants it, the validator passes over every rule that excepts corrections:
# a comparison with null is never true. With a word there it checks them, and breaks these two instead.
STRICT = "coalesce(ChargeClass, 'None') as ChargeClass"
BROKEN_BY_STRICT = {"ChargeClass-C-000-M", "ChargeClass-C-005-C"}

# What is broken in the export, and the rule that must say so.
BROKEN_EXPORTS = [
    (f"select * exclude (InvoiceIssuerName) replace ({STRICT}) from charges", "InvoiceIssuerName-C-000-M"),
    (f"select * replace ({STRICT}, 'Tokens used' as ChargeCategory) from charges", "ChargeCategory-C-003-M"),
    (f"select * replace ({STRICT}, ListCost + 0.01 as ListCost) from charges", "ListCost-C-009-C"),
    (f"select * replace ({STRICT}, cast(null as varchar) as SkuPriceId) from charges", "SkuPriceId-C-005-C"),
]

# (the check, what is broken, the SQL that breaks it)
TWINS = [
    (
        "assert_focus_charges_meet_the_invoice",
        "a cent of an invoice has no charge",
        """
        update marts.focus_cost_and_usage set BilledCost = BilledCost - 0.01
        where rowid = (select min(rowid) from marts.focus_cost_and_usage where ProviderName = 'openai')
        """,
    ),
    (
        "assert_focus_charges_meet_the_invoice",
        "a provider has no charge",
        "delete from marts.focus_cost_and_usage where ProviderName = 'bedrock'",
    ),
    (
        "assert_focus_charges_meet_the_invoice",
        "a residual is gone",
        "delete from marts.focus_cost_and_usage where x_ResidualClass = 'credit'",
    ),
    (
        "assert_focus_usage_is_the_ledger",
        "a class of tokens is in another one",
        """
        update marts.focus_cost_and_usage
        set x_CacheReadTokens = x_OutputTokens, x_OutputTokens = null
        where rowid = (select min(rowid) from marts.focus_cost_and_usage where x_OutputTokens > 0)
        """,
    ),
    (
        "assert_focus_usage_is_the_ledger",
        "an attempt is in no charge",
        "delete from marts.focus_cost_and_usage where rowid = "
        "(select min(rowid) from marts.focus_cost_and_usage where x_ChargeKind = 'usage')",
    ),
]


def validated(file: Path) -> tuple[set[str], int]:
    """The rules that a file breaks, and how many it keeps."""
    done = subprocess.run(
        [sys.executable, str(TOOLS), "validate", str(file)], capture_output=True, text=True, check=False
    )
    totals = TOTALS.search(done.stdout)
    assert totals, done.stdout + done.stderr
    broken = {line.split(":")[0] for line in done.stdout.splitlines() if not TOTALS.fullmatch(line)}
    assert len(broken) == int(totals[1])
    return broken, int(totals[2])


def listed_rules() -> set[str]:
    """The rules that docs/focus.md lists as broken: the first column of a table."""
    rows = re.findall(r"^\| (`.+?`) \|", (ROOT / "docs" / "focus.md").read_text(), flags=re.MULTILINE)
    return set(re.findall(r"`([A-Za-z]+-[A-Z]-\d{3}-[A-Z])`", " ".join(rows)))


def export(build: Build, file: Path, query: str = "select * from charges") -> None:
    """Write the charges as Parquet."""
    with duckdb.connect(str(build.built), read_only=True) as connection:
        connection.execute("create temp view charges as select * from marts.focus_cost_and_usage")
        connection.execute(f"copy ({query}) to '{file}' (format parquet)")


@pytest.fixture(scope="module")
def broken_by_the_demo(demo: Build, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The rules that the demo company's charges break."""
    file = tmp_path_factory.mktemp("focus") / "charges.parquet"
    export(demo.ok(), file)
    broken, kept = validated(file)
    assert kept > 350  # a rule model of which nothing is checked would find nothing
    return broken


def test_the_official_validator_finds_what_the_docs_list(broken_by_the_demo: set[str]) -> None:
    assert broken_by_the_demo == listed_rules()


def test_no_further_rule_is_broken_where_the_validator_looks_harder(
    demo: Build, tmp_path: Path, broken_by_the_demo: set[str]
) -> None:
    export(demo, tmp_path / "strict.parquet", f"select * replace ({STRICT}) from charges")
    broken, _ = validated(tmp_path / "strict.parquet")
    assert broken - broken_by_the_demo == BROKEN_BY_STRICT


@pytest.mark.parametrize(("query", "rule"), BROKEN_EXPORTS, ids=[rule for _, rule in BROKEN_EXPORTS])
def test_the_official_validator_sees_a_broken_export(
    demo: Build, tmp_path: Path, query: str, rule: str, broken_by_the_demo: set[str]
) -> None:
    export(demo, tmp_path / "broken.parquet", query)
    broken, _ = validated(tmp_path / "broken.parquet")
    assert rule in broken - broken_by_the_demo


def test_every_column_of_focus_is_there_and_every_other_one_says_that_it_is_ours(demo: Build) -> None:
    columns = [name for (name,) in demo.rows("select column_name from (describe marts.focus_cost_and_usage)")]
    assert len([name for name in columns if not name.startswith("x_")]) == COLUMNS_OF_FOCUS_1_2


@pytest.fixture(scope="module")
def copy(demo: Build, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the demo's warehouse that may be changed."""
    file = tmp_path_factory.mktemp("twins") / "build.duckdb"
    shutil.copy(demo.ok().built, file)
    with duckdb.connect(str(file)) as connection:
        yield connection


@pytest.mark.parametrize(("check", "what", "change"), TWINS, ids=[what for _, what, _ in TWINS])
def test_a_lost_dollar_or_token_is_seen(
    demo: Build, copy: duckdb.DuckDBPyConnection, check: str, what: str, change: str
) -> None:
    compiled = demo.folder / "target" / "compiled" / "ai_cost_audit" / "tests" / "focus" / f"{check}.sql"
    # dbt names the warehouse by its file, which here is a copy of it.
    query = compiled.read_text()
    assert copy.execute(query).fetchall() == []
    copy.begin()
    copy.execute(change)
    found = copy.execute(query).fetchall()
    copy.rollback()
    assert found, what
