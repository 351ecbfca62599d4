"""Text tables are read by the delimiter of their header, whatever suffix the tool that wrote them chose."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ai_cost_audit import landing

ROWS = (("JobID", "State", "AllocTRES"), ("1", "COMPLETED", "cpu=8;gres/gpu=4"), ("2", "FAILED", ""))


@pytest.mark.parametrize("suffix", [".csv", ".psv", ".txt", ".psv.gz"])
@pytest.mark.parametrize("delimiter", ["|", "\t", ","])
def test_a_table_is_read_by_its_own_delimiter(tmp_path: Path, suffix: str, delimiter: str) -> None:
    text = "".join(delimiter.join(row) + "\n" for row in ROWS).encode()
    if suffix.endswith(".gz"):
        text = gzip.compress(text)
    folder = tmp_path / "landing" / "gpu_jobs" / "slurm_sacct"
    folder.mkdir(parents=True)
    (folder / f"jobs{suffix}").write_bytes(text)
    (file,) = landing.scan(tmp_path / "landing", tmp_path / "cache")
    assert (file.status, file.reader, file.delimiter, file.record_count) == ("ok", "csv", delimiter, 2)
