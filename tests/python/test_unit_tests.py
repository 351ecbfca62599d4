"""The unit tests of the models. A plain `dbt build` leaves them out (selectors.yml); they run here, once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import Build, Dbt


@pytest.mark.slow
def test_every_unit_test_of_the_models_passes(demo: Build, dbt: Dbt, tmp_path: Path) -> None:
    shutil.copytree(demo.ok().folder / "warehouse", tmp_path / "warehouse")
    run = dbt.run(tmp_path, "test", "--selector", "unit_tests").ok()
    results = json.loads((run.folder / "target" / "run_results.json").read_text())["results"]
    declared = json.loads((demo.folder / "target" / "manifest.json").read_text())["unit_tests"]
    assert len(declared) > 100
    tests = {result["unique_id"]: result["status"] for result in results if result["unique_id"] in declared}
    assert tests == dict.fromkeys(declared, "pass")


def test_a_plain_build_leaves_the_unit_tests_out_and_nothing_else(demo: Build) -> None:
    manifest = json.loads((demo.ok().folder / "target" / "manifest.json").read_text())
    results = json.loads((demo.folder / "target" / "run_results.json").read_text())["results"]
    run = {result["unique_id"] for result in results}
    assert run >= {
        key for key, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed", "test")
    }
    assert not run & set(manifest["unit_tests"])
