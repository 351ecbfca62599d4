"""Each raw expectation is seen to fail on a bad file, and good files pass."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import shutil
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from rich.console import Console

from ai_cost_audit import check

DAY = datetime(2026, 9, 7, tzinfo=UTC)  # a Monday
DELIVERED = datetime(2026, 9, 30, tzinfo=UTC).timestamp()
Record = dict[str, Any]


def trace(number: int, day: datetime = DAY, **changes: Any) -> Record:
    return {
        "timestamp": (day + timedelta(seconds=600 * number)).isoformat(),
        "request_id": f"{day:%m%d}-{number}",
        "team_id": "search",
        "provider": "openai",
        "model": "gpt-5-mini",
        "input_tokens": 1000,
        "output_tokens": 100,
        "cached_tokens": 400,
        "cache_write_tokens": 100,
        "reasoning_tokens": 20,
        "status_code": 200,
    } | changes


def line(number: int, **changes: Any) -> Record:
    return {
        "provider": "google",
        "charge_start_at": "2026-09-07T00:00:00Z",
        "charge_end_at": "2026-09-08T00:00:00Z",
        "line_type": "usage",
        "amount": f"{number + 1}.25",
        "currency": "USD",
        "description": f"line {number}",
    } | changes


def traces(
    change: Callable[[int], Record] = lambda _: {}, count: int = 100, day: datetime = DAY
) -> list[Record]:
    return [trace(number, day, **change(number)) for number in range(count)]


def write(path: Path, records: list[Record]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    os.utime(path, (DELIVERED, DELIVERED))
    return path


def write_csv(path: Path, records: list[Record]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, records[0].keys())
        writer.writeheader()
        writer.writerows(records)
    os.utime(path, (DELIVERED, DELIVERED))
    return path


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    return tmp_path / "landing"


@pytest.fixture
def run(tmp_path: Path, zone: Path) -> Callable[..., check.CheckReport]:
    return lambda **options: check.run(zone, tmp_path / "warehouse", **options)


def one(report: check.CheckReport, name: str = "") -> check.FileCheck:
    return next(found for found in report.files if name in found.file_id)


def expected(found: check.FileCheck, words: str) -> check.Failure:
    """The one failure whose expectation says this."""
    (failure,) = [failure for failure in found.failures if words in failure.expected]
    return failure


def test_good_files_pass_in_every_format(zone: Path, run: Callable[..., check.CheckReport]) -> None:
    write(zone / "gateway_traces/generic/2026-09-07.jsonl", traces())
    litellm = [
        {
            "id": f"r{number}",
            "startTime": DAY.timestamp() + number,
            "status": "success",
            "custom_llm_provider": "anthropic",
            "model": "claude-sonnet-4-5",
            "prompt_tokens": 900,
            "completion_tokens": 90,
            "metadata": json.dumps(
                {
                    "user_api_key_team_id": "support",
                    "usage_object": {
                        "prompt_tokens_details": {"cached_tokens": 500, "cache_creation_tokens": 300}
                    },
                }
            ),
        }
        for number in range(50)
    ]
    write(zone / "gateway_traces/litellm/2026-09-07.jsonl", litellm)
    start = int(DAY.timestamp())
    openai = {
        "data": [
            {
                "start_time": start,
                "end_time": start + 86400,
                "results": [
                    {"amount": {"value": 0.06 + item, "currency": "usd"}, "line_item": f"item {item}"}
                    for item in range(3)
                ],
            }
        ]
    }
    write(zone / "provider_costs/openai/org/costs.json", [openai])
    write_csv(zone / "provider_costs/generic_invoice/invoice.csv", [line(number) for number in range(20)])
    usage = {
        "starting_at": "2026-09-07T00:00:00Z",
        "ending_at": "2026-09-08T00:00:00Z",
        "results": [
            {
                "uncached_input_tokens": 1500,
                "cache_read_input_tokens": 200,
                "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 7},
                "output_tokens": 500,
                "model": "claude-sonnet-4-5",
            }
        ],
    }
    write(zone / "provider_usage/anthropic/org/usage.json", [{"data": [usage]}])
    focus = [
        {
            "BilledCost": f"{number}.5",
            "BillingCurrency": "EUR",
            "ChargePeriodStart": "2026-09-07T00:00:00Z",
            "ChargePeriodEnd": "2026-09-08T00:00:00Z",
            "ChargeCategory": "Usage",
            "SkuId": number,
        }
        for number in range(10)
    ]
    write_csv(zone / "cloud_billing/focus/2026-09.csv", focus)
    report = run()
    assert [(found.file_id, found.failures) for found in report.files if found.failures] == []
    assert (report.status, report.checked, len(report.files)) == ("pass", 6, 6)
    assert all(found.passed >= 10 for found in report.files)


STAGING = ROOT / "models" / "staging"
NO_USAGE = {
    "input tokens",
    "output tokens",
}  # a call that does not state its usage: one record in a short file
NO_OWNER = {"a team, a user or a key"}

# What the golden files warn of, all of them short and full of rare cases; the others pass.
GOLDEN_WARNINGS = {
    "gateway_traces/bedrock_invocation/golden_requests.jsonl": NO_USAGE,
    "gateway_traces/cloudflare_ai_gateway/golden_pages.json": NO_OWNER,
    "gateway_traces/generic/golden_streams.jsonl": NO_USAGE | NO_OWNER,
    "gateway_traces/helicone/golden_api_page.json": NO_OWNER,
    "gateway_traces/helicone/golden_api_requests.jsonl": NO_OWNER,
    "gateway_traces/helicone/golden_clickhouse.jsonl": NO_OWNER,
    "gateway_traces/langfuse/golden_observations.jsonl": NO_USAGE,
    "gateway_traces/langfuse/golden_page.json": {"output tokens"},
    "gateway_traces/litellm/golden_requests.jsonl": NO_OWNER,
    "gateway_traces/litellm/golden_s3_payloads.jsonl": NO_OWNER,
    "gateway_traces/openrouter/golden_requests.jsonl": {"output tokens"} | NO_OWNER,
    "gateway_traces/otel_genai/golden_spans.jsonl": NO_USAGE,
    "gateway_traces/portkey/golden_requests.jsonl": NO_USAGE | NO_OWNER,
    "gateway_traces/portkey/golden_shapes.jsonl": NO_OWNER,
}
# Its only call states no output: a renamed field would look the same.
GOLDEN_FAILURE = "gateway_traces/cloudflare_ai_gateway/golden_requests.jsonl"

# What is judged of a golden file: calls, in pages, trace documents and span trees too, without their context.
GOLDEN_CALLS = {
    "gateway_traces/cloudflare_ai_gateway/golden_pages.json": 5,
    "gateway_traces/helicone/golden_api_page.json": 3,
    "gateway_traces/langfuse/golden_observations.jsonl": 12,
    "gateway_traces/langfuse/golden_trace.json": 1,
    "gateway_traces/langfuse/golden_traces.csv": 0,
    "gateway_traces/openrouter/golden_requests.jsonl": 8,
    "gateway_traces/otel_genai/golden_spans.jsonl": 16,
}

# Per format, what the check must say of its damaged files, of those that a suite can see.
DAMAGED = {
    "cloud_billing/aws_cur2": {"amount that is a number", "readable start", "have a currency"},
    "cloud_billing/azure_cost": {"amount that is a number", "readable start", "have a currency"},
    "cloud_billing/focus": {"amount that is a number", "between 2020 and"},
    "cloud_billing/gcp_billing": {"amount that is a number", "readable start", "-1 and 1 million"},
    **{
        f"gateway_traces/{name}": {"can be read", "readable time", "below 10 million", "is negative"}
        for name in ("bedrock_invocation", "cloudflare_ai_gateway", "helicone", "langfuse", "otel_genai")
    },
    "gateway_traces/generic": {"can be read", "readable time", "below 10 million", "at least cached"},
    "gateway_traces/litellm": {"can be read", "between 2020 and", "below 10 million"},
    "gateway_traces/openrouter": {"readable time", "below 10 million", "is negative", "at least cached"},
    "gateway_traces/portkey": {"can be read", "readable time", "below 10 million", "is negative"},
}


def own_files(entity: str, name: str, start: str) -> list[Path]:
    folder = STAGING / entity / name
    return [path for path in sorted(folder.glob(f"{start}*")) if not path.name.endswith("_expected.csv")]


def enabled_formats() -> dict[str, list[str]]:
    variables = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    return dict(variables["formats"])


def deliver(zone: Path, start: str) -> None:
    """The golden or damaged files of every trace and cloud bill format, each in its folder."""
    for entity in ("gateway_traces", "cloud_billing"):
        for name in enabled_formats()[entity]:
            for path in own_files(entity, name, start):
                target = zone / entity / name / path.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
                os.utime(target, (DELIVERED, DELIVERED))


def test_golden_files_pass_or_warn(zone: Path, run: Callable[..., check.CheckReport]) -> None:
    deliver(zone, "golden")
    report = run()
    by_id = {found.file_id: found for found in report.files}
    assert len(by_id) == sum(1 for path in zone.rglob("*") if path.is_file())
    failing = by_id.pop(GOLDEN_FAILURE)
    assert expected(failing, "have fields for").seen.startswith("no record has output_tokens;")
    assert {name for name, found in by_id.items() if found.status == "fail"} == set()
    assert {name for name, found in by_id.items() if found.status == "warn"} == set(GOLDEN_WARNINGS)
    for name, words in GOLDEN_WARNINGS.items():
        assert len(by_id[name].failures) == len(words), name
        for word in words:
            assert expected(by_id[name], word).severity == "warning", name
    assert {name: by_id[name].facts.records for name in GOLDEN_CALLS} == GOLDEN_CALLS


def test_damaged_files_of_every_format_fail(zone: Path, run: Callable[..., check.CheckReport]) -> None:
    deliver(zone, "damaged")
    report = run()
    assert {found.status for found in report.files} == {"fail"}
    assert {f"{found.entity}/{found.format}" for found in report.files} == set(DAMAGED)
    for kind, words in DAMAGED.items():
        told = [
            f.expected for found in report.files if found.file_id.startswith(kind) for f in found.failures
        ]
        assert {word for word in words if any(word in text for text in told)} == words, kind
    assert "secret" not in repr(report)


def test_a_renamed_field_is_told_in_every_shape(zone: Path, run: Callable[..., check.CheckReport]) -> None:
    renamed = {
        "gateway_traces/otel_genai/golden_document.json": ("gen_ai.usage.input_tokens", "input_tokens"),
        "gateway_traces/langfuse/golden_trace.json": ('"input":', "input_tokens"),
        "gateway_traces/helicone/golden_api_page.json": ("prompt_tokens", "input_tokens"),
        "gateway_traces/portkey/golden_shapes.jsonl": ("created_at", "requested_at"),
        "gateway_traces/cloudflare_ai_gateway/golden_pages.json": ("tokens_in", "input_tokens"),
        "gateway_traces/openrouter/golden_array.json": ("native_tokens_prompt", "input_tokens"),
        "gateway_traces/bedrock_invocation/golden_requests.jsonl": ("modelId", "model"),
        "cloud_billing/aws_cur2/golden_lines_legacy.csv": ("lineItem/UnblendedCost", "amount"),
        "cloud_billing/gcp_billing/golden_lines_flattened.csv": ("currency,", "currency"),
        "cloud_billing/azure_cost/golden_lines_mca.csv": ("costInBillingCurrency", "amount"),
        "cloud_billing/azure_cost/golden_lines_ea_actual.csv": (",Cost,", "amount"),
    }
    deliver(zone, "golden")
    for path in [path for path in zone.rglob("*") if path.is_file()]:
        name = path.relative_to(zone).as_posix()
        if name not in renamed:
            path.unlink()
            continue
        text = path.read_text(encoding="utf-8")
        field = renamed[name][0]
        assert field in text
        letter = next(character for character in field if character.isalpha())
        path.write_text(text.replace(field, field.replace(letter, f"X{letter}", 1)), encoding="utf-8")
    report = run()
    for found in report.files:
        column = renamed[found.file_id][1]
        assert f"no record has {column}; " in expected(found, "have fields for").seen, found.file_id


def test_failed_calls_and_embeddings_need_no_usage(zone: Path, run: Callable[..., check.CheckReport]) -> None:
    nothing: Record = dict.fromkeys(
        ("model", "input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens")
    )
    failed = [trace(n, reasoning_tokens=None, status_code=503, **nothing) for n in range(9)]
    embedding = trace(1, model="text-embedding-3-small", output_tokens=None, reasoning_tokens=None)
    write(zone / "gateway_traces/generic/failed.jsonl", [{k: v for k, v in r.items() if v} for r in failed])
    write(zone / "gateway_traces/generic/embedded.jsonl", [{k: v for k, v in embedding.items() if v}])
    report = run()
    assert [failure.expected for failure in one(report, "failed").failures] == [
        "at least half of the requests succeeded"
    ]
    assert one(report, "embedded").failures == ()


def test_every_enabled_format_is_checked_or_named_as_unchecked() -> None:
    page = (ROOT / "docs" / "raw-checks.md").read_text(encoding="utf-8")
    suites = check.load_suites()
    unchecked = page.partition("Not checked:")[2].partition("\n\n")[0]
    for entity, names in enabled_formats().items():
        for name in names:
            if name in suites.get(entity, {}).get("formats", {}):
                (row,) = [row for row in page.splitlines() if f"expectations/{entity}.json" in row]
                assert re.search(rf"\b{name}\b", row), (
                    f"{entity}/{name} has a suite that the page does not name"
                )
            else:
                assert f"`{entity}/{name}`" in unchecked, f"{entity}/{name} has no suite"


BAD_TRACES: list[tuple[str, list[Record], str, str, str]] = [
    (
        "a renamed header",
        [{"prompt_toks" if k == "input_tokens" else k: v for k, v in r.items()} for r in traces()],
        "fields for the time",
        "fail",
        "no record has input_tokens; the records have timestamp",
    ),
    ("no time", traces(lambda n: {"timestamp": "yesterday"}), "readable time", "fail", "100 of 100 records"),
    ("no provider", traces(lambda n: {"provider": None}), "name the provider", "fail", "100 of 100"),
    ("no model", traces(lambda n: {"model": ""} if n < 5 else {}), "name the model", "fail", "5 of 100"),
    (
        "text for tokens",
        traces(lambda n: {"input_tokens": "many"}),
        "number of input tokens",
        "fail",
        "100 of 100",
    ),
    ("no output", traces(lambda n: {"output_tokens": None}), "number of output tokens", "fail", "100 of 100"),
    (
        "negative tokens",
        traces(lambda n: {"output_tokens": -5, "reasoning_tokens": -9} if n in (10, 11) else {}),
        "is negative",
        "fail",
        "2 of 100 records, the first at line 11: -9",
    ),
    ("huge tokens", traces(lambda n: {"input_tokens": 10**7}), "below 10 million", "fail", "10,000,000"),
    (
        "cached beside input",
        traces(lambda n: {"cached_tokens": 950}),
        "at least cached + cache-write",
        "fail",
        "the first at line 1: 1,000 < 1,050",
    ),
    (
        "reasoning beside output",
        traces(lambda n: {"reasoning_tokens": 200}),
        "reasoning",
        "fail",
        "100 < 200",
    ),
    ("1970", traces(day=datetime(1970, 1, 2, tzinfo=UTC)), "between 2020 and", "fail", "1970-01-02"),
    ("the future", traces(day=datetime(2027, 9, 7, tzinfo=UTC)), "between 2020 and", "fail", "2027-09-07"),
    (
        "some records of another year",
        traces(lambda n: {"timestamp": "2025-09-07T00:00:00Z"} if n < 9 else {}),
        "within 31 days of the file's median",
        "warn",
        "9 of 100 records, the first at line 1: 2025-09-07",
    ),
    (
        "no identity",
        traces(lambda n: {"team_id": ""} if n < 10 else {}),
        "a team, a user or a key",
        "warn",
        "10 of",
    ),
    (
        "an outage",
        traces(lambda n: {"status_code": 500} if n < 60 else {}),
        "requests succeeded",
        "warn",
        "60 of",
    ),
    ("repeats", traces(lambda n: {"request_id": f"r{n // 2}"}), "occur once", "warn", "0.5"),
]


@pytest.mark.parametrize("case", BAD_TRACES, ids=[case[0] for case in BAD_TRACES])
def test_a_bad_trace_file_fails(
    zone: Path, run: Callable[..., check.CheckReport], case: tuple[str, list[Record], str, str, str]
) -> None:
    _, records, words, status, seen = case
    write(zone / "gateway_traces/generic/a.jsonl", records)
    write(zone / "gpu_jobs/generic/newest.jsonl", [{"job_id": "1"}])
    found = one(run())
    failure = expected(found, words)
    assert seen in failure.seen
    assert failure.fix
    assert failure.severity == ("critical" if status == "fail" else "warning")
    assert found.status == status


BAD_LINES: list[tuple[str, Record, str, str]] = [
    ("a currency by name", {"currency": "DOLLARS"}, "ISO 4217", "DOLLARS"),
    ("no currency", {"currency": ""}, "have a currency", "20 of 20"),
    ("an amount in text", {"amount": "1,234.56 USD"}, "an amount that is a number", "20 of 20"),
    ("a huge amount", {"amount": "5000000"}, "between -1 and 1 million", "5,000,000"),
    (
        "an end before its start",
        {"charge_end_at": "2026-09-06T00:00:00Z"},
        "ends before it starts",
        "20 of 20",
    ),
    ("no start", {"charge_start_at": ""}, "readable start", "20 of 20"),
]


@pytest.mark.parametrize("case", BAD_LINES, ids=[case[0] for case in BAD_LINES])
def test_a_bad_invoice_fails(
    zone: Path, run: Callable[..., check.CheckReport], case: tuple[str, Record, str, str]
) -> None:
    _, change, words, seen = case
    write_csv(zone / "provider_costs/generic_invoice/i.csv", [line(number, **change) for number in range(20)])
    report = run()
    assert seen in expected(one(report), words).seen
    assert report.status == "fail"


def test_unnamed_and_repeated_lines_and_a_bad_header_are_told(
    zone: Path, run: Callable[..., check.CheckReport]
) -> None:
    folder = zone / "provider_costs/generic_invoice"
    write_csv(folder / "unnamed.csv", [line(number, line_type="") for number in range(20)])
    write_csv(folder / "twice.csv", [line(number % 10) for number in range(20)])
    write_csv(folder / "header.csv", [{"Betrag": 1} for _ in range(20)])
    report = run()
    assert expected(one(report, "unnamed"), "what they charge for").severity == "warning"
    assert expected(one(report, "twice"), "occur once").severity == "warning"
    header = expected(one(report, "header"), "have fields for")
    assert header.seen == (
        "no record has amount, charge_end_at, charge_start_at, currency; the records have Betrag"
    )


def test_one_bad_record_in_many_is_a_warning(zone: Path, run: Callable[..., check.CheckReport]) -> None:
    write(zone / "gateway_traces/generic/a.jsonl", traces(lambda n: {"cached_tokens": -1} if n == 0 else {}))
    found = one(run())
    assert (found.status, expected(found, "negative").severity) == ("warn", "warning")


def days(zone: Path, count: int, size: int) -> None:
    for number in range(count):
        day = DAY + timedelta(days=number)
        write(zone / f"gateway_traces/generic/{day:%Y-%m-%d}.jsonl", traces(count=size, day=day))


@pytest.mark.parametrize(("size", "is_told"), [(1000, True), (100, False), (10, True)])
def test_volume_is_compared_with_earlier_files(
    zone: Path, run: Callable[..., check.CheckReport], size: int, is_told: bool
) -> None:
    days(zone, 4, 100)
    last = DAY + timedelta(days=4)
    records = [trace(n, last, timestamp=last.isoformat()) for n in range(size)]
    write(zone / f"gateway_traces/generic/{last:%Y-%m-%d}.jsonl", records)
    report = run()
    assert [found.file_id for found in report.files if found.failures] == (
        [f"gateway_traces/generic/{last:%Y-%m-%d}.jsonl"] if is_told else []
    )
    if is_told:
        failure = expected(one(report, f"{last:%Y-%m-%d}"), "0.2 to 5 times")
        assert (failure.severity, failure.seen) == ("warning", f"{size:,} (at least 20, at most 501)")


def test_a_weekend_is_not_measured_against_working_days(
    zone: Path, run: Callable[..., check.CheckReport]
) -> None:
    days(zone, 5, 100)
    saturday = DAY + timedelta(days=5)
    write(zone / f"gateway_traces/generic/{saturday:%Y-%m-%d}.jsonl", traces(count=10, day=saturday))
    assert run().status == "pass"


def test_a_file_of_another_year_is_told_by_the_other_files(
    zone: Path, run: Callable[..., check.CheckReport]
) -> None:
    days(zone, 6, 20)
    write(zone / "gateway_traces/generic/2026-09-13.jsonl", traces(count=20, day=DAY.replace(year=2025)))
    report = run()
    assert [found.file_id for found in report.files if found.failures] == [
        "gateway_traces/generic/2026-09-13.jsonl"
    ]
    assert expected(one(report, "09-13"), "within 62 days of the other files").seen.startswith(
        "2025-09-07 00:00:00"
    )


def test_cents_read_as_dollars_are_told(zone: Path, run: Callable[..., check.CheckReport]) -> None:
    for month in range(1, 6):
        factor = 100 if month == 5 else 1
        lines = [
            line(n, amount=str(factor * (n + 1)), charge_start_at=f"2026-0{month}-01") for n in range(20)
        ]
        write_csv(zone / f"provider_costs/generic_invoice/2026-0{month}.csv", lines)
    report = run()
    assert expected(one(report, "2026-05"), "1/30 to 30 times").severity == "warning"
    assert [found.status for found in report.files] == ["pass"] * 4 + ["warn"]


def test_usage_counts_are_checked(zone: Path, run: Callable[..., check.CheckReport]) -> None:
    start = int(DAY.timestamp())
    result = {"input_tokens": 10, "input_cached_tokens": 50, "output_tokens": -1, "num_model_requests": 3}
    bucket = {"start_time": start, "end_time": start - 1, "results": [result]}
    write(zone / "provider_usage/openai/org/completions.json", [{"data": [bucket]}])
    found = one(run())
    for words in ("no count is negative", "at least cached", "ends before it starts", "name the model"):
        assert expected(found, words)


def test_a_page_of_another_shape_is_not_readable(zone: Path, run: Callable[..., check.CheckReport]) -> None:
    write(zone / "provider_costs/openai/org/costs.json", [{"error": {"message": "rate limited"}}])
    found = one(run())
    assert (found.status, len(found.failures)) == ("fail", 1)
    assert expected(found, "every record can be read").seen.startswith("1 of 1 records")


def test_damaged_files_are_told_once_and_crash_nothing(
    zone: Path, run: Callable[..., check.CheckReport]
) -> None:
    folder = zone / "gateway_traces/generic"
    whole = gzip.compress("".join(json.dumps(r) + "\n" for r in traces(count=3000)).encode())
    write(folder / "good.jsonl", traces())
    (folder / "cut.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    (folder / "noise.jsonl.gz").write_bytes(b"\x1f\x8b" + os.urandom(200))
    (folder / "empty.jsonl").write_bytes(b"")
    (folder / "broken.jsonl").write_text(json.dumps(trace(1)) + "\n{half a line\n", encoding="utf-8")
    (zone / "elsewhere.txt").write_text("?", encoding="utf-8")
    report = run()
    statuses = {Path(found.file_id).name: found.status for found in report.files}
    assert statuses == {
        "good.jsonl": "pass",
        "cut.jsonl.gz": "warn",
        "noise.jsonl.gz": "fail",
        "empty.jsonl": "warn",
        "broken.jsonl": "fail",
        "elsewhere.txt": "warn",
    }
    assert [f.expectation for f in one(report, "noise").failures] == ["registry"]
    assert [f.expectation for f in one(report, "cut").failures] == ["registry"]


def test_each_file_is_checked_once(
    zone: Path, tmp_path: Path, run: Callable[..., check.CheckReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = write(zone / "gateway_traces/generic/a.jsonl", traces(lambda n: {"team_id": None}))
    first = run()
    assert (first.checked, first.status) == (1, "warn")
    assert check.load_last(tmp_path / "warehouse") == first

    with monkeypatch.context() as patched:  # nothing new: Great Expectations is not even imported
        patched.setitem(sys.modules, "great_expectations", None)
        second = run()
    assert (second.checked, second.status) == (0, "warn")
    assert second.files[0].failures == first.files[0].failures

    write(zone / "gateway_traces/generic/b.jsonl", traces(lambda n: {"request_id": f"b{n}"}))
    third = run()
    assert [(found.is_new, found.status) for found in third.files] == [(False, "warn"), (True, "pass")]
    assert run(everything=True).checked == 2

    write(bad, traces())  # the corrected file is another version
    assert (run().status, run().checked) == ("pass", 0)


def test_the_report_is_deterministic(zone: Path, tmp_path: Path) -> None:
    write(zone / "gateway_traces/generic/a.jsonl", traces(lambda n: {"cached_tokens": 5000}))
    write_csv(zone / "provider_costs/generic_invoice/i.csv", [line(n, currency="?") for n in range(9)])
    contents = []
    for _ in range(2):
        check.run(zone, tmp_path / "warehouse", everything=True)
        contents.append((tmp_path / "warehouse/checks/last.json").read_bytes())
    assert contents[0] == contents[1]


def test_no_network_and_pages_that_open_without_one(
    zone: Path, run: Callable[..., check.CheckReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    write(zone / "gateway_traces/generic/<b>.jsonl", traces(lambda n: {"team_id": None}))
    write(zone / "gateway_traces/generic/good.jsonl", traces(lambda n: {"request_id": f"g{n}"}))
    report = run()
    index = Path(report.data_docs)
    links = re.findall(r'href="(files/[^"]+)"', index.read_text(encoding="utf-8"))
    assert len(links) == 2
    assert "&lt;b&gt;.jsonl" in index.read_text(encoding="utf-8")
    for page in (index, *(index.parent / link for link in links)):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"""<(script|link|img)\b|(src|href)=["'](https?:)?//""", text)
        assert text.startswith("<!DOCTYPE html>") and text.rstrip().endswith("</html>")
    failing = (index.parent / links[0]).read_text(encoding="utf-8")
    assert "95% of the records have a team, a user or a key" in failing


def test_render_fits_80_columns(zone: Path, run: Callable[..., check.CheckReport]) -> None:
    write(zone / "gateway_traces/generic/a.jsonl", traces(lambda n: {"cached_tokens": 5000}))
    write(zone / "gateway_traces/generic/b.jsonl", traces(lambda n: {"cached_tokens": 6000}))
    output = StringIO()
    check.render(run(), Console(file=output, width=80, color_system=None))
    text = output.getvalue()
    assert "gateway_traces/generic" in text
    assert "Failed: gateway_traces/generic/a.jsonl and 1 more file" in text
    for words in ("expected input_tokens is at least cached", "seen     100 of 100 records", "fix      "):
        assert words in text
    table = text[: text.index("Failed")].splitlines()
    assert max(len(row) for row in table) <= 80


def test_progress_names_each_file(zone: Path, run: Callable[..., check.CheckReport]) -> None:
    write(zone / "gateway_traces/generic/a.jsonl", traces())
    calls: list[tuple[str, int, int]] = []
    run(progress=lambda *call: calls.append(call))
    name = "gateway_traces/generic/a.jsonl"
    assert calls == [(f"read {name}", 1, 1), (f"check {name}", 1, 1)]
