"""Every ad-hoc question runs on the published copy as it stands, and the drilled-down dollars add up to their cell."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from conftest import ROOT, Build

ANALYSES = sorted((ROOT / "analyses").glob("*.sql"))
# The small demo has no reject and prices every model.
MAY_BE_EMPTY = {"what_was_rejected_and_why", "where_did_caching_break", "which_models_have_no_price"}


@pytest.mark.parametrize("path", ANALYSES, ids=lambda path: path.stem)
def test_the_question_is_answered(path: Path, demo: Build) -> None:
    with duckdb.connect(str(demo.ok().published), read_only=True) as connection:
        answer = connection.execute(path.read_text()).fetchall()
    assert answer or path.stem in MAY_BE_EMPTY
    assert path.read_text().startswith("-- ")


def test_a_drilled_down_cell_adds_up(demo: Build) -> None:
    text = (ROOT / "analyses" / "trace_a_dollar.sql").read_text()
    with duckdb.connect(str(demo.ok().published), read_only=True) as connection:
        found = connection.execute(text).fetchall()
    assert found
    assert all(cell == drilled for _, _, _, _, cell, drilled, *_ in found)


def test_the_readme_names_every_question() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [path.stem for path in ANALYSES if path.name not in readme] == []
