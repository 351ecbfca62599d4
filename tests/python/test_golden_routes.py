"""The method's published overspend table comes out of the real models, priced from raw traces, to the cent."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import NO_TESTS, Build, Dbt, cents, copy_company

GOLDEN = Path(__file__).parent / "golden" / "routes"

# Route, and its tokens in the month. All of it is on the frontier model today.
TOKENS = {
    "ticket_classification/classify": 40_000_000,
    "internal_log_summary/summarize": 18_000_000,
    "customer_chat/answer": 25_000_000,
    "code_review/review": 12_000_000,
}


class Route(NamedTuple):
    """A row of the published table, and what the audit says of it."""

    right_sized_model: str
    tokens: int
    current: str
    right_sized: str
    overspend: str
    multiple: str
    verdict: str
    evidence_level: int | None


TABLE = {
    "ticket_classification/classify": Route(
        "acme-mini", 40_000_000, "2400.00", "360.00", "2040.00", "6.7", "proven", 2
    ),
    "internal_log_summary/summarize": Route(
        "acme-mini", 18_000_000, "1080.00", "162.00", "918.00", "6.7", "candidate", 0
    ),
    "customer_chat/answer": Route(
        "acme-frontier", 25_000_000, "1500.00", "1500.00", "0.00", "1.0", "justified", None
    ),
    "code_review/review": Route("acme-mid", 12_000_000, "720.00", "240.00", "480.00", "3.0", "candidate", 0),
}

# Each request has the same tokens: of 10,000, 3,000 are read from the cache (which has no price of its own) and
# 2,000 are output.
REQUEST = {"input_tokens": 8_000, "cached_tokens": 3_000, "output_tokens": 2_000}
REQUEST_TOKENS = 10_000


def write_traces(landing: Path) -> None:
    folder = landing / "gateway_traces" / "generic"
    folder.mkdir(parents=True)
    with (folder / "2026-09.jsonl").open("w") as file:
        for route, tokens in TOKENS.items():
            feature, workflow = route.split("/")
            for number in range(tokens // REQUEST_TOKENS):
                record: dict[str, Any] = {
                    "timestamp": f"2026-09-{number % 30 + 1:02d}T{number % 24:02d}:00:00Z",
                    "request_id": f"{feature}-{number}",
                    "team_id": "search",
                    "feature_name": feature,
                    "workflow_name": workflow,
                    "provider": "acme",
                    "model": "acme-frontier",
                    "status_code": 200,
                }
                file.write(json.dumps(record | REQUEST) + "\n")


@pytest.fixture(scope="module")
def build(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder = tmp_path_factory.mktemp("golden_routes")
    write_traces(folder / "landing")
    seeds = {path.stem: path.read_text() for path in GOLDEN.glob("*.csv")}
    company = copy_company(folder / "company", **seeds)
    return dbt.run(
        folder, "build", *NO_TESTS, "--select", "+fct_route_overspend_monthly", company=company
    ).ok()


def table(build: Build) -> list[dict[str, Any]]:
    names = [*Route._fields, "route_id", "provider", "model", "month", "justified_premium"]
    columns = """
        right_sized_model, tokens, current_cost_usd, right_sized_cost_usd, overspend_usd, overspend_multiple,
        verdict, evidence_level, route_id, provider, model, cast(month as varchar), justified_premium_usd
    """
    found = build.rows(f"select {columns} from marts.fct_route_overspend_monthly")
    return [dict(zip(names, row, strict=True)) for row in found]


def test_every_route_of_the_table_comes_out_to_the_cent(build: Build) -> None:
    measured = {
        row["route_id"]: Route(
            right_sized_model=row["right_sized_model"],
            tokens=row["tokens"],
            current=cents(row["current"]),
            right_sized=cents(row["right_sized"]),
            overspend=cents(row["overspend"]),
            multiple=str(row["multiple"].quantize(Decimal("0.1"))),
            verdict=row["verdict"],
            evidence_level=row["evidence_level"],
        )
        for row in table(build)
    }
    assert measured == TABLE
    assert {(row["provider"], row["model"], row["month"]) for row in table(build)} == {
        ("acme", "acme-frontier", "2026-09-01")
    }


def test_the_totals_are_those_of_the_table(build: Build) -> None:
    found = table(build)
    current = sum((row["current"] for row in found), Decimal(0))
    overspend = sum((row["overspend"] for row in found), Decimal(0))
    assert cents(current) == "5700.00"
    assert cents(sum((row["right_sized"] for row in found), Decimal(0))) == "2262.00"
    assert cents(overspend) == "3438.00"
    assert str((100 * overspend / current).quantize(Decimal("0.1"))) == "60.3"


def test_the_amounts_are_exact_and_not_only_rounded(build: Build) -> None:
    by_route = {row["route_id"]: row for row in table(build)}
    assert by_route["ticket_classification/classify"]["current"] == Decimal(2400)
    assert by_route["ticket_classification/classify"]["multiple"] == Decimal("6.666667")
    assert by_route["code_review/review"]["multiple"] == Decimal(3)


def test_a_justified_premium_is_kept_apart_and_never_counted_as_overspend(build: Build) -> None:
    premium = {row["route_id"]: cents(row["justified_premium"]) for row in table(build)}
    # 25 million tokens at USD 60 instead of 20 per million, which the chat class would need.
    assert premium == dict.fromkeys(TABLE, "0.00") | {"customer_chat/answer": "1000.00"}
