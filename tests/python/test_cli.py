"""The command: what it writes, what it refuses, and that an expected error is one line with exit code 2."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml
from typer.testing import CliRunner, Result

from ai_cost_audit import init as company
from ai_cost_audit.cli import DEMO_RECORD, app
from ai_cost_audit.settings import PROJECT

RUNNER = CliRunner()
COMMANDS = (
    "init",
    "demo",
    "check",
    "summary",
    "export",
    "sql",
    "report",
    "real",
    "parity",
    "prices",
    "bench",
)


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AI_COST_LANDING", str(tmp_path / "landing"))
    monkeypatch.setenv("AI_COST_WAREHOUSE", str(tmp_path / "warehouse"))
    monkeypatch.setattr(company, "LINKS", tmp_path / "links")
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return RUNNER.invoke(app, [str(argument) for argument in arguments])


def refused(*arguments: str | Path) -> str:
    """The one line of an expected error."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ") and result.stderr.count("\n") == 1
    return result.stderr


def test_help_names_every_command_and_each_has_its_own() -> None:
    text = run("--help").stdout
    assert all(re.search(rf"^  {command} ", text, re.MULTILINE) for command in COMMANDS)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "..." not in text.split("Commands:")[1]  # every description is whole
    for command in (*COMMANDS, ("prices", "refresh"), ("report", "month"), ("bench", "table")):
        result = run(*([command] if isinstance(command, str) else command), "--help")
        assert result.exit_code == 0 and "Usage: " in result.stdout


def test_module_and_version_run_without_the_heavy_imports() -> None:
    code = (
        "import sys, runpy; sys.argv = ['ai-cost', '--version']\n"
        "try: runpy.run_module('ai_cost_audit', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'pandas', 'duckdb', 'numpy', 'great_expectations', 'genai_prices'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "ai-cost 0.1.0\n"


# ---- init


def test_init_writes_a_company(tmp_path: Path) -> None:
    root = tmp_path / "my company"
    result = run("init", root)
    assert result.exit_code == 0, result.output
    assert "make build" in result.stdout and str(root) in result.stdout
    for seed in (PROJECT / "seeds" / "company").glob("*.csv"):
        demo = seed.read_text(encoding="utf-8")
        assert (root / "seeds" / seed.name).read_text(encoding="utf-8") == demo.splitlines()[0] + "\n"
        assert (root / "examples" / seed.name).read_text(encoding="utf-8") == demo
    assert [path.name for path in root.iterdir() if path.is_file()] == ["ai-cost.env"]


def test_init_settings_are_what_a_shell_reads(tmp_path: Path) -> None:
    root = tmp_path / "it's a company"
    assert run("init", root).exit_code == 0
    script = 'set -a; . "$1"; set +a; env'
    done = subprocess.run(
        ["sh", "-c", script, "sh", str(root / "ai-cost.env")], capture_output=True, text=True, check=True
    )
    settings = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("AI_COST_"))
    assert settings == {
        "AI_COST_LANDING": str(root / "landing"),
        "AI_COST_WAREHOUSE": str(root / "warehouse"),
        "AI_COST_COMPANY": os.path.relpath(tmp_path / "links" / "it-s-a-company", PROJECT),
    }
    assert all((PROJECT / folder).is_dir() for folder in settings.values())


def test_seeds_are_linked_because_dbt_overwrites_seeds_of_an_absolute_path(tmp_path: Path) -> None:
    for parent in ("one", "two"):
        assert run("init", tmp_path / parent / "acme").exit_code == 0
    links = {link.name: link.resolve() for link in (tmp_path / "links").iterdir()}
    assert links == {
        "acme": tmp_path / "one" / "acme" / "seeds",
        "acme-2": tmp_path / "two" / "acme" / "seeds",
    }
    shutil.rmtree(tmp_path / "one")
    assert run("init", tmp_path / "three" / "acme").exit_code == 0  # the dangling link is used again
    assert (tmp_path / "links" / "acme").resolve() == tmp_path / "three" / "acme" / "seeds"
    setting = (tmp_path / "three" / "acme" / "ai-cost.env").read_text().splitlines()[-1]
    assert not setting.removeprefix("AI_COST_COMPANY=").startswith("/")


