"""`make build` with nothing changed builds nothing; with anything changed it builds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ai_cost_audit import inputs


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a landing zone, seeds and a published file, whose build was remembered."""
    for name in ("landing/gpu_usage/generic", "company", "warehouse"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "landing/gpu_usage/generic/a.csv").write_text("hour_start_at\n")
    (tmp_path / "company/teams.csv").write_text("team_id\n")
    (tmp_path / "warehouse/ai_cost.duckdb").write_text("published")
    monkeypatch.setenv("AI_COST_LANDING", str(tmp_path / "landing"))
    monkeypatch.setenv("AI_COST_COMPANY", str(tmp_path / "company"))
    monkeypatch.setenv("AI_COST_WAREHOUSE", str(tmp_path / "warehouse"))
    assert not inputs.is_unchanged()
    inputs.remember()
    return tmp_path


def test_nothing_changed(built: Path) -> None:
    assert inputs.is_unchanged()
    assert inputs.is_unchanged()


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "landing/gpu_usage/generic/b.csv").write_text("hour_start_at\n"),
        lambda folder: (folder / "landing/gpu_usage/generic/a.csv").unlink(),
        lambda folder: os.utime(folder / "landing/gpu_usage/generic/a.csv", ns=(1, 1)),
        lambda folder: (folder / "company/teams.csv").write_text("team_id\nsearch\n"),
        lambda folder: (folder / "warehouse/ai_cost.duckdb").unlink(),
        lambda folder: (folder / "warehouse/ai_cost.duckdb").write_text("another"),
    ],
    ids=[
        "new file",
        "removed file",
        "touched file",
        "changed seed",
        "no published copy",
        "another published copy",
    ],
)
def test_a_change_is_seen(built: Path, change: object) -> None:
    assert callable(change)
    change(built)
    assert not inputs.is_unchanged()


def test_a_changed_model_is_seen(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = built / "project"
    (project / "models").mkdir(parents=True)
    (project / "models/a.sql").write_text("select 1")
    monkeypatch.setattr("ai_cost_audit.settings.PROJECT", project)
    inputs.is_unchanged()
    inputs.remember()
    assert inputs.is_unchanged()
    (project / "models/a.sql").write_text("select 2")
    assert not inputs.is_unchanged()


def test_a_failed_build_is_not_remembered_and_a_file_that_lands_meanwhile_is_new(built: Path) -> None:
    (built / "landing/gpu_usage/generic/b.csv").write_text("hour_start_at\n")
    assert not inputs.is_unchanged()  # the build begins …
    assert not inputs.is_unchanged()  # … and failed: the next one builds again
    (built / "landing/gpu_usage/generic/c.csv").write_text("hour_start_at\n")  # lands while it builds
    inputs.remember()
    assert not inputs.is_unchanged()
