"""How long the site takes to build and a page to load: the demo's audit, and a year of ten million requests.

    .venv/bin/python benchmarks/site.py [warehouse]

The site reads marts, never requests, so its work grows with months, teams, routes, users and pools. The year is made
from the marts that are published in the warehouse: moved into earlier months until there are twelve, and copied under
new names until there are as many of each as YEAR says. Needs `make build` and `make browser`; works in a temporary
folder, with the project's reports/ as its workshop. Amounts are varied at random (the same each time): the figures of
the year mean nothing, their number does.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ai_cost_audit import report, settings

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests" / "python"))

from site_browser import DESKTOP, TOOLS, browser, served  # noqa: E402
from test_site import kinds, pages  # noqa: E402

YEAR_MONTHS = 12
# How many there are of each in the year; the columns that name one; where they are counted in the demo.
YEAR = {
    "teams": (50, ("team_id", "team_name", "owner_team_id", "primary_team_id"), "marts.dim_teams.team_id"),
    "routes": (500, ("route_id", "feature_name", "workflow_name"), "marts.dim_routes.route_id"),
    "users": (5_000, ("user_id",), "marts.fct_user_spend_monthly.user_id"),
    "pools": (40, ("pool_id",), "marts.fct_gpu_pools_monthly.pool_id"),
}
# One of these names a row of its own, in each copy and month another.
OF_ONE_ROW = ("finding_id", "job_id", "session_id")
# What is of one day or one month by its grain: it is there for the audit month only, or has no month.
WITHOUT_HISTORY = ("audit_run", "fct_audit_checklist", "fct_defect_score", "fct_gates", "fct_findings")
LOADS = 3


@dataclass(frozen=True)
class Measured:
    """A built site: seconds of the build, bytes, and of a page of each kind the seconds as `load` gives them."""

    build_seconds: float
    page_count: int
    site_bytes: int
    data_bytes: int
    loads: dict[str, tuple[float, float]]


def year_of(published: Path, to: Path) -> dict[str, tuple[int, int]]:
    """Write the year's published file; returns the rows of each table in the demo and in the year."""
    rows = {}
    with duckdb.connect(str(to)) as connection:
        connection.execute(f"attach '{published}' as demo (read_only)")
        factors = {}
        for wanted, columns, counted in YEAR.values():
            table, _, column = counted.rpartition(".")
            ((there,),) = connection.execute(f"select count(distinct {column}) from demo.{table}").fetchall()
            factors |= dict.fromkeys(columns, -(-wanted // there))
        ((months,),) = connection.execute(
            "select count(distinct month) from demo.marts.fct_team_spend_monthly"
        ).fetchall()
        for schema, table in sorted(report.tables()):
            columns = dict(
                connection.execute(
                    "select column_name, data_type from duckdb_columns() "
                    "where database_name = 'demo' and schema_name = ? and table_name = ?",
                    [schema, table],
                ).fetchall()
            )
            copies = max((factors[name] for name in columns if name in factors), default=1)
            has_history = table not in WITHOUT_HISTORY and not table.startswith("dim_") and schema == "marts"
            periods = -(-YEAR_MONTHS // months) if has_history else 1
            changes = []
            for name, data_type in columns.items():
                if name in factors:
                    number = f"copy % {factors[name]}"
                    changes.append(f"{name} || if({number} = 0, '', '-' || {number}) as {name}")
                elif name in OF_ONE_ROW:
                    changes.append(f"{name} || '-' || copy || '-' || period as {name}")
                elif data_type == "DOUBLE" or data_type.startswith("DECIMAL"):
                    # Half of it to all of it, so that the copies do not compress better than a real year.
                    part = "0.5 + (hash(data.rowid, copy, period) % 1000000) / 2000000"
                    changes.append(f"cast({name} * ({part}) as {data_type}) as {name}")
                elif data_type in ("DATE", "TIMESTAMP") and periods > 1:
                    earlier = f"{name} - to_months(cast(period * {months} as integer))"
                    changes.append(f"cast({earlier} as {data_type}) as {name}")
            connection.execute(f"create schema if not exists {schema}")
            connection.execute(f"""
                create table {schema}.{table} as
                select data.* {"replace (" + ", ".join(changes) + ")" if changes else ""}
                from demo.{schema}.{table} as data, range({copies}) as c (copy), range({periods}) as p (period)
            """)
            rows[table] = tuple(
                connection.execute(f"select count(*) from {place}{schema}.{table}").fetchall()[0][0]
                for place in ("demo.", "")
            )
    return rows


def measure(warehouse: Path) -> Measured:
    """Build the site of a warehouse and load one page of each kind, LOADS times, each time by a new profile."""
    environment = os.environ | {
        "AI_COST_WAREHOUSE": str(warehouse),
        "PATH": f"{TOOLS / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    started = time.monotonic()
    command = [sys.executable, "-m", "ai_cost_audit", "report", "build"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-1000:])
    seconds = time.monotonic() - started
    site = warehouse / "site"
    sizes = {path: path.stat().st_size for path in site.rglob("*") if path.is_file()}
    paths = pages(site)
    loads = {}
    with served(warehouse) as address, browser() as chromium:
        for path in kinds(paths):
            seen, ready = zip(*(load(chromium, address + path) for _ in range(LOADS)), strict=True)
            loads[path] = statistics.median(seen), statistics.median(ready)
            print(f"  {path:<40} {loads[path][0]:6.2f} s seen {loads[path][1]:6.2f} s ready", flush=True)
    data = sum(size for path, size in sizes.items() if path.is_relative_to(site / "data"))
    return Measured(seconds, len(paths), sum(sizes.values()), data, loads)


def load(chromium: Any, address: str) -> tuple[float, float]:
    """Seconds until a reader sees the page with its figures, and until its filters work: it asks for nothing more.

    By a new profile, which has nothing of the site yet.
    """
    context = chromium.new_context(viewport={"width": DESKTOP, "height": 900})
    page = context.new_page()
    last = started = time.monotonic()

    def answered(_: Any) -> None:
        nonlocal last
        last = time.monotonic()

    page.on("requestfinished", answered)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    context.close()
    return painted / 1000, last - started


def main(published: Path) -> None:
    """Print what was measured: the demo, the year, and the year as a multiple of the demo."""
    with tempfile.TemporaryDirectory() as name:
        demo, year = Path(name) / "demo", Path(name) / "year"
        for folder in (demo, year):
            folder.mkdir()
        (demo / "ai_cost.duckdb").symlink_to(published.resolve())
        for table, (before, after) in year_of(published.resolve(), year / "ai_cost.duckdb").items():
            print(f"  {table:<40} {before:>9,} rows {after:>11,} in the year")
        measured = []
        for warehouse in (demo, year):
            print(
                f"{warehouse.name}: the site is built, then each kind of page is loaded {LOADS} times",
                flush=True,
            )
            measured.append(measure(warehouse))
    lines = [
        ("build, seconds", [one.build_seconds for one in measured]),
        ("pages", [float(one.page_count) for one in measured]),
        ("site, MB", [one.site_bytes / 1e6 for one in measured]),
        ("of which data, MB", [one.data_bytes / 1e6 for one in measured]),
        ("slowest page seen, seconds", [max(seen for seen, _ in one.loads.values()) for one in measured]),
        ("slowest page ready, seconds", [max(ready for _, ready in one.loads.values()) for one in measured]),
    ]
    for (path, before), after in zip(measured[0].loads.items(), measured[1].loads.values(), strict=True):
        lines.append((f"{path} ready, seconds", [before[1], after[1]]))
    print(f"{'':<40} {'demo':>9} {'year':>9} {'year/demo':>9}")
    for what, (first, second) in lines:
        print(f"{what:<40} {first:9.2f} {second:9.2f} {second / first:9.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) / "ai_cost.duckdb" if len(sys.argv) > 1 else settings.published())
