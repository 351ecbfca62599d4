"""What the tests share: dbt runs with folders of their own, a small demo company built once, hashes of the marts."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from site_browser import built_site, chromium, contexts, open_page, published, site_address  # noqa: F401

from ai_cost_audit.demo import simulate

ROOT = Path(__file__).parents[2]
COMPANY = ROOT / "seeds" / "company"
DEMO_REQUESTS = 8_000

LONGEST = ("test_site.py", "test_slices.py", "test_fault_injection.py")  # minutes each

# Everything but the tests of the models and seeds: the singular tests (promises and gates) stay.
PROMISES_ONLY = ("--exclude", "test_type:generic", "test_type:unit")
NO_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: builds the whole warehouse several times")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The quick tests fail first. Then the longest files, so that no process is left alone with one at the end."""
    items.sort(key=lambda item: ("slow" in item.keywords, item.path.name not in LONGEST))


@dataclass(frozen=True)
class Build:
    """A dbt run that ended: its folder and what it said."""

    folder: Path
    exit_code: int
    output: str
    seconds: float

    @property
    def built(self) -> Path:
        """What is worked on."""
        return self.folder / "warehouse" / "build.duckdb"

    @property
    def published(self) -> Path:
        """What readers open."""
        return self.folder / "warehouse" / "ai_cost.duckdb"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query on the file that is worked on."""
        return rows(self.built, query)

    def ok(self) -> Build:
        """The same run; AssertionError with the end of its output when it failed."""
        assert self.exit_code == 0, self.output[-4000:]
        return self


class Dbt:
    """Runs dbt, each time in a process of its own."""

    def __init__(self, folder: Path) -> None:
        environment = _environment(folder, folder / "landing", "seeds/company")
        self._links: set[Path] = set()
        self._forks = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "dbt_forks.py")],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _ask(self, request: dict[str, Any]) -> dict[str, int]:
        assert self._forks.stdin is not None
        assert self._forks.stdout is not None
        self._forks.stdin.write(json.dumps(request) + "\n")
        self._forks.stdin.flush()
        line = self._forks.stdout.readline()
        assert line, "dbt could not be started"
        answer: dict[str, int] = json.loads(line)
        return answer

    def start(
        self,
        folder: Path,
        *arguments: str,
        landing: Path | None = None,
        company: Path | None = None,
        variables: dict[str, Any] | None = None,
    ) -> int:
        """Start dbt with `folder`/{warehouse,target,logs} as its own; returns the process id."""
        folder.mkdir(parents=True, exist_ok=True)
        options = ["--vars", json.dumps(variables)] if variables else []
        request = {
            "start": ["--no-use-colors", *(arguments or ("build",)), *options],
            "environment": _environment(folder, landing or folder / "landing", self._linked(company)),
            "output": str(folder / "output.txt"),
            "parse": company is not None or "formats" in (variables or {}),
        }
        return self._ask(request)["pid"]

    def _linked(self, company: Path | None) -> str:
        """The folder of seeds as dbt may be given it: a link inside the project, while the tests run."""
        if company is None:
            return "seeds/company"
        link = ROOT / "seeds" / "linked" / f"test-{hashlib.md5(str(company).encode()).hexdigest()[:12]}"
        if link not in self._links:
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(company)
            self._links.add(link)
        return str(link.relative_to(ROOT))

    def wait(self, pid: int) -> int:
        """The exit code of a started run; minus the signal when it was killed."""
        return self._ask({"wait": pid})["code"]

    def run(self, folder: Path, *arguments: str, **options: Any) -> Build:
        """`dbt build`, or what the arguments say, to its end."""
        started = time.monotonic()
        code = self.wait(self.start(folder, *arguments, **options))
        return Build(folder, code, (folder / "output.txt").read_text(), time.monotonic() - started)

    def close(self) -> None:
        """End the server; runs have ended by themselves."""
        assert self._forks.stdin is not None
        self._forks.stdin.close()
        self._forks.wait()
        for link in self._links:
            link.unlink()


def _environment(folder: Path, landing: Path, company: str) -> dict[str, str]:
    return {
        **os.environ,
        "AI_COST_LANDING": str(landing),
        "AI_COST_WAREHOUSE": str(folder / "warehouse"),
        "AI_COST_COMPANY": company,
        "DBT_PROJECT_DIR": str(ROOT),
        "DBT_PROFILES_DIR": str(ROOT),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }


def build_with_the_command(folder: Path) -> Build:
    """Plain `dbt build`, as a scheduler runs it; the other runs share a reader of the project (see dbt_forks)."""
    started = time.monotonic()
    done = subprocess.run(
        [str(Path(sys.executable).parent / "dbt"), "--no-use-colors", "build"],
        cwd=ROOT,
        env=_environment(folder, folder / "landing", "seeds/company"),
        capture_output=True,
        text=True,
        check=False,
    )
    return Build(folder, done.returncode, done.stdout + done.stderr, time.monotonic() - started)


def run_with_rates(
    dbt: Dbt, folder: Path, rates: Sequence[tuple[str, date, Decimal]], *arguments: str, **options: Any
) -> Build:
    """The same run in a folder of its own, after these rates were added to the seed fx_rates (currency, from, USD)."""
    dbt.run(folder, "seed", **options).ok()
    with duckdb.connect(str(folder / "warehouse" / "build.duckdb")) as connection:
        connection.executemany("insert into seeds.fx_rates values (?, ?, ?)", rates)
    return dbt.run(folder, *arguments, "--exclude-resource-type", "seed", **options)


def rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    """All rows of a query on a DuckDB file, which is closed again."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(query).fetchall()


