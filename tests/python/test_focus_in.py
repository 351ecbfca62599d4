"""Bills that another project generates in FOCUS 1.2 and 1.3, of three clouds, load with every amount kept."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from decimal import Decimal

import pytest
from conftest import NO_TESTS, ROOT, Build, Dbt

TOOLS = ROOT / "tests" / "focus" / "focus_tools.py"
BILLS = [
    (provider, version, seed)
    for provider in ("aws", "azure", "gcp")
    for version in ("1.2", "1.3")
    for seed in ("1", "2", "3")
]
# FOCUS column, and ours.
AMOUNTS = {
    "BilledCost": "billed_amount",
    "EffectiveCost": "effective_amount",
    "ContractedCost": "contracted_amount",
    "ListCost": "list_amount",
}
# USD: a line keeps twelve of the up to seventeen digits that the generator writes.
ROUNDING = Decimal("0.000001")


def name(provider: str, version: str, seed: str) -> str:
    """The folder of a bill: as if it were an account."""
    return f"{provider}-{version}-{seed}"


@pytest.fixture(scope="module")
def landed(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """All bills in one landing zone, staged."""
    folder = tmp_path_factory.mktemp("focus_in")
    for provider, version, seed in BILLS:
        bill = folder / "landing" / "cloud_billing" / "focus" / name(provider, version, seed)
        command = [sys.executable, str(TOOLS), "generate", provider, version, seed, str(bill)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        # FOCUS 1.3 adds a second dataset, the contract commitments, which is no bill.
        for commitments in bill.glob("*contract_commitment*"):
            commitments.unlink()
    return dbt.run(folder, "build", "--select", "+stg_cloud_billing_focus__lines", *NO_TESTS).ok()


@pytest.mark.parametrize("bill", BILLS, ids=[name(*bill) for bill in BILLS])
def test_the_totals_by_charge_category_are_kept(landed: Build, bill: tuple[str, str, str]) -> None:
    (file,) = (landed.folder / "landing" / "cloud_billing" / "focus" / name(*bill)).glob("*.csv")
    expected: Counter[tuple[str, str]] = Counter()
    with file.open(newline="") as lines:
        for line in csv.DictReader(lines):
            for column, ours in AMOUNTS.items():
                expected[line["ChargeCategory"], ours] += Decimal(line[column] or 0)
    assert len({category for category, _ in expected}) > 1

    found = landed.rows(f"""
        select charge_category, {", ".join(f"sum({ours})" for ours in AMOUNTS.values())}
        from staging.stg_cloud_billing_focus__lines
        where _source_file like '%/{name(*bill)}/%' and _reject_reason is null
        group by charge_category
    """)
    sums = {
        (category, ours): usd
        for category, *amounts in found
        for ours, usd in zip(AMOUNTS.values(), amounts, strict=True)
    }
    assert sums.keys() == expected.keys()
    assert {key: usd for key, usd in expected.items() if abs(sums[key] - usd) > ROUNDING} == {}


def test_no_line_is_rejected(landed: Build) -> None:
    assert (
        landed.rows(
            "select _reject_reason from staging.stg_cloud_billing_focus__lines where _reject_reason is not null"
        )
        == []
    )
