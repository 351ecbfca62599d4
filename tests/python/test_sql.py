"""`ai-cost sql`: read-only, every digit in CSV, readable in 80 columns, and it says what to install."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from ai_cost_audit import sql
from ai_cost_audit.cli import app


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    with duckdb.connect(str(tmp_path / "ai_cost.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute("create schema seeds")
        connection.execute("""
            create table marts.fct_costs as
            select 'team-' || n as team_id, cast(n as decimal(38, 12)) / 3 + 0 as ignored,
                cast(n * 1234.5 as decimal(38, 12)) + 0.000000000001 as cost_usd, n as calls, n = 1 as is_first,
                repeat('long text ', 20) as evidence, cast(null as varchar) as owner
            from range(1, 301) as numbers (n)
        """)
        connection.execute("create table seeds.teams as select 'team-1' as team_id")
    return tmp_path


def run(warehouse: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["sql", *arguments, "--warehouse", str(warehouse)])


def test_the_answer_is_a_table_in_80_columns(warehouse: Path) -> None:
    query = "select team_id, calls, cost_usd, owner, evidence from fct_costs join teams using (team_id)"
    text = run(warehouse, query).stdout
    lines = text.splitlines()
    assert lines[0].split() == ["team_id", "calls", "cost_usd", "owner", "evidence"]
    assert lines[2].split()[:4] == ["team-1", "1", "1,234.50", "-"]
    assert text.split().count("long") == 20  # prose goes on below: only names are cut
    assert max(cell_len(line) for line in lines) <= 80


def test_a_wide_answer_is_a_block_a_row(warehouse: Path) -> None:
    query = "select *, team_id as a_long_name_of_a_column, team_id as another_long_name_of_one from fct_costs limit 2"
    text = run(warehouse, query).stdout
    assert "row 1" in text and "row 2" in text
    assert text.count("long text") == 40  # nothing is cut
    assert max(cell_len(line) for line in text.splitlines()) <= 80


def test_many_rows_are_cut_and_it_says_so(warehouse: Path) -> None:
    text = run(warehouse, "select team_id from fct_costs").stdout
    assert len(text.splitlines()) == sql.ROWS_SHOWN + 3
    assert "and 100 more rows" in text


def test_csv_has_every_row_and_digit(warehouse: Path) -> None:
    query = "select cost_usd, is_first, owner, 1e-7::decimal(38, 12) as small from fct_costs order by calls"
    lines = run(warehouse, "--csv", query).stdout.splitlines()
    assert lines[:3] == [
        "cost_usd,is_first,owner,small",
        "1234.500000000001,true,,0.000000100000",
        "2469.000000000001,false,,0.000000100000",
    ]
    assert len(lines) == 301


def test_a_file_with_a_query_is_run(warehouse: Path) -> None:
    (warehouse / "q.sql").write_text("-- how many\nselect count(*) as n from marts.fct_costs;\n")
    assert run(warehouse, "--csv", str(warehouse / "q.sql")).stdout == "n\n300\n"
    assert run(warehouse, str(warehouse / "none.sql")).exit_code == 2


def test_no_rows_is_said(warehouse: Path) -> None:
    assert run(warehouse, "from fct_costs where false").stdout == "No rows.\n"


@pytest.mark.parametrize(
    "query",
    ["drop table marts.fct_costs", "create table marts.mine as select 1", "update marts.fct_costs set calls = 0",
     "select nothing from fct_costs", "selec 1", "select calls from fct_costs where error('stop') = ''",
     "", "/* only a comment */"],
)  # fmt: skip
@pytest.mark.parametrize("option", [[], ["--csv"]])
def test_what_cannot_run_is_one_line_and_changes_nothing(
    warehouse: Path, query: str, option: list[str]
) -> None:
    before = (warehouse / "ai_cost.duckdb").read_bytes()
    result = run(warehouse, *option, query)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ") and result.stderr.count("\n") == 1
    assert "another version" not in result.stderr
    assert (warehouse / "ai_cost.duckdb").read_bytes() == before


def test_a_shell_opens_read_only_and_the_duckdb_cli_comes_first(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = warehouse / "ai_cost.duckdb"
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(sql.sys, "executable", str(tmp_path / "elsewhere" / "python"))
    with pytest.raises(sql.NotRun, match="pip install duckdb-cli"):
        sql.shell_command(published)
    for name in ("harlequin", "duckdb"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
        command = sql.shell_command(published)
        assert command[0] == str(programs / name) and command[-1] == str(published)
        assert {"-readonly", "--read-only"} & set(command)


def test_without_a_shell_the_command_says_what_to_install(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "_installed", lambda name: None)
    result = run(warehouse)
    assert result.exit_code == 2 and "pip install duckdb-cli" in result.stderr
