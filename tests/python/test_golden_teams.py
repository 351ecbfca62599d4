"""The method's published two months of teams, and the two verdicts of its one page, come out of the real models.

The list of teams adds up to 11,485 dollars and the bill is 17,500: who divides by the list says "governed", who
divides by the invoice says "at risk". Coverage is a share of the invoice.
"""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import NO_TESTS, ROOT, Build, Dbt, cents, copy_company
from jinja2 import Template

GOLDEN = Path(__file__).parent / "golden" / "teams"
USD_PER_TOKEN = Decimal("0.00001")
REQUESTS = 20  # a team and month

BANDS = [
    ("0.399999", "critical"),
    ("0.40", "at_risk"),
    ("0.699999", "at_risk"),
    ("0.70", "healthy"),
    ("0.899999", "healthy"),
    ("0.90", "healthy"),
    ("0.900001", "governed"),
    ("0", "critical"),
    ("1", "governed"),
]


def write_landing(landing: Path) -> None:
    traces = landing / "gateway_traces" / "generic"
    traces.mkdir(parents=True)
    with (GOLDEN / "spend.csv").open(newline="") as source, (traces / "traces.jsonl").open("w") as file:
        for row in csv.DictReader(source):
            tokens = int(Decimal(row["cost_usd"]) / USD_PER_TOKEN)
            for number in range(REQUESTS):
                part = tokens * (number + 1) // REQUESTS - tokens * number // REQUESTS
                record: dict[str, Any] = {
                    "timestamp": f"{row['month']}-{number % 28 + 1:02d}T12:00:00Z",
                    "request_id": f"{row['month']}-{row['team_id'] or 'nobody'}-{number}",
                    "team_id": row["team_id"] or None,
                    "feature_name": row["team_id"] or None,
                    "provider": "acme",
                    "model": "acme-one",
                    "input_tokens": part - part // 3,
                    "output_tokens": part // 3,
                }
                file.write(json.dumps(record) + "\n")
    invoices = landing / "provider_costs" / "generic_invoice"
    invoices.mkdir(parents=True)
    (invoices / "invoice.csv").write_text((GOLDEN / "invoice.csv").read_text())


@pytest.fixture(scope="module")
def build(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder = tmp_path_factory.mktemp("golden_teams")
    write_landing(folder / "landing")
    seeds = {name: (GOLDEN / f"{name}.csv").read_text() for name in ("own_model_prices", "teams")}
    company = copy_company(folder / "company", **seeds)
    select = ("--select", "+fct_team_spend_monthly", "+fct_coverage_monthly")
    return dbt.run(folder, "build", *NO_TESTS, *select, company=company).ok()


def percent(share: Decimal) -> str:
    return str((100 * share).quantize(Decimal("0.1")))


def test_the_teams_of_the_month_and_their_change(build: Build) -> None:
    found = build.rows("""
        select team_name, cost_usd, cast(round(100 * change_share) as integer)
        from marts.fct_team_spend_monthly where month = date '2026-09-01' order by cost_usd desc
    """)
    assert [(name, cents(usd), change) for name, usd, change in found] == [
        ("Search", "4860.00", 38),
        ("Support Copilot", "3420.00", -9),
        ("Analytics", "2115.00", 74),
        ("Unattributed", "1090.00", 116),
    ]


def test_the_month_before_has_no_change_to_state(build: Build) -> None:
    found = build.rows("""
        select team_id, cost_usd, change_usd from marts.fct_team_spend_monthly
        where month = date '2026-08-01' order by team_id
    """)
    assert [(team, cents(usd), change) for team, usd, change in found] == [
        ("analytics", "1215.52", None),
        ("search", "3521.74", None),
        ("support_copilot", "3758.24", None),
        ("unattributed", "504.50", None),
    ]


@pytest.mark.parametrize("provider", ["acme", "all"])
def test_coverage_is_a_share_of_the_invoice_and_the_list_is_shown_beside_it(
    build: Build, provider: str
) -> None:
    found = build.rows(f"""
        select cast(month as varchar), billed_usd, ledger_usd, attributed_usd, unattributed_usd,
            coverage_share, verdict, traced_coverage_share, traced_verdict
        from marts.fct_coverage_monthly where provider = '{provider}' order by month
    """)
    stated = [
        (month, *(cents(usd) for usd in amounts), percent(share), verdict, percent(traced), traced_verdict)
        for month, *amounts, share, verdict, traced, traced_verdict in found
    ]
    assert stated == [
        ("2026-08-01", "9000.00", "9000.00", "8495.50", "504.50", "94.4", "governed", "94.4", "governed"),
        ("2026-09-01", "17500.00", "11485.00", "10395.00", "7105.00", "59.4", "at_risk", "90.5", "governed"),
    ]


@pytest.mark.parametrize(("share", "verdict"), BANDS)
def test_the_bands_are_half_open(share: str, verdict: str) -> None:
    macro = (ROOT / "macros" / "coverage" / "coverage_verdict.sql").read_text()
    rule = Template(macro + "{{ coverage_verdict('share') }}").render()
    judged = duckdb.sql(f"select {rule} from (select cast({share} as decimal(18, 6)) as share)").fetchall()
    assert judged == [(verdict,)]


def test_no_invoice_is_no_band() -> None:
    macro = (ROOT / "macros" / "coverage" / "coverage_verdict.sql").read_text()
    rule = Template(macro + "{{ coverage_verdict('share') }}").render()
    assert duckdb.sql(f"select {rule} from (select cast(null as decimal(18, 6)) as share)").fetchall() == [
        ("no_invoice",)
    ]
