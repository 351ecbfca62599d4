"""Known differences between ledger and invoice, put into the demo company one by one, are named for what they are.

Each fault of `ai_cost_audit.demo.faults` says how many dollars it makes; what the residuals of the provider change by
is what was found. The confusion matrix is printed and kept in docs/residuals.md: AI_COST_WRITE_DOCS=1 writes it anew.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from conftest import COMPANY, ROOT, Build, Dbt, copy_company, copy_landing, run_with_rates

from ai_cost_audit.demo import simulate
from ai_cost_audit.demo.faults import EURO_RATES, FAULTS, Fault, rounds

pytestmark = pytest.mark.slow

DOCS = ROOT / "docs" / "residuals.md"
START, END = "<!-- matrix -->\n", "<!-- end of matrix -->"
REQUESTS = 12_000
CENT = Decimal("0.01")
RIGHT_SHARE = Decimal("0.95")
CLOSES = "assert_residuals_close_the_books"
SELECTION = (
    "build", "--select", "+fct_reconciliation_residuals_monthly", CLOSES,
    "--indirect-selection", "empty", "--exclude-resource-type", "unit_test",
)  # fmt: skip

# Several faults of one provider at once: each must still be named, though they meet in the same days and models.
TOGETHER = (
    "unknown_key", "batch_served", "hours_after_midnight",
    "logged_twice", "cache_reads_as_input", "price_cut",
    "discount_from_a_day_on", "minimum_line", "credit_line",
    "route_on_a_cloud_bill", "tax_line", "fee_line",
)  # fmt: skip

Cell = tuple[date, str, str]  # month, provider, class
Residuals = dict[Cell, Decimal]


@dataclass(frozen=True)
class Found:
    """A fault, the dollars injected by month, and what the residuals of its provider changed by."""

    fault: Fault
    injected: Mapping[date, Decimal]
    changes: Mapping[tuple[date, str], Decimal]

    @property
    def injected_usd(self) -> Decimal:
        """Dollars injected, whichever way they point."""
        return _size(self.injected.values())

    @property
    def missed_usd(self) -> Decimal:
        """Dollars by which the right class differs from what was injected."""
        right = self.fault.residual_class
        months = {month for month, _ in self.changes} | set(self.injected)
        return _size(
            self.changes.get((month, right), Decimal(0)) - self.injected.get(month, Decimal(0))
            for month in months
        )

    def by_class(self) -> dict[str, Decimal]:
        """Dollars found by class."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for (_, residual_class), change in self.changes.items():
            sums[residual_class] += abs(change)
        return sums


def _size(amounts: Iterable[Decimal]) -> Decimal:
    return sum((abs(amount) for amount in amounts), Decimal(0))


def _classes() -> list[str]:
    """The classes in the order of the contract of the mart."""
    path = ROOT / "models" / "marts" / "coverage" / "_coverage__models.yml"
    models: list[dict[str, Any]] = yaml.safe_load(path.read_text())["models"]
    mart = next(model for model in models if model["name"] == "fct_reconciliation_residuals_monthly")
    column = next(column for column in mart["columns"] if column["name"] == "residual_class")
    check = next(rule["expression"] for rule in column["constraints"] if rule["type"] == "check")
    return re.findall(r"'(\w+)'", check)


def _residuals(build: Build) -> Residuals:
    query = (
        "select month, provider, residual_class, residual_usd from marts.fct_reconciliation_residuals_monthly"
    )
    return {(month, provider, name): usd for month, provider, name, usd in build.ok().rows(query)}


def _changes(before: Residuals, after: Residuals, provider: str) -> dict[tuple[date, str], Decimal]:
    cells = {cell for cell in before.keys() | after.keys() if cell[1] == provider}
    return {
        (cell[0], cell[2]): after.get(cell, Decimal(0)) - before.get(cell, Decimal(0))
        for cell in sorted(cells)
    }


def _company(folder: Path, group: Iterable[Fault]) -> Path | None:
    """The demo company with the commitments that the faults are about; None when it needs none."""
    rows = [fault.commitment for fault in group if fault.commitment]
    header = (COMPANY / "commitments.csv").read_text().splitlines()[0]
    return copy_company(folder / "company", commitments="\n".join([header, *rows, ""])) if rows else None


