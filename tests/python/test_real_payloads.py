"""Real published payloads land without a reject, and keep the figures that their publishers state.

Each module of tests/python/real_payloads/ is one format's: SAMPLES (pattern below shared/data -> rows expected,
None where the module checks them itself), and optionally prepare_sample (a file's name and text as the format would
deliver it) and check_samples (figures). None of these payloads is in this repository.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import duckdb
import pytest
from test_staging_golden import FORMATS, PROJECT, model_of, run_staging

SAMPLES = PROJECT.parent / "shared" / "data"
HERE = Path(__file__).parent / "real_payloads"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"real_payloads_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MODULES = {path.stem: load(path) for path in sorted(HERE.glob("*.py")) if path.stem in FORMATS}


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    if not SAMPLES.is_dir():
        pytest.skip("the folder shared/data with the published samples is not beside this repository")
    work = tmp_path_factory.mktemp("samples")
    for folder, module in MODULES.items():
        target = work / "landing" / FORMATS[folder][0]
        target.mkdir(parents=True)
        for pattern in module.SAMPLES:
            sources = sorted(SAMPLES.glob(pattern))
            assert sources, f"{pattern} is not in shared/data"
            for source in sources:
                if hasattr(module, "prepare_sample"):
                    name, text = module.prepare_sample(source)
                    (target / name).write_text(text, encoding="utf-8")
                else:
                    shutil.copy(source, target)
    return run_staging(work, work / "landing")


@pytest.mark.parametrize("folder", MODULES)
def test_published_payloads_land_without_a_reject(sampled: duckdb.DuckDBPyConnection, folder: str) -> None:
    rows = sampled.sql(f"select * from {model_of(folder)}")
    rejects = rows.filter("_reject_reason is not null").select("_source_file, _source_row, _reject_reason")
    assert rejects.fetchall() == []
    stated = list(MODULES[folder].SAMPLES.values())
    if None not in stated:
        assert len(rows) == sum(stated)


def test_every_published_record_is_staged(sampled: duckdb.DuckDBPyConnection) -> None:
    counts = " union all ".join(
        f"select _source_file, count(distinct _source_row) as records from {model_of(folder)} group by all"
        for folder in FORMATS
    )
    lost = sampled.sql(
        "select file_id, status, record_count, records from staging.stg_landing__files as files "
        f"left join ({counts}) as counts on files.file_id = counts._source_file "
        "where record_count is distinct from records"
    ).fetchall()
    assert lost == []


@pytest.mark.parametrize(
    "folder", [name for name, module in MODULES.items() if hasattr(module, "check_samples")]
)
def test_published_payloads_keep_their_figures(sampled: duckdb.DuckDBPyConnection, folder: str) -> None:
    MODULES[folder].check_samples(sampled)
