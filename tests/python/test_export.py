"""The export holds every published row and digit, runs as no formula, and replaces nothing that is not its own."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Build
from typer.testing import CliRunner

from ai_cost_audit import export
from ai_cost_audit.cli import app
from ai_cost_audit.published import NotReadable

FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(1)", " =1+1", "\t=1", "\r=1", "＝1+1", "-2+3|cmd", "'=1", "-"]
PLAIN = ["", "a=1", "-5", "+5.25", "gpt-5", 'Smith, "Jo"', "two\nlines", "ünï"]
AMOUNTS = ["-0.000000000001", "12345678901234567890123456.123456789012", "0.000000000000"]


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A small published file with texts that a spreadsheet may run and amounts that a float cannot hold."""
    path = tmp_path / "ai_cost.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute("create schema seeds")
        connection.execute("create schema other")
        connection.execute("create table other.private (a int)")
        connection.execute("create table marts.audit_run (audit_date date, books_status varchar)")
        connection.execute("insert into marts.audit_run values ('2026-10-31', 'open')")
        connection.execute("create table marts.fct_names (name varchar, is_plain boolean)")
        connection.executemany("insert into marts.fct_names values (?, false)", [[text] for text in FORMULAS])
        connection.executemany("insert into marts.fct_names values (?, true)", [[text] for text in PLAIN])
        connection.execute("insert into marts.fct_names values (null, true)")
        connection.execute("create table seeds.amounts (amount_usd decimal(38, 12))")
        connection.executemany(
            "insert into seeds.amounts values (?::decimal(38, 12))", [[a] for a in AMOUNTS]
        )
        connection.execute("comment on table seeds.amounts is 'One row per amount.'")
        connection.execute("comment on column seeds.amounts.amount_usd is 'USD.'")
    return path


def manifest(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return loaded


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_text_that_a_spreadsheet_would_run_is_marked_and_no_other(published: Path, tmp_path: Path) -> None:
    export.run(published, tmp_path / "out", "csv")
    with (tmp_path / "out" / "marts" / "fct_names.csv").open(encoding="utf-8", newline="") as file:
        written = {(row["name"], row["is_plain"]) for row in csv.DictReader(file)}
    assert written == {("'" + text, "false") for text in FORMULAS} | {(text, "true") for text in PLAIN}
    lines = (tmp_path / "out" / "marts" / "fct_names.csv").read_bytes().splitlines()
    assert b",true" in lines and b'"",true' in lines  # null, and the empty text


def test_amounts_keep_all_their_digits(published: Path, tmp_path: Path) -> None:
    export.run(published, tmp_path / "out", "csv")
    lines = (tmp_path / "out" / "seeds" / "amounts.csv").read_text().splitlines()
    assert lines[0] == "amount_usd"
    assert sorted(lines[1:]) == sorted(AMOUNTS)
    assert [Decimal(line) for line in lines[1:]] == sorted(map(Decimal, AMOUNTS))  # in order


def test_the_manifest_says_what_there_is(published: Path, tmp_path: Path) -> None:
    report = export.run(published, tmp_path / "out", "parquet")
    said = manifest(tmp_path / "out")
    assert [table["table"] for table in said["tables"]] == [
        "marts.audit_run",
        "marts.fct_names",
        "seeds.amounts",
    ]
    assert said["audit_run"] == {"audit_date": "2026-10-31", "books_status": "open"}
    amounts = said["tables"][2]
    assert amounts["description"] == "One row per amount."
    assert amounts["columns"] == [{"name": "amount_usd", "type": "decimal(38,12)", "description": "USD."}]
    files = contents(tmp_path / "out")
    assert {table["file"]: table["sha256"] for table in said["tables"]} | {
        "manifest.json": files["manifest.json"]
    } == files
    assert report.rows == sum(table["rows"] for table in said["tables"]) == 1 + 20 + 3


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_every_published_row_is_exported_as_it_is(demo: Build, tmp_path: Path, kind: export.Kind) -> None:
    export.run(demo.ok().published, tmp_path / "out", kind)
    said = manifest(tmp_path / "out")
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        names = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
        ).fetchall()
        assert {name for (name,) in names} == {table["table"] for table in said["tables"]}
        assert len(names) > 40
        for table in said["tables"]:
            path = tmp_path / "out" / table["file"]
            types = {column["name"]: column["type"] for column in table["columns"]}
            if kind == "parquet":
                source = f"read_parquet('{path}')"
            else:
                selected = ", ".join(
                    f"regexp_replace(\"{name}\", '^''', '') as \"{name}\""
                    if data_type == "varchar"
                    else f'"{name}"'
                    for name, data_type in types.items()
                )
                read = f"read_csv('{path}', header = true, columns = {types}, nullstr = '', allow_quoted_nulls = false)"
                source = f"(select {selected} from {read})"
            different = connection.execute(f"""
                select count(*) from (
                    (from {table["table"]} except all from {source})
                    union all
                    (from {source} except all from {table["table"]})
                )
            """).fetchone()
            assert different == (0,), table["table"]
            assert all(column["description"] for column in table["columns"]) and table["description"]