def test_init_has_a_folder_for_each_enabled_format_that_names_its_required_fields(tmp_path: Path) -> None:
    assert run("init", tmp_path / "c").exit_code == 0
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    enabled = {f"{entity}/{name}" for entity, names in project["vars"]["formats"].items() for name in names}
    readmes = {
        path.parent.relative_to(tmp_path / "c" / "landing").as_posix(): path.read_text(encoding="utf-8")
        for path in (tmp_path / "c" / "landing").rglob("*")
        if path.is_file()
    }
    assert set(readmes) == enabled
    for name, readme in readmes.items():
        folder = PROJECT / "models" / "staging" / name
        sql = "".join(path.read_text(encoding="utf-8") for path in folder.glob("stg_*.sql"))
        required = re.findall(r"'(\w+)'", " ".join(re.findall(r"required_checks\(\[(.*?)\]", sql, re.DOTALL)))
        required += [field.replace("_", ".") for field in re.findall(r"'(amount\.\w+) is missing'", sql)]
        required += re.findall(r"the bucket has no (\w+)'", sql)
        required += re.findall(r"required field (\w+) is missing", sql)
        assert required or name == "gpu_usage/dcgm", name  # which names its fields in labels
        for field in required:
            assert f"`{field}`" in readme, (name, field)
        for part in ("How to get it", "File types", "What it cannot tell", "ai-cost check"):
            assert part in readme, (name, part)


def test_init_refuses_a_folder_that_holds_anything(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert "is not empty (it holds notes.txt)" in refused("init", tmp_path)
    assert "is a file" in refused("init", tmp_path / "notes.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]  # and no link
    (tmp_path / "empty").mkdir()
    assert run("init", tmp_path / "empty").exit_code == 0


# ---- demo


def test_demo_lands_is_refused_twice_and_replaced_by_force(folders: Path) -> None:
    landing = folders / "landing"
    first = run("demo", "--requests", "400", "--seed", "3")
    assert first.exit_code == 0, first.output
    assert "days of traces: 61 of 61" in first.stderr and "\x1b" not in first.stderr
    key = json.loads((folders / "warehouse" / "demo_answer_key.json").read_text())
    assert key["seed"] == 3 and f"{key['requests_written']:,} requests" in first.stdout
    mark = landing / "gateway_traces" / "generic" / "2026-09-01.jsonl.gz"
    before = mark.read_bytes()
    assert "is not empty" in refused("demo")

    again = run("demo", "--requests", "300", "--no-plant", "--force")
    assert again.exit_code == 0, again.output
    assert "defects" not in again.stdout
    assert json.loads((folders / "warehouse" / "demo_answer_key.json").read_text())["defects"] == []
    assert mark.read_bytes() != before
    landed = {path.relative_to(landing).as_posix() for path in landing.rglob("*") if path.is_file()}
    assert landed == {DEMO_RECORD, *(landing / DEMO_RECORD).read_text().splitlines()}


def test_force_never_removes_what_the_demo_did_not_write(folders: Path) -> None:
    mine = folders / "landing" / "gateway_traces" / "generic" / "mine.jsonl"
    mine.parent.mkdir(parents=True)
    mine.write_text("{}\n")
    assert "did not write" in refused("demo", "--force")
    (folders / "landing" / DEMO_RECORD).write_text("gateway_traces/generic/theirs.jsonl\n")
    theirs = mine.with_name("theirs.jsonl")
    theirs.write_text("{}\n")
    assert "mine.jsonl is not of the demo" in refused("demo", "--force")
    assert mine.exists() and theirs.exists()


def test_a_demo_that_fails_leaves_an_empty_landing_zone(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(landing: Path, *_: object, **__: object) -> None:
        (landing / "gateway_traces").mkdir(parents=True)
        (landing / "gateway_traces" / "half.jsonl").write_text("{}\n")
        raise LookupError("no price for gpt-0")

    monkeypatch.setattr("ai_cost_audit.demo.simulate", half)
    assert "no price for gpt-0" in refused("demo")
    assert list((folders / "landing").iterdir()) == []


# ---- check, summary, real


def test_check_needs_a_landing_zone_and_fails_on_a_bad_file(folders: Path) -> None:
    assert f"no landing zone at {folders / 'landing'}" in refused("check")
    bad = folders / "landing" / "gateway_traces" / "generic" / "bad.jsonl"
    bad.parent.mkdir(parents=True)
    bad.write_text("not json\n" * 5)
    result = run("check")
    assert result.exit_code == 1, result.output
    assert "bad.jsonl" in result.stdout and "[bold]" not in result.stdout
    assert "\x1b" not in result.output


def test_summary_without_an_audit_says_how_to_get_one(folders: Path) -> None:
    path = folders / "warehouse" / "ai_cost.duckdb"
    assert refused("summary") == f"Error: no published audit at {path}: run `make build`\n"
    assert "no published audit" in refused("summary", "--warehouse", folders / "elsewhere")
    for month in ("2026", "2026-13", "October"):
        assert "YYYY-MM" in refused("summary", "--month", month)


def test_summary_reads_a_folder_or_a_file(folders: Path) -> None:
    path = folders / "ai_cost.duckdb"
    duckdb.connect(str(path)).close()
    for given in (folders, path):
        assert "of another version" in refused("summary", "--warehouse", given)


def test_real_names_what_is_missing(folders: Path) -> None:
    assert "no folder" in refused("real", folders / "nothing")
    (folders / "data").mkdir()
    assert "does not hold" in refused("real", folders / "data")
    assert not (folders / "landing").exists()
