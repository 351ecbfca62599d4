"""Each staging format against its golden rows: hand-checked input in the vendor's shape, and its outcome.

One dbt run reads every golden file, and beside it one file a format with damaged records, which must come
out as rejects that name file, line and reason. A second run reads real published samples, where present.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

PROJECT = Path(__file__).resolve().parents[2]
STAGING = PROJECT / "models" / "staging"
SAMPLES = PROJECT.parent / "shared" / "data"

# Staging folder: (landing folder, things)
FORMATS = {
    "gateway_traces_generic": ("gateway_traces/generic", "requests"),
    "gateway_traces_litellm": ("gateway_traces/litellm", "requests"),
    "provider_usage_openai": ("provider_usage/openai", "buckets"),
    "provider_usage_anthropic": ("provider_usage/anthropic", "buckets"),
    "provider_costs_openai": ("provider_costs/openai", "lines"),
    "provider_costs_anthropic": ("provider_costs/anthropic", "lines"),
    "provider_costs_generic_invoice": ("provider_costs/generic_invoice", "lines"),
    "cloud_billing_focus": ("cloud_billing/focus", "lines"),
    "gpu_usage_generic": ("gpu_usage/generic", "hours"),
    "gpu_jobs_generic": ("gpu_jobs/generic", "jobs"),
}

GENERIC = '{"timestamp": "%s", "request_id": "r", "provider": "p", "model": "m", "input_tokens": 1, %s}\n'
LITELLM = (
    '{"request_id": "%s", "startTime": %s, "model": "m", "custom_llm_provider": "openai", '
    '"prompt_tokens": %s, "completion_tokens": 1, "status": "success", "metadata": "%s", '
    '"messages": "secret"}\n'
)
OPENAI_USAGE = (
    '{"object": "page", "data": [{"start_time": 1788220800, "end_time": 1788307200, "results": ['
    '{"object": "organization.usage.completions.result", "input_tokens": %s, "input_cached_tokens": %s, '
    '"output_tokens": 1}]}]}\n'
)
FOCUS_HEADER = (
    "BilledCost,BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,"
    "ChargeCategory,ProviderName\n"
)
FOCUS_ROW = "%s,1,USD,2026-09-01,2026-09-01,2026-09-02,%s,AWS\n"
JOBS_HEADER = "job_id,pool_id,state,submitted_at,started_at,ended_at,gpu_count\n"
HUGE = 9223372036854775807

# Staging folder, file, its text, and the rejects it must give: line and the start of the reason.
DAMAGED: list[tuple[str, str, str, dict[int, str]]] = [
    (
        "gateway_traces_generic",
        "damaged.jsonl",
        '{"timestamp": "2026-09-01T00:00:00Z", "request_id": "half\n'
        + GENERIC % ("yesterday", '"output_tokens": 1')
        + GENERIC % ("2026-09-01T00:00:00Z", '"cached_tokens": 0')
        + GENERIC % ("infinity", '"output_tokens": 1')
        + GENERIC % ("2026-09-01T00:00:00Z", '"output_tokens": 1, "attempt": "first"')
        + GENERIC
        % (
            "2026-09-01T00:00:00Z",
            f'"output_tokens": 1, "cached_tokens": {HUGE}, "cache_write_tokens": {HUGE}',
        ),
        {
            1: "not a JSON object",
            2: "timestamp is not",
            3: "required field output_tokens is missing; the record has",
            4: "timestamp is not an ISO 8601 time",
            5: "attempt is not a whole number",
            6: "cached_tokens is too large",
        },
    ),
    (
        "gateway_traces_litellm",
        "damaged.jsonl",
        LITELLM % ("good", 1788220800.5, 1, "")
        + LITELLM % ("metadata", 1788220800.5, 1, "{half")
        + LITELLM % ("milliseconds", 1788220800500, 1, "")
        + LITELLM % ("text", 1788220800.5, '"many"', "")
        + LITELLM % ("huge", 1788220800.5, HUGE, "{}")
        + LITELLM % ("exceeds", 1788220800.5, 5, '{\\"usage_object\\": {\\"cache_read_input_tokens\\": 6}}')
        + LITELLM % ("array", 1788220800.5, 5, "[1]")
        + '{"request_id": "cut',
        {
            2: "metadata is not a JSON object",
            3: "startTime is neither unix seconds nor an ISO 8601 time",
            4: "prompt_tokens is not a whole number",
            5: "prompt_tokens is too large",
            6: "cached and cache-write tokens exceed prompt_tokens",
            7: "metadata is not a JSON object",
            8: "not a JSON object",
        },
    ),
    (
        "provider_usage_openai",
        "damaged.jsonl",
        OPENAI_USAGE % (10, 20)
        + OPENAI_USAGE % (HUGE, HUGE)
        + '{"object": "page", "data": []}\n{"data": [{"start_time": 1, "results": null}]}\n'
        + '{"data": [{"start_time": "x", "end_time": 1788307200, "results": '
        + '[{"object": "organization.usage.images.result"}, 7]}]}\n{"error": {"code": 401}}\n',
        {
            1: "cached and cache-write tokens exceed input_tokens",
            2: "input_tokens is too large",
            3: "the page holds no result",
            4: "the bucket holds no list of results",
            5: "bucket_start is not a time in unix seconds: x",
            6: "the page holds no result",
        },
    ),
    (
        "provider_usage_anthropic",
        "damaged.json",
        '{"data": [{"starting_at": "2026-09-01T00:00:00Z", "ending_at": "2026-09-02T00:00:00Z", "results": '
        '[{"uncached_input_tokens": -1, "output_tokens": 2}]}]}',
        {1: "uncached_input_tokens is negative: -1"},
    ),
    (
        "provider_costs_openai",
        "damaged.json",
        '{"object": "page", "data": [{"start_time": 1788220800, "end_time": 1788307200, "results": '
        '[{"object": "organization.costs.result", "amount": {"value": "much", "currency": "usd"}}]}]}',
        {1: "amount_value is not a number: much"},
    ),
    (
        "provider_costs_anthropic",
        "damaged.json",
        '{"data": [{"starting_at": "2026-09-01T00:00:00Z", "ending_at": "2026-09-02T00:00:00Z", "results": '
        '[{"currency": "USD", "amount": "12,5"}]}]}',
        {1: "amount is not a number of cents: 12,5"},
    ),
    (
        "provider_costs_generic_invoice",
        "damaged.csv",
        "provider,billing_period_start,line_type,amount,currency\n"
        "mistral,2026-09-01,credit,5,EUR\nmistral,2026-09-01,usage,5\nmistral,2026-09-01,rebate,-5,EUR\n"
        "mistral,infinity,usage,5,EUR\nmistral,2026-09-01,usage,1e40,EUR\n",
        {
            2: "a credit lowers the bill",
            3: "4 fields where the header has 5",
            4: "line_type is none of",
            5: "billing_period_start is not an ISO 8601 date: infinity",
            6: "amount is not a number: 1e40",
        },
    ),
    (
        "cloud_billing_focus",
        "damaged.csv",
        FOCUS_HEADER
        + FOCUS_ROW % ('"$10,000.00 "', "Usage")
        + FOCUS_ROW % ("NULL", "Usage")
        + FOCUS_ROW % (1, "Gift"),
        {
            2: "BilledCost is not a number: $10,000.00",
            3: "required field BilledCost is missing",
            4: "ChargeCategory is",
        },
    ),
    (
        "gpu_usage_generic",
        "damaged.csv",
        "hour_start_at,pool_id,gpu_id,utilization_share\n"
        "2026-09-01T00:30:00Z,p,g,0.5\n2026-09-01T00:00:00Z,p,g,62\n",
        {2: "hour_start_at is not the start of an hour", 3: "utilization_share is not between 0 and 1: 62"},
    ),
    (
        "gpu_jobs_generic",
        "damaged.csv",
        JOBS_HEADER + "j,p,completed,2026-09-01T00:00:00Z,2026-09-01T02:00:00Z,2026-09-01T01:00:00Z,4\n",
        {2: "ended_at is before started_at"},
    ),
]


def model_of(folder: str) -> str:
    return f"staging.stg_{folder}__{FORMATS[folder][1]}"


def golden_inputs(folder: str) -> list[Path]:
    return sorted(p for p in (STAGING / folder).glob("golden_*") if not p.name.endswith("_expected.csv"))


def run_staging(work: Path, landing: Path) -> duckdb.DuckDBPyConnection:
    """Read a landing zone with the staging models, in a warehouse of its own, and open the result."""
    folders = {"AI_COST_LANDING": str(landing), "AI_COST_WAREHOUSE": str(work / "warehouse")}
    run = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "run", "--select", "staging", "--no-use-colors"]
        + ["--target-path", str(work / "target"), "--log-path", str(work / "logs")],
        cwd=PROJECT,
        env={**os.environ, **folders},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    connection = duckdb.connect(str(work / "warehouse" / "build.duckdb"), read_only=True)
    connection.execute("set TimeZone = 'UTC'")
    return connection


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    work = tmp_path_factory.mktemp("golden")
    for folder, (entity, _) in FORMATS.items():
        target = work / "landing" / entity
        target.mkdir(parents=True)
        for source in golden_inputs(folder):
            shutil.copy(source, target)
    for folder, name, text, _ in DAMAGED:
        (work / "landing" / FORMATS[folder][0] / name).write_text(text, encoding="utf-8")
    return run_staging(work, work / "landing")


def rows_of_file(connection: duckdb.DuckDBPyConnection, folder: str, prefix: str) -> duckdb.DuckDBPyRelation:
    return connection.sql(
        f"select * from {model_of(folder)} "
        f"where _source_file like '{FORMATS[folder][0]}/{prefix}%' order by _source_file, _source_row"
    )


def typed(connection: duckdb.DuckDBPyConnection, value: str, type_name: str) -> Any:
    """A golden cell as the type of its column; an empty cell is null."""
    found = connection.execute(f"select cast(nullif(?, '') as {type_name})", [value]).fetchone()
    assert found is not None
    return found[0]


@pytest.mark.parametrize("folder", FORMATS)
def test_golden_rows_come_out_exactly(staged: duckdb.DuckDBPyConnection, folder: str) -> None:
    assert golden_inputs(folder), f"{folder} has no golden input"
    expected_file = STAGING / folder / f"golden_{FORMATS[folder][1]}_expected.csv"
    with expected_file.open(encoding="utf-8", newline="") as stream:
        header, *lines = list(csv.reader(stream))
    rejected = rows_of_file(staged, folder, "golden_").filter("_reject_reason is not null")
    assert rejected.select("_source_file, _source_row, _reject_reason").fetchall() == []

    found = rows_of_file(staged, folder, "golden_")
    item = ", _source_item" if "_source_item" in found.columns else ""
    found = found.order(f"_source_file, _source_row{item}").select(", ".join(header))
    types = [str(t) for t in found.types]
    expected = [tuple(typed(staged, v, t) for v, t in zip(line, types, strict=True)) for line in lines]
    actual = found.fetchall()
    for number, (want, got) in enumerate(zip(expected, actual, strict=False), start=2):
        different = {n: (w, g) for n, w, g in zip(header, want, got, strict=True) if w != g}
        assert not different, f"{expected_file.name} line {number}: (expected, found) {different}"
    assert len(actual) == len(expected)


@pytest.mark.parametrize(("folder", "name", "text", "reasons"), DAMAGED, ids=[d[0] for d in DAMAGED])
def test_a_damaged_record_is_a_reject_with_file_line_and_reason(
    staged: duckdb.DuckDBPyConnection, folder: str, name: str, text: str, reasons: dict[int, str]
) -> None:
    rows = rows_of_file(staged, folder, name).filter("_reject_reason is not null")
    found = rows.select("_source_file, _source_row, _reject_reason, _rejected_record").fetchall()
    assert {row[1] for row in found} == set(reasons)
    for line, reason in reasons.items():
        of_line = [row for row in found if row[1] == line]
        assert any(row[2].startswith(reason) for row in of_line), (line, reason, of_line)
        assert all(row[0] == f"{FORMATS[folder][0]}/{name}" for row in of_line)
    assert not any("secret" in row[3] for row in found), "a reject keeps text that may be a prompt"


def test_every_record_of_every_file_is_staged_or_rejected(staged: duckdb.DuckDBPyConnection) -> None:
    counts = " union all ".join(
        f"select _source_file, count(distinct _source_row) as records from {model_of(f)} group by all"
        for f in FORMATS
    )
    lost = staged.sql(
        "select file_id, status, record_count, records from staging.stg_landing__files as files "
        f"left join ({counts}) as counts on files.file_id = counts._source_file "
        "where record_count is distinct from records or status not in ('ok', 'repaired')"
    ).fetchall()
    assert lost == []


@pytest.mark.parametrize("folder", FORMATS)
def test_no_personal_data_is_kept(staged: duckdb.DuckDBPyConnection, folder: str) -> None:
    found = rows_of_file(staged, folder, "golden_")
    text = " ".join(str(row) for row in found.fetchall())
    assert "jo@example.com" not in text
    assert "not read" not in text


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    if not SAMPLES.is_dir():
        pytest.skip("the folder shared/data with the published samples is not beside this repository")
    work = tmp_path_factory.mktemp("samples")
    copies = {
        "provider_usage/openai": "api-samples/openai/organization_usage_*.json",
        "provider_costs/openai": "api-samples/openai/organization_costs.json",
        "provider_usage/anthropic": "api-samples/anthropic/usage_report_messages_response.json",
        "provider_costs/anthropic": "api-samples/anthropic/cost_report_response.json",
        "gateway_traces/litellm": "api-samples/litellm/*.json",
        "cloud_billing/focus": "focus-1.0-sample/*.csv",
    }
    for entity, pattern in copies.items():
        (work / "landing" / entity).mkdir(parents=True)
        for source in sorted(SAMPLES.glob(pattern)):
            shutil.copy(source, work / "landing" / entity)
    return run_staging(work, work / "landing")


def test_published_samples_land_without_a_reject(sampled: duckdb.DuckDBPyConnection) -> None:
    for folder in FORMATS:
        rejects = sampled.sql(
            f"select _source_file, _reject_reason from {model_of(folder)} where _reject_reason is not null"
        ).fetchall()
        assert rejects == []
    landed = sampled.sql("select count(*), sum(record_count) from staging.stg_landing__files").fetchone()
    assert landed == (9, 678)


def test_the_focus_sample_keeps_its_totals(sampled: duckdb.DuckDBPyConnection) -> None:
    totals = sampled.sql(
        "select count(*), round(sum(billed_amount), 4), round(sum(list_amount), 4), "
        "count(*) filter (instance_type = 'g5.4xlarge') from staging.stg_cloud_billing_focus__lines"
    ).fetchone()
    assert totals is not None
    assert [str(value) for value in totals] == ["670", "11.6176", "11.4883", "4"]


def test_the_provider_samples_keep_their_figures(sampled: duckdb.DuckDBPyConnection) -> None:
    tokens = "uncached_input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens"
    tokens += ", output_tokens"
    usage = sampled.sql(
        f"select {tokens} from staging.stg_provider_usage_openai__buckets where endpoint = 'completions' "
        f"union all select {tokens} from staging.stg_provider_usage_anthropic__buckets"
    ).fetchall()
    assert usage == [(500, 400, 100, 0, 500), (1500, 200, 500, 1000, 500)]
    cents = sampled.sql("select billed_amount from staging.stg_provider_costs_anthropic__lines").fetchone()
    assert cents is not None
    assert str(cents[0]) == "1.237891200000"
