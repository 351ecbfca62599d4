"""The audit finds what was planted in the demo company, for its dollars, and nothing where nothing was planted.

The models never read the answer key; this test does. Detectors of behaviour (caching, sessions) estimate, so they
may be off by 10%; the others must be within 2%.
"""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import COMPANY, NO_TESTS, ROOT, Build, Dbt, copy_company

from ai_cost_audit.demo import simulate

REQUESTS = 60_000
# The demo company at this size spends a few dollars a day on the launched feature, so dollars count from one on.
VARIABLES = {"spend_spike_minimum_usd": 1, "finding_minimum_usd": 1}
ESTIMATES = {"cache_break", "runaway_session"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def planted(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder = tmp_path_factory.mktemp("planted")
    simulate(folder / "landing", folder / "key.json", requests=REQUESTS)
    return dbt.run(folder, "build", *NO_TESTS, variables=VARIABLES).ok()


@pytest.fixture(scope="module")
def clean(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder = tmp_path_factory.mktemp("clean")
    simulate(folder / "landing", folder / "key.json", requests=REQUESTS, plant=())
    return dbt.run(folder, "build", *NO_TESTS, variables=VARIABLES).ok()


def answer_key(build: Build) -> dict[str, Any]:
    key: dict[str, Any] = json.loads((build.folder / "key.json").read_text())
    return key


def findings(build: Build) -> dict[tuple[str, str], Decimal]:
    """Finding type and subject to amount."""
    found = build.rows("select finding_type, subject, amount_usd from marts.fct_findings")
    return {(finding_type, subject): usd for finding_type, subject, usd in found}


def spend(build: Build) -> Decimal:
    return Decimal(
        build.rows("""
            select sum(cost_usd) from marts.fct_team_spend_monthly
            where month = (select audit_month from marts.audit_run)
        """)[0][0]
    )


def missed(key: dict[str, Any], found: dict[tuple[str, str], Decimal]) -> list[str]:
    """The planted defects that are no finding, or one for other dollars."""
    problems = []
    for defect in key["defects"]:
        named = (defect["finding_type"], defect["subject"])
        planted = Decimal(defect["amount_usd"])
        tolerance = Decimal("0.10") if defect["finding_type"] in ESTIMATES else Decimal("0.02")
        if named not in found:
            problems.append(f"{named}: USD {planted:.2f} planted, not found")
        elif abs(found[named] - planted) > tolerance * planted:
            problems.append(f"{named}: USD {planted:.2f} planted, {found[named]:.2f} found")
    return problems


def test_each_planted_defect_is_a_finding_for_its_dollars(planted: Build) -> None:
    key, found = answer_key(planted), findings(planted)
    for defect in key["defects"]:
        usd = found.get((defect["finding_type"], defect["subject"]), Decimal(0))
        print(f"{defect['finding_type']:25} planted {Decimal(defect['amount_usd']):10.2f} found {usd:10.2f}")
    assert len(key["defects"]) == 7
    assert missed(key, found) == []


def test_what_was_not_planted_is_small(planted: Build) -> None:
    named = {(defect["finding_type"], defect["subject"]) for defect in answer_key(planted)["defects"]}
    others = {key: usd for key, usd in findings(planted).items() if key not in named}
    assert sum(others.values(), Decimal(0)) < Decimal("0.02") * spend(planted), others


def test_the_comparison_sees_what_is_missing_or_wrong(planted: Build) -> None:
    """The twin: each finding taken away, or made dearer than its tolerance, is named."""
    key, found = answer_key(planted), findings(planted)
    for defect in key["defects"]:
        named = (defect["finding_type"], defect["subject"])
        without = {key: usd for key, usd in found.items() if key != named}
        assert len(missed(key, without)) == 1
        assert len(missed(key, found | {named: found[named] * Decimal("1.25")})) == 1


def test_the_planned_launch_is_no_finding(planted: Build) -> None:
    launch = answer_key(planted)["planned"][0]["subject"]
    assert [subject for _, subject in findings(planted) if launch in subject] == []
    verdicts = planted.rows(f"""
        select distinct verdict from marts.fct_spend_spikes_daily
        where feature_name = '{launch}' and date_trunc('month', date) = (select audit_month from marts.audit_run)
    """)
    assert verdicts == [("planned",)]


def test_the_launch_is_a_finding_when_nobody_announced_it(planted: Build, dbt: Dbt, tmp_path: Path) -> None:
    header = (COMPANY / "planned_events.csv").read_text().splitlines()[0] + "\n"
    company = copy_company(tmp_path / "company", planned_events=header)
    shutil.copytree(planted.folder / "warehouse", tmp_path / "warehouse")
    landing = planted.folder / "landing"
    unannounced = dbt.run(
        tmp_path, "build", *NO_TESTS, landing=landing, company=company, variables=VARIABLES
    ).ok()
    launch = answer_key(planted)["planned"][0]["subject"]
    spikes = [subject for finding_type, subject in findings(unannounced) if finding_type == "spend_spike"]
    assert [subject for subject in spikes if launch in subject] != []


def test_a_demo_with_nothing_planted_has_next_to_no_findings(clean: Build) -> None:
    assert answer_key(clean)["defects"] == []
    found = findings(clean)
    print("findings where nothing is planted:", found)
    assert sum(found.values(), Decimal(0)) < Decimal("0.02") * spend(clean)


def test_no_model_reads_the_answer_key() -> None:
    read_by_dbt = [
        *(ROOT / "models").rglob("*.*"),
        *(ROOT / "macros").rglob("*.*"),
        *(ROOT / "seeds").rglob("*.*"),
    ]
    for path in (
        *read_by_dbt,
        ROOT / "ai_cost_audit" / "landing.py",
        ROOT / "ai_cost_audit" / "dbt_plugin.py",
    ):
        assert "answer_key" not in path.read_text(), path
