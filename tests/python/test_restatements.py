"""A provider re-issues last month: the new figures count once, and what was known before can still be reported."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import COMPANY, NO_TESTS, Build, Dbt, differing, mart_hashes

from ai_cost_audit import landing as zone
from ai_cost_audit.demo import simulate

FIRST_DELIVERY = datetime(2026, 11, 2, 6, tzinfo=UTC)
SECOND_DELIVERY = datetime(2026, 11, 20, 6, tzinfo=UTC)
OPENAI_COSTS = "provider_costs/openai/org-demo/costs_2026-10.json"
ANTHROPIC_COSTS = "provider_costs/anthropic/org-demo/cost_report_2026-10.json"


def land(path: Path, text: str, at: datetime) -> None:
    """Write a file as it was delivered at a moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (at.timestamp(), at.timestamp()))


def reissue(landing: Path, name: str, to: str, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Deliver a cost report again, under another name, with the results of its first day changed."""
    report = json.loads((landing / name).read_text())
    change(next(bucket["results"] for bucket in report["data"] if len(bucket["results"]) > 3))
    land(landing / to, json.dumps(report), SECOND_DELIVERY)


@pytest.mark.slow
def test_a_restated_month_counts_and_what_was_published_before_can_be_reported(
    dbt: Dbt, tmp_path: Path
) -> None:
    folder, landing = tmp_path / "a", tmp_path / "a" / "landing"
    simulate(landing, tmp_path / "key.json", requests=2_000)
    for path in landing.rglob("*"):
        os.utime(path, (FIRST_DELIVERY.timestamp(), FIRST_DELIVERY.timestamp()))

    def build(to: Path, as_of: str = "") -> Build:
        return dbt.run(
            to, "build", *NO_TESTS, landing=landing, company=COMPANY, variables={"as_of": as_of}
        ).ok()

    then = build(folder)
    published_then, billed_then = mart_hashes(then.built), billed(then)

    moved: dict[str, Decimal] = {}

    def restate_openai(results: list[dict[str, Any]]) -> None:
        vanished = results.pop()
        results[0]["amount"]["value"] += 5
        moved["openai"] = 5 - Decimal(str(vanished["amount"]["value"]))

    def restate_anthropic(results: list[dict[str, Any]]) -> None:
        vanished = results.pop()
        results[0]["description"] += " (renamed)"
        moved["anthropic"] = Decimal(vanished["amount"]) / -100

    # Under its name in a folder that states the day, and as a later pull under a name that sorts after the first.
    reissue(
        landing,
        OPENAI_COSTS,
        OPENAI_COSTS.replace("costs_2026", "delivered=2026-11-20/costs_2026"),
        restate_openai,
    )
    reissue(
        landing,
        ANTHROPIC_COSTS,
        ANTHROPIC_COSTS.replace("2026-10", "2026-10_pulled_again"),
        restate_anthropic,
    )

    now = build(folder)
    assert {provider: billed(now)[provider] - billed_then[provider] for provider in moved} == moved
    assert now.rows(
        "select status, problem is null from marts.fct_landed_files where source_file = '"
        + OPENAI_COSTS
        + "'"
    ) == [("superseded", False)]
    assert now.rows(
        "select count(*) from marts.fct_landed_files where staged_record_count = 0 and status = 'ok'"
    ) == [(0,)]

    # As it was known on a day between the deliveries: in the same warehouse, and back again.
    assert differing(mart_hashes(build(folder, as_of="2026-11-10").built), published_then) == []
    published_now = mart_hashes(build(folder).built)
    assert differing(mart_hashes(build(tmp_path / "b").built), published_now) == []
    assert "fct_coverage_monthly" in differing(published_now, published_then)


def billed(build: Build) -> dict[str, Decimal]:
    """USD billed per provider."""
    return dict(
        build.rows("select provider, sum(billed_usd) from ledger.int_billing__lines group by provider")
    )


def statuses(files: list[zone.LandedFile]) -> dict[str, str]:
    """Per path below the format's folder, which files are read."""
    return {
        f.file_id.removeprefix("provider_costs/openai/org/"): "superseded" if f.superseded_by else f.status
        for f in files
    }


@pytest.fixture
def deliveries(tmp_path: Path) -> Path:
    """One report in three deliveries; the last says again what the first said."""
    folder = tmp_path / "landing" / "provider_costs" / "openai" / "org"
    land(folder / "costs.json", '{"data": [1]}', FIRST_DELIVERY)
    land(folder / "delivered=2026-11-10" / "costs.json", '{"data": [2]}', SECOND_DELIVERY)
    land(folder / "delivered=2026-11-12" / "costs.json", '{"data": [1]}', SECOND_DELIVERY)
    land(folder / "other.json", '{"data": [3]}', FIRST_DELIVERY)
    return tmp_path


def test_the_last_delivery_of_a_file_is_read_and_a_stated_day_counts_before_the_files_time(
    deliveries: Path,
) -> None:
    landing, cache = deliveries / "landing", deliveries / "cache"
    files = zone.scan(landing, cache)
    assert statuses(files) == {
        "costs.json": "superseded",
        "delivered=2026-11-10/costs.json": "superseded",
        "delivered=2026-11-12/costs.json": "ok",
        "other.json": "ok",
    }
    assert statuses(zone.scan(landing, cache, as_of=date(2026, 11, 11))) == {
        "costs.json": "superseded",
        "delivered=2026-11-10/costs.json": "ok",
        "other.json": "ok",
    }
    assert statuses(zone.scan(landing, cache, as_of=date(2026, 11, 2))) == {
        "costs.json": "ok",
        "other.json": "ok",
    }
    assert zone.scan(landing, cache, as_of=date(2026, 11, 1)) == []


def test_a_damaged_delivery_replaces_nothing(deliveries: Path) -> None:
    landing = deliveries / "landing"
    folder = landing / "provider_costs" / "openai" / "org"
    land(folder / "delivered=2026-11-14" / "other.json", "", SECOND_DELIVERY)
    found = statuses(zone.scan(landing, deliveries / "cache"))
    assert found["other.json"] == "ok"
    assert found["delivered=2026-11-14/other.json"] == "empty"


def test_the_registry_of_an_earlier_build_gives_the_same_answer(deliveries: Path) -> None:
    landing, cache = deliveries / "landing", deliveries / "cache"
    first = zone.scan(landing, cache)
    with duckdb.connect() as connection:
        zone.as_relation(connection, first).create("registry")
        known = zone.load_registry(connection, "registry")
    assert zone.scan(landing, cache, known) == first
