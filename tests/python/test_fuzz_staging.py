"""No record stops the build: every field of every golden record, replaced in turn by values that nobody expects.

All mutated records of all formats lie in one landing zone, and one dbt run takes them through staging and the models
behind it. Each is staged or rejected, and no address and no key that was planted is kept anywhere.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import NO_TESTS, Build, Dbt
from test_staging_golden import FORMATS, golden_inputs, model_of

pytestmark = pytest.mark.slow

PLANTED = "zq planted.person@example.com sk-plantedplanted1234 zq"
LONG = "a text that is too long for a name " * 40
ODD_VALUES: list[Any] = [None, PLANTED, LONG, [], {}, -1, 2**63 - 1, 1e308]
# What stands behind staging and calculates with its figures.
BEHIND = [
    "int_attempts__priced",
    "int_cloud_lines__classified",
    "int_billing__lines",
    "int_gpu_hours__merged",
    "int_training_jobs__timed",
]


def mutations(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each part of a JSON value by its path, as (path, the value with an odd value in its place).

    Of a list of objects only the changed one is kept, but all of a list of {key, value}. A text that is JSON is
    changed within, too.
    """
    for odd in ODD_VALUES:
        yield path, odd
    if isinstance(value, dict):
        for name, part in value.items():
            for below, changed in mutations(part, (*path, name)):
                yield below, {**value, name: changed}
    elif isinstance(value, list):
        for number, part in enumerate(value):
            is_pair = isinstance(part, dict) and "key" in part
            name = str(part["key"]) if is_pair else "*"
            for below, changed in mutations(part, (*path, name)):
                yield below, [*value[:number], changed, *value[number + 1 :]] if is_pair else [changed]
    elif isinstance(value, str) and value.startswith(("{", "[")):
        for below, changed in mutations(json.loads(value), (*path, "text")):
            yield below, json.dumps(changed)


def text_of(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")


def records_of(text: str) -> list[Any]:
    """The records of a JSON document or of JSON lines."""
    try:
        document = json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]
    return document if isinstance(document, list) else [document]


def fuzzed_json(sources: list[Path]) -> Iterator[str]:
    """JSON lines: each place that any record has, once with each odd value."""
    done: dict[tuple[str, ...], int] = {}
    for source in sources:
        for record in records_of(text_of(source)):
            for place, changed in mutations(record):
                done[place] = done.get(place, 0) + 1
                if place and done[place] <= len(ODD_VALUES):
                    yield json.dumps(changed)


def cells(value: str) -> Iterator[str]:
    """A csv cell's odd values; JSON in a cell is changed within, too."""
    try:
        within = json.loads(value) if value.startswith(("{", "[")) else None
    except ValueError:
        within = None
    for _, changed in mutations(within):
        yield changed if isinstance(changed, str) else "" if changed is None else json.dumps(changed)


def fuzz_csv(source: Path, target: Path) -> None:
    """Write a csv file with each column of `source` odd in turn, in the first row that has something there."""
    lines = text_of(source).splitlines()
    delimiter = "|" if "|" in lines[0] else ","
    header, *rows = list(csv.reader(lines, delimiter=delimiter))
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        for number in range(len(header)):
            row = next((row for row in rows if row[number]), rows[0])
            writer.writerows([*row[:number], odd, *row[number + 1 :]] for odd in cells(row[number]))


def fuzz(folder: str, target: Path) -> None:
    """Write the mutated golden records of one format into its landing folder."""
    target.mkdir(parents=True)
    sources = golden_inputs(folder)
    tables = [path for path in sources if path.suffix in {".csv", ".psv"}]
    for path in tables:
        fuzz_csv(path, target / path.name)
    documents = [path for path in sources if path not in tables]
    if documents:
        (target / "fuzzed.jsonl").write_text("\n".join(fuzzed_json(documents)) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def fuzzed(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Build:
    work = tmp_path_factory.mktemp("fuzzed")
    for folder, (entity, _) in FORMATS.items():
        fuzz(folder, work / "landing" / entity)
    return dbt.run(work, "build", "--select", "staging", *(f"+{name}" for name in BEHIND), *NO_TESTS)


def test_no_odd_value_stops_the_build(fuzzed: Build) -> None:
    assert fuzzed.exit_code == 0, "\n".join(line for line in fuzzed.output.splitlines() if "OK" not in line)


def test_every_odd_record_is_staged_or_rejected(fuzzed: Build) -> None:
    counts = " union all ".join(
        f"select _source_file, count(distinct _source_row) as records from {model_of(folder)} group by all"
        for folder in FORMATS
    )
    files = fuzzed.rows(f"""
        select file_id, status, record_count, records from staging.stg_landing__files as files
        left join ({counts}) as counts on files.file_id = counts._source_file
    """)
    assert len(files) >= len(FORMATS)
    assert sum(count for _, _, count, _ in files) > 5_000
    assert [file for file in files if file[1] not in {"ok", "repaired"} or file[2] != file[3]] == []


def test_no_planted_address_or_key_and_no_prompt_is_kept(fuzzed: Build) -> None:
    """Except the kept text of a rejected bill or GPU record, which is masked, but holds no prompts."""
    columns = fuzzed.rows("""
        select table_schema || '.' || table_name, column_name from information_schema.columns
        where table_schema in ('staging', 'ledger', 'reconciliation', 'baselines') and data_type = 'VARCHAR'
    """)
    unwanted = {column: "planted[.]person|sk-planted|not read" for _, column in columns}
    unwanted["_rejected_record"] = "planted[.]person|sk-planted"
    searches = " union all ".join(
        f"select '{table}.{column}', count(*), min({column}) from {table} "
        f"where regexp_matches(lower({column}), '{unwanted[column]}')"
        for table, column in columns
    )
    assert len(columns) > 500
    assert fuzzed.rows(f"select * from ({searches}) as found (place, number, kept) where number > 0") == []
