"""What the teams are charged closes to the invoice by every rule, and what bypassed the gateway gets an owner."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import COMPANY, NO_TESTS, Build, Dbt, copy_company

CLOSES = "assert_chargeback_adds_up_to_the_invoice"


@pytest.fixture
def warehouse(demo: Build, tmp_path: Path) -> Path:
    """A folder with the demo's warehouse as built."""
    (tmp_path / "warehouse").mkdir()
    shutil.copy(demo.ok().built, tmp_path / "warehouse" / "build.duckdb")
    return tmp_path


@pytest.mark.parametrize("rule", ["proportional", "even", "none"])
def test_every_rule_closes_to_the_invoice(rule: str, demo: Build, dbt: Dbt, warehouse: Path) -> None:
    done = dbt.run(
        warehouse,
        *("build", "-s", "int_chargeback__parts", "fct_chargeback_monthly", CLOSES),
        *("--exclude-resource-type", "unit_test"),
        landing=demo.folder / "landing",
        variables={"chargeback_rule": rule},
    ).ok()
    charged = done.rows("""
        select team_id, sum(direct_cost_usd), sum(shared_cost_usd + unattributed_share_usd)
        from marts.fct_chargeback_monthly group by team_id
    """)
    left = {team for team, _, shared in charged if shared}
    assert left == {"unattributed"} if rule == "none" else "unattributed" not in left
    assert {team for team, direct, _ in charged if direct} >= {"search", "growth", "research"}


def test_an_unknown_rule_is_an_error(demo: Build, dbt: Dbt, warehouse: Path) -> None:
    done = dbt.run(
        warehouse,
        *("run", "-s", "int_chargeback__parts"),
        landing=demo.folder / "landing",
        variables={"chargeback_rule": "fair"},
    )
    assert done.exit_code != 0
    assert "write proportional, even or none" in " ".join(done.output.split())


def test_the_project_that_bypassed_the_gateway_is_owned_once_the_seed_names_it(
    demo: Build, dbt: Dbt, warehouse: Path, tmp_path: Path
) -> None:
    without_owner = """
        select unattributed_usd, after_the_fact_usd, coverage_share from marts.fct_coverage_monthly
        where provider = 'openai' and month = (select max(month) from marts.fct_coverage_monthly)
    """
    ((bypassed, _, _),) = demo.rows(without_owner)
    assert bypassed > 1
    key_owners = (COMPANY / "key_owners.csv").read_text() + "openai,proj_growth_direct,growth,,2026-01-01,\n"
    done = dbt.run(
        warehouse,
        *("build", *NO_TESTS, "-s", "key_owners", "int_key_owners__periods", "int_billing__line_owners"),
        *("int_billing__owned", "fct_coverage_monthly"),
        landing=demo.folder / "landing",
        company=copy_company(tmp_path / "company", key_owners=key_owners),
    ).ok()
    ((left, after_the_fact, share),) = done.rows(without_owner)
    assert left == 0
    assert after_the_fact > bypassed
    assert share == Decimal(1)
