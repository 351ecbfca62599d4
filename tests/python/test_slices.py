"""Promise 6: slices equal the whole. Ten random slices, a build after each, are the one-shot build."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from conftest import NO_TESTS, Build, Dbt, copy_landing, differing, mart_hashes

from ai_cost_audit.demo import simulate

SLICES = 10
REQUESTS = 3_000

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A small demo, with late and re-delivered files in it, landed and built at once."""
    folder = tmp_path_factory.mktemp("whole")
    simulate(folder / "landing", folder / "key.json", requests=REQUESTS)
    traces = folder / "landing" / "gateway_traces" / "generic"
    first = min(traces.rglob("*.jsonl.gz"))
    shutil.copy2(first, first.with_name("delivered_twice.jsonl.gz"))
    (traces / "broken.jsonl").write_text('{"request_id": "no time"}\nnot json\n')
    return dbt.run(folder, "build", *NO_TESTS).ok()


def test_ten_slices_equal_the_whole(whole: Build, dbt: Dbt, tmp_path: Path) -> None:
    complete = copy_landing(whole.folder / "landing", tmp_path / "complete")
    files = sorted(path for path in complete.rglob("*") if path.is_file())
    random.Random(20261122).shuffle(files)
    dbt.run(tmp_path, "seed").ok()
    seconds = []
    for number in range(SLICES):
        for path in files[number::SLICES]:
            landed = tmp_path / "landing" / path.relative_to(complete)
            landed.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, landed)
        sliced = dbt.run(tmp_path, "run").ok()
        seconds.append(sliced.seconds)
        if number == 0:
            early = differing(mart_hashes(whole.built), mart_hashes(sliced.built))
            assert "fct_attempts" in early, "the comparison sees what has not landed yet"
    print("builds of the slices:", " ".join(f"{s:.1f}" for s in seconds))
    assert differing(mart_hashes(whole.built), mart_hashes(sliced.built)) == []


def test_a_slice_that_is_forgotten_is_seen(whole: Build, dbt: Dbt, tmp_path: Path) -> None:
    """The twin: a staging model that keeps rows of a removed file, or misses a new one, cannot equal the whole."""
    copy_landing(whole.folder / "landing", tmp_path / "landing")
    shutil.copytree(whole.folder / "warehouse", tmp_path / "warehouse")
    min((tmp_path / "landing" / "gateway_traces" / "litellm").rglob("*.jsonl.gz")).unlink()
    without = dbt.run(tmp_path, "run").ok()
    seen = set(differing(mart_hashes(whole.built), mart_hashes(without.built)))
    assert {"fct_attempts", "fct_requests", "fct_cost_daily", "fct_landed_files"} <= seen