@pytest.fixture(scope="module")
def clean(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The demo company without anything planted: only rounding parts ledger and invoice."""
    folder = tmp_path_factory.mktemp("clean")
    simulate(folder / "landing", folder / "key.json", requests=REQUESTS, plant=())
    return dbt.run(folder, *SELECTION).ok()


@pytest.fixture(scope="module")
def found(dbt: Dbt, clean: Build, tmp_path_factory: pytest.TempPathFactory) -> list[Found]:
    """Every fault, injected and looked for; faults of different providers share a build."""
    before = _residuals(clean)
    results = []
    for number, group in enumerate(rounds()):
        folder = tmp_path_factory.mktemp(f"faults{number}")
        copy_landing(clean.folder / "landing", folder / "landing")
        injected = [(fault, fault.inject(folder / "landing")) for fault in group]
        company = _company(folder, group)
        after = _residuals(run_with_rates(dbt, folder, EURO_RATES, *SELECTION, company=company))
        results += [Found(fault, usd, _changes(before, after, fault.provider)) for fault, usd in injected]
        shutil.rmtree(folder)
    return results


def _markdown(found: list[Found]) -> str:
    names = _classes()
    rows: dict[str, dict[str, Decimal]] = {name: defaultdict(Decimal) for name in names}
    injected: dict[str, Decimal] = defaultdict(Decimal)
    lines = [
        "| fault | provider | class | injected, USD | in its class | in others | unknown |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    for each in found:
        right, by_class = each.fault.residual_class, each.by_class()
        injected[right] += each.injected_usd
        for name, usd in by_class.items():
            rows[right][name] += usd
        wrong = sum((usd for name, usd in by_class.items() if name not in {right, "unknown"}), Decimal(0))
        unknown = Decimal(0) if right == "unknown" else by_class.get("unknown", Decimal(0))
        lines.append(
            f"| {each.fault.story} (`{each.fault.name}`) | {each.fault.provider} | `{right}` "
            f"| {each.injected_usd:.2f} | {by_class.get(right, Decimal(0)):.2f} | {wrong:.2f} | {unknown:.2f} |"
        )
    lines += [
        "",
        "Injected class (rows) by class found (columns, numbered as the rows), USD; a dot is less than half a cent:",
        "",
        "| injected | USD | " + " | ".join(str(number + 1) for number in range(len(names))) + " |",
        "|---|---:|" + "---:|" * len(names),
    ]
    for number, name in enumerate(names, start=1):
        cells = [f"{rows[name][other]:.2f}" for other in names]
        shown = ["." if cell == "0.00" else cell for cell in cells]
        lines.append(f"| {number} `{name}` | {injected[name]:.2f} | " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


def test_the_company_without_faults_is_closed_to_less_than_a_cent_a_provider(clean: Build) -> None:
    residuals = _residuals(clean)
    assert {name for (_, _, name), usd in residuals.items() if usd} == {"rounding"}
    assert max(abs(usd) for usd in residuals.values()) < CENT


def test_every_class_is_injected() -> None:
    assert {fault.residual_class for fault in FAULTS} == set(_classes())
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_injected_dollars_are_found_in_their_class(found: list[Found]) -> None:
    print("\n" + _markdown(found))
    assert [each.fault.name for each in found if each.injected_usd < CENT] == []
    missed = {
        each.fault.name: (each.injected_usd, each.missed_usd)
        for each in found
        if each.missed_usd > each.injected_usd * (1 - RIGHT_SHARE)
    }
    assert missed == {}


def test_no_dollar_is_in_a_wrong_class(found: list[Found]) -> None:
    wrong = {
        (each.fault.name, name): usd
        for each in found
        for name, usd in each.by_class().items()
        if name not in {each.fault.residual_class, "unknown"} and usd > CENT
    }
    assert wrong == {}


def test_the_matrix_in_the_docs_is_this_one(found: list[Found]) -> None:
    text = DOCS.read_text()
    head, tail = text.split(START)[0], text.split(END)[1]
    new = head + START + _markdown(found) + END + tail
    if os.environ.get("AI_COST_WRITE_DOCS"):
        DOCS.write_text(new)
    assert DOCS.read_text() == new, "run this test with AI_COST_WRITE_DOCS=1 to write the matrix anew"


def test_faults_that_meet_are_told_apart(dbt: Dbt, clean: Build, tmp_path: Path) -> None:
    copy_landing(clean.folder / "landing", tmp_path / "landing")
    faults = sorted(
        (fault for fault in FAULTS if fault.name in TOGETHER), key=lambda f: TOGETHER.index(f.name)
    )
    assert len(faults) == len(TOGETHER)
    injected: dict[Cell, Decimal] = defaultdict(Decimal)
    for fault in faults:
        for month, usd in fault.inject(tmp_path / "landing").items():
            injected[month, fault.provider, fault.residual_class] += usd
    before, after = _residuals(clean), _residuals(dbt.run(tmp_path, *SELECTION))
    changes = {
        cell: after.get(cell, Decimal(0)) - before.get(cell, Decimal(0))
        for cell in before.keys() | after.keys()
    }
    missed = _size(
        changes.get(cell, Decimal(0)) - injected[cell] for cell in changes.keys() | injected.keys()
    )
    for cell in sorted(changes.keys() | injected.keys()):
        print(*cell, f"injected {injected[cell]:.4f}", f"found {changes.get(cell, Decimal(0)):.4f}")
    assert missed <= _size(injected.values()) * (1 - RIGHT_SHARE)


@pytest.mark.parametrize(
    ("broken", "statement"),
    [
        (
            "a provider is absent",
            "delete from marts.fct_reconciliation_residuals_monthly where provider = 'google'",
        ),
        (
            "a month is absent",
            """
            delete from marts.fct_reconciliation_residuals_monthly
            where month = (select min(month) from marts.fct_reconciliation_residuals_monthly)
            """,
        ),
        (
            "a trillionth of a dollar is gone",
            """
            update marts.fct_reconciliation_residuals_monthly
            set residual_usd = residual_usd + 0.000000000001 where residual_class = 'rounding'
            """,
        ),
        (
            "a provider is not on any bill",
            """
            insert into marts.fct_reconciliation_residuals_monthly by name
            select * replace ('nobody' as provider) from marts.fct_reconciliation_residuals_monthly limit 1
            """,
        ),
        (
            "a provider without a residual has no row",
            "delete from marts.fct_reconciliation_residuals_monthly where provider = 'gpu_cloud'",
        ),
    ],
)
def test_the_check_sees_books_that_do_not_close(clean: Build, broken: str, statement: str) -> None:
    compiled = next((clean.folder / "target" / "compiled").rglob(f"{CLOSES}.sql")).read_text()
    with duckdb.connect(str(clean.built)) as connection:
        assert connection.execute(compiled).fetchall() == []
        connection.execute("begin")
        connection.execute(statement)
        assert connection.execute(compiled).fetchall() != [], broken
        connection.execute("rollback")
