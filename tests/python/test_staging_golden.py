"""Each staging format against its golden rows: hand-checked input in the vendor's shape, and its outcome.

A format's own folder holds them: golden_* and its expected csv, and damaged_* with the line and reason of each reject
in damaged_expected.csv. One dbt run reads all of them. Real published payloads: test_real_payloads.py.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ai_cost_audit import formats

PROJECT = Path(__file__).resolve().parents[2]
STAGING = PROJECT / "models" / "staging"

THINGS = {
    "gateway_traces": "requests",
    "provider_usage": "buckets",
    "provider_costs": "lines",
    "cloud_billing": "lines",
    "gpu_usage": "hours",
    "gpu_jobs": "jobs",
}
# Format: (its folder below landing/ and models/staging/, things). The latter holds its cases.
FORMATS = {
    f"{entity}_{name}": (f"{entity}/{name}", THINGS[entity])
    for entity, names in formats.enabled().items()
    for name in names
}


def folder_of(name: str) -> Path:
    """Where a format's model and its cases are."""
    return STAGING / FORMATS[name][0]


def damaged_cases(folder: str) -> dict[str, dict[int, str]]:
    """Damaged file of a format -> line -> the start of the reason that its reject must give."""
    cases: dict[str, dict[int, str]] = {}
    with (folder_of(folder) / "damaged_expected.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            cases.setdefault(row["file"], {})[int(row["line"])] = row["reason"]
    return cases


def model_of(folder: str) -> str:
    return f"staging.stg_{folder}__{FORMATS[folder][1]}"


def golden_inputs(folder: str) -> list[Path]:
    return sorted(p for p in folder_of(folder).glob("golden_*") if not p.name.endswith("_expected.csv"))


def run_staging(work: Path, landing: Path) -> duckdb.DuckDBPyConnection:
    """Read a landing zone with the staging models, in a warehouse of its own, and open the result."""
    folders = {"AI_COST_LANDING": str(landing), "AI_COST_WAREHOUSE": str(work / "warehouse")}
    run = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "build", "--select", "staging", "usage_semantics"]
        + ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", "--no-use-colors"]
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
        for name in damaged_cases(folder):
            shutil.copy(folder_of(folder) / name, target)
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
    expected_file = folder_of(folder) / f"golden_{FORMATS[folder][1]}_expected.csv"
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


@pytest.mark.parametrize("folder", FORMATS)
def test_a_damaged_record_is_a_reject_with_file_line_and_reason(
    staged: duckdb.DuckDBPyConnection, folder: str
) -> None:
    cases = damaged_cases(folder)
    assert sum(len(reasons) for reasons in cases.values()) >= 1, f"{folder} has no damaged record"
    for name, reasons in cases.items():
        rows = rows_of_file(staged, folder, name).filter("_reject_reason is not null")
        found = rows.select("_source_file, _source_row, _reject_reason, _rejected_record").fetchall()
        assert {row[1] for row in found} == set(reasons)
        for line, reason in reasons.items():
            of_line = [row for row in found if row[1] == line]
            assert any(row[2].startswith(reason) for row in of_line), (line, reason, of_line)
            assert all(row[0] == f"{FORMATS[folder][0]}/{name}" for row in of_line)
        assert not any("secret" in row[3] for row in found), "a reject keeps text that may be a prompt"


def test_the_token_classes_of_every_golden_trace_add_up_to_the_providers_total(
    staged: duckdb.DuckDBPyConnection,
) -> None:
    """Disjoint classes: nothing counted twice, nothing left out, by the source's own total of each row."""
    caches = ("cache_read", "cache_write_5m", "cache_write_30m", "cache_write_1h", "cache_write_12h")
    # A class that the source does not tell apart is null, and inside the uncached input.
    classes = " + ".join(f"coalesce({name}_tokens, 0)" for name in caches)
    classes += " + uncached_input_tokens + output_tokens"
    for folder in FORMATS:
        if not folder.startswith("gateway_traces_"):
            continue
        rows = rows_of_file(staged, folder, "golden_").filter("reported_total_tokens is not null")
        assert rows.filter(f"{classes} is distinct from reported_total_tokens").fetchall() == []
        parts = "coalesce(input_audio_tokens, 0) + coalesce(input_image_tokens, 0) > uncached_input_tokens"
        assert rows.filter(f"{parts} or output_audio_tokens > output_tokens").fetchall() == []


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


def test_the_page_of_formats_is_that_of_their_folders() -> None:
    written = (PROJECT / "docs" / "formats.md").read_text(encoding="utf-8")
    assert written == formats.page(), "write it: python -m ai_cost_audit.formats > docs/formats.md"


def test_each_format_that_uses_the_semantics_has_its_rows() -> None:
    """A model that joins usage_semantics for a format without rows would read no record at all."""
    with (PROJECT / "seeds" / "reference" / "usage_semantics.csv").open(
        encoding="utf-8", newline=""
    ) as stream:
        stated = {f"{row['entity']}_{row['format']}" for row in csv.DictReader(stream)}
    using = {
        folder
        for folder in FORMATS
        if "usage_semantics" in next(folder_of(folder).glob("stg_*.sql")).read_text(encoding="utf-8")
    }
    assert using <= stated


def test_staging_types_what_came_and_reads_one_seed() -> None:
    """What counters mean is the only thing that staging looks up: prices and owners are for later layers."""
    for model in STAGING.glob("*/*/stg_*.sql"):
        refs = set(re.findall(r"ref\('(\w+)'\)", model.read_text(encoding="utf-8")))
        assert refs <= {"usage_semantics"}, model.name