def mart_hashes(database: Path, schema: str = "marts") -> dict[str, tuple[int, int, int]]:
    """Per table or view: its row count and two sums over row hashes, which do not depend on the order of rows."""
    with duckdb.connect(str(database), read_only=True) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = ? order by all", [schema]
        ).fetchall()
        return {name: _table_hash(connection, f"{schema}.{name}") for (name,) in names}


def _table_hash(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, int, int]:
    found = connection.execute(f"""
        select count(*), coalesce(bit_xor(hash(data)), 0), coalesce(sum(hash(data)), 0) from {table} as data
    """).fetchone()
    assert found is not None
    return found


def differing(left: dict[str, tuple[int, int, int]], right: dict[str, tuple[int, int, int]]) -> list[str]:
    """The tables that are not the same in both, or in one only."""
    return sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))


def copy_landing(landing: Path, to: Path) -> Path:
    """The same files with the same modification times."""
    shutil.copytree(landing, to, copy_function=shutil.copy2)
    return to


def copy_company(to: Path, **files: str) -> Path:
    """The demo company's seeds, with some files (by name, without .csv) replaced by a text."""
    shutil.copytree(COMPANY, to)
    for name, text in files.items():
        (to / f"{name}.csv").write_text(text)
    return to


def cents(usd: Decimal) -> str:
    """An amount rounded to the cent, as it is printed."""
    return str(usd.quantize(Decimal("0.01")))


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dbt]:
    """Starts dbt runs."""
    runner = Dbt(tmp_path_factory.mktemp("dbt"))
    yield runner
    runner.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The small demo company, built once by plain `dbt build` for all test processes. Copy what you change."""
    here = tmp_path_factory.getbasetemp()
    folder = (here.parent if "PYTEST_XDIST_WORKER" in os.environ else here) / "demo"
    folder.mkdir(exist_ok=True)
    said = folder / "said.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            simulate(folder / "landing", folder / "key.json", requests=DEMO_REQUESTS)
            build = build_with_the_command(folder)
            said.write_text(json.dumps([build.exit_code, build.output, build.seconds]))
    return Build(folder, *json.loads(said.read_text()))