def test_two_exports_are_the_same_bytes(demo: Build, tmp_path: Path) -> None:
    export.run(demo.ok().published, tmp_path / "first", "parquet")
    export.run(demo.published, tmp_path / "second", "parquet")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_an_export_replaces_an_earlier_one_whole(published: Path, tmp_path: Path) -> None:
    export.run(published, tmp_path / "out", "csv")
    with duckdb.connect(str(published)) as connection:
        connection.execute("drop table seeds.amounts")
    export.run(published, tmp_path / "out", "parquet")
    assert sorted(contents(tmp_path / "out")) == [
        "manifest.json",
        "marts/audit_run.parquet",
        "marts/fct_names.parquet",
    ]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("kept", ["notes.txt", "seeds/amounts (copy).csv"])
def test_a_folder_that_holds_anything_else_is_left_alone(published: Path, tmp_path: Path, kept: str) -> None:
    export.run(published, tmp_path / "out", "csv")
    (tmp_path / "out" / kept).write_text("mine")
    before = contents(tmp_path / "out")
    with pytest.raises(export.NotExported, match="did not write"):
        export.run(published, tmp_path / "out", "csv")
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"written_by": "me", "tables": []}', '{"tables": [1]}'])
def test_a_manifest_of_another_program_is_not_ours(published: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_text(text)
    with pytest.raises(export.NotExported):
        export.run(published, tmp_path / "out", "csv")
    assert (tmp_path / "out" / "manifest.json").read_text() == text


def test_an_export_that_fails_leaves_the_earlier_one(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export.run(published, tmp_path / "out", "csv")
    before = contents(tmp_path / "out")

    def full(path: Path) -> str:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(export, "_sha256", full)
    with pytest.raises(OSError, match="No space left"):
        export.run(published, tmp_path / "out", "csv")
    assert contents(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_others_can_read_the_export(published: Path, tmp_path: Path) -> None:
    export.run(published, tmp_path / "out", "csv")
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_without_a_published_audit_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(NotReadable, match="make build"):
        export.run(tmp_path / "ai_cost.duckdb", tmp_path / "out", "csv")
    assert not (tmp_path / "out").exists()


def test_the_command_writes_beside_the_warehouse(published: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["export", "--format", "parquet", "--warehouse", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "Exported 3 tables, 24 rows" in result.stdout
    assert (tmp_path / "export" / "parquet" / "marts" / "fct_names.parquet").is_file()
    shutil.rmtree(tmp_path / "export" / "parquet" / "marts")
    (tmp_path / "export" / "parquet" / "mine").write_text("x")
    refused = CliRunner().invoke(app, ["export", "--format", "parquet", "--warehouse", str(tmp_path)])
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") >= 1 and "mine" in refused.stderr.splitlines()[-1]
