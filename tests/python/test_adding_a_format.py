"""docs/adding-a-format.md, followed: its commands run as they stand, in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, rows

PAGE = ROOT / "docs" / "adding-a-format.md"


def copy_of_project(folder: Path) -> Path:
    """The files that git knows or would take, as they are now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        source = ROOT / name
        if name and source.is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
    return folder


def changed(project: Path) -> set[str]:
    """Files of the copy that are new or differ from ours, without what tools write."""
    ours = {path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file()}
    found = set()
    for path in project.rglob("*"):
        name = path.relative_to(project)
        if not path.is_file() or {"__pycache__", "target", "logs", ".pytest_cache"} & set(name.parts):
            continue
        if name not in ours or path.read_bytes() != (ROOT / name).read_bytes():
            found.add(name.as_posix())
    return found


@pytest.mark.slow
def test_the_walk_through_takes_a_folder_and_an_entry_and_ends_with_dollars_in_the_ledger(
    tmp_path: Path,
) -> None:
    project = copy_of_project(tmp_path / "project")
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(project),
        "DBT_PROJECT_DIR": str(project),
        "DBT_PROFILES_DIR": str(project),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
        "AI_COST_LANDING": str(tmp_path / "landing"),
        "AI_COST_WAREHOUSE": str(tmp_path / "warehouse"),
        "AI_COST_COMPANY": "seeds/company",
    }
    commands = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, command + run.stdout[-4000:] + run.stderr[-2000:]

    folder = "models/staging/gateway_traces/acme/"
    assert {name for name in changed(project) if not name.startswith(folder)} == {"dbt_project.yml"}
    ours, theirs = (yaml.safe_load((root / "dbt_project.yml").read_text()) for root in (ROOT, project))
    theirs["vars"]["formats"]["gateway_traces"].remove("acme")
    assert ours == theirs

    found = rows(
        tmp_path / "warehouse" / "build.duckdb",
        "select request_id, team_id, pricing_status, request_cost_usd from marts.fct_requests order by 1",
    )
    # 200 input, 1,000 cached and 300 output tokens of gpt-4o-mini; 10 input and 20 output tokens of claude-sonnet-4-5.
    assert found == [
        ("c-1", "search", "priced", Decimal("0.000285")),
        ("c-2", None, "priced", Decimal("0.00033")),
    ]
