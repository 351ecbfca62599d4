"""The runs: each is a `dbt build` of a checkout on data of a known shape, watched from outside.

Times are seconds, memory and disk bytes. A build whose gates failed counts when it published; one that published
nothing is said, with the first error.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import duckdb

from ai_cost_audit.bench import chdb_marts, data, floor, queries, watch
from ai_cost_audit.bench.data import Progress, Shape
from ai_cost_audit.bench.marts import MARTS

RUNS = ("floor", "chdb", "check", "full", "nothing", "day", "late", "queries", "files", "small")
ON_A_WAREHOUSE = {"nothing", "day", "late", "queries"}
SMALL = 200  # requests
MANY_FILES = 1_000
FILES_ROWS = (10_000, 1_000_000)  # requests in one file and in many: a tenth of all, within these

Say = Callable[[str], None]


class NotMeasured(Exception):
    """Says what is missing, and what to do."""


@dataclass
class Bench:
    """What is measured, where, and what was found so far."""

    shape: Shape
    folder: Path
    project: Path
    chosen: tuple[str, ...]
    say: Say
    progress: Progress
    chdb: str | None = None
    load_before: float = field(default_factory=lambda: round(os.getloadavg()[0], 2))  # of the last minute
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def landing(self) -> Path:
        """The landing zone."""
        return self.folder / "landing"

    @property
    def warehouse(self) -> Path:
        """The warehouse of the history."""
        return self.folder / "warehouse"


def measure(bench: Bench, keep: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """All chosen runs in the order of RUNS; returns the result, and hands it to `keep` after each of them."""
    unknown = [name for name in bench.chosen if name not in RUNS]
    if unknown:
        raise NotMeasured(f"no run {unknown[0]}: choose of {', '.join(RUNS)}")
    if not (bench.project / "dbt_project.yml").is_file():
        raise NotMeasured(f"{bench.project} holds no dbt_project.yml: name the folder of a checkout")
    bench.folder.mkdir(parents=True, exist_ok=True)
    _land(bench)
    steps: dict[str, Callable[[Bench], None]] = {
        "floor": _floor,
        "chdb": _chdb,
        "check": lambda each: _check(each, "check_all"),
        "full": _full,
        "nothing": _nothing,
        "day": _day,
        "late": _late,
        "queries": _queries,
        "files": _files,
        "small": _small,
    }
    needs_full = not ON_A_WAREHOUSE.isdisjoint(bench.chosen)
    names = [name for name in RUNS if name in bench.chosen or (name == "full" and needs_full)]
    for number, name in enumerate(names, start=1):
        bench.progress(f"run {name}", number, len(names))
        steps[name](bench)
        keep({"about": _about(bench), "runs": bench.found})
    return {"about": _about(bench), "runs": bench.found}


def _about(bench: Bench) -> dict[str, Any]:
    """What was measured, on what machine, beside what other load."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=bench.project,
        capture_output=True,
        text=True,
        check=False,
    )
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text(encoding="ascii"))
    return {
        **asdict(bench.shape),
        "commit": commit.stdout.strip() or "unknown",
        "measured_at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "memory_bytes": int(memory[1]) * 1024 if memory else None,
        "python": platform.python_version(),
        "duckdb": metadata.version("duckdb"),
        "load_before": bench.load_before,
        "load_after": round(os.getloadavg()[0], 2),
        "landing_bytes": watch.bytes_below(bench.landing),
        "landed_files": sum(1 for path in bench.landing.rglob("*") if path.is_file()),
    }


# ---- the data


def _land(bench: Bench) -> None:
    """The history, unless the folder holds it already; what a former measurement landed later is taken away."""
    code = hashlib.sha256(Path(data.__file__).read_bytes()).hexdigest()[:12] + duckdb.__version__
    if data.landed_as(bench.folder, bench.shape, code):
        bench.say(f"The data are there already: {bench.landing}")
        _take_away_later(bench)
        return
    for name in ("landing", "warehouse", "floor", "chdb"):
        data.clear(bench.folder / name)
    started = time.monotonic()
    data.land(bench.landing, bench.shape, bench.progress)
    with duckdb.connect() as connection:
        connection.execute(floor.ledger_statement(bench.landing, bench.project))
        connection.execute(floor.DUPLICATES)
        lines = connection.execute(
            "select month, provider, model, sum(cost_usd) from ledger "
            "where provider <> 'self_hosted' group by all order by all"
        ).fetchall()
    data.write_invoices(bench.landing, lines)
    data.remember(bench.folder, bench.shape, code)
    bench.say(f"Landed {bench.shape.requests:,} requests in {time.monotonic() - started:,.0f} s")


def _take_away_later(bench: Bench) -> None:
    last = data.LAST_DAY.isoformat()
    for name in data.FORMATS:
        for path in data.traces(bench.landing, name).glob("*"):
            if path.name.split(".")[0] > last:  # the day after it, or 'late'
                path.unlink()


# ---- what the product is compared with


def _floor(bench: Bench) -> None:
    folder = bench.folder / "floor"
    data.clear(folder)
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "ai_cost_audit.bench.floor"]
    command += [str(bench.landing), str(bench.project), str(_floor_database(bench))]
    done = watch.run(command, bench.folder, _own_package(), folder)
    bench.found["floor"] = _told(done, "the floor")
    _say_seconds(bench, "floor", bench.found["floor"]["seconds"]["ledger"], done)


def _floor_database(bench: Bench) -> Path:
    return bench.folder / "floor" / "floor.duckdb"


def _own_package() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}


def _chdb(bench: Bench) -> None:
    python = bench.chdb or sys.executable
    try:
        has_chdb = (
            subprocess.run([python, "-c", "import chdb"], capture_output=True, check=False).returncode == 0
        )
    except OSError as error:
        raise NotMeasured(f"{python}: {error.strerror}: name an interpreter that has chdb") from error
    if not has_chdb:
        bench.say("chdb is not installed (pip install chdb): left out")
        return
    folder = bench.folder / "chdb"
    data.clear(folder)
    folder.mkdir(parents=True)
    prices = bench.project / "seeds" / "reference" / "model_prices.csv"
    with duckdb.connect() as connection:
        connection.execute(f"copy (with {floor.sheet(prices)} from sheet) to '{folder / 'sheet.parquet'}'")
    suffix = "parquet" if bench.shape.layout == "parquet" else "jsonl.gz"
    work = chdb_marts.work(
        files={name: f"{data.traces(bench.landing, name)}/*.{suffix}" for name in bench.shape.formats},
        sheet=folder / "sheet.parquet",
        owners=bench.project / "seeds" / "company" / "key_owners.csv",
        folder=folder / "database",
        marts=MARTS,
    )
    (folder / "work.json").write_text(json.dumps(work), encoding="utf-8")
    done = watch.run([python, chdb_marts.__file__, str(folder / "work.json")], bench.folder, None, folder)
    bench.found["chdb"] = _told(done, "chdb")
    if "floor" in bench.found:
        ours, theirs = (
            {(provider, month): usd or 0 for provider, month, usd in bench.found[who]["dollars"]}
            for who in ("floor", "chdb")
        )
        apart = [abs(ours.get(key, 0) - theirs.get(key, 0)) for key in ours.keys() | theirs.keys()]
        bench.found["chdb"]["largest_difference_usd"] = max(apart)
    seconds = bench.found["chdb"]["seconds"]
    _say_seconds(bench, "chdb: ledger and marts", seconds["ledger"] + seconds["marts"], done)


def _told(done: watch.Watched, who: str) -> dict[str, Any]:
    """What a program printed as its last line, beside what was seen of it."""
    if done.exit_code:
        raise NotMeasured(f"{who} ended with exit code {done.exit_code}: {done.output[-2000:]}")
    told: dict[str, Any] = json.loads(done.output.splitlines()[-1])
    return told | {"peak_memory": done.peak_memory, "peak_disk": done.peak_disk}


# ---- the product


def _check(bench: Bench, name: str) -> None:
    """The raw checks of `ai-cost check`, which stand before a build."""
    command = [sys.executable, "-m", "ai_cost_audit", "check"]
    done = watch.run(command, bench.project, _environment(bench, bench.landing, bench.warehouse))
    bench.found[name] = {
        "seconds": done.seconds,
        "cpu_seconds": done.cpu_seconds,
        "peak_memory": done.peak_memory,
        "exit_code": done.exit_code,
    }
    _say_seconds(bench, "raw checks" + (", one new day" if name == "check_day" else ""), done.seconds, done)


def _environment(bench: Bench, landing: Path, warehouse: Path) -> dict[str, str]:
    return {
        "AI_COST_LANDING": str(landing),
        "AI_COST_WAREHOUSE": str(warehouse),
        "AI_COST_COMPANY": "seeds/company",
        "DBT_TARGET_PATH": str(warehouse.parent / f"{warehouse.name}-target"),
        "DBT_LOG_PATH": str(warehouse.parent / f"{warehouse.name}-logs"),
        "DBT_PROJECT_DIR": str(bench.project),
        "DBT_PROFILES_DIR": str(bench.project),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "PYTHONPATH": str(bench.project),
    }


def _build(bench: Bench, landing: Path, warehouse: Path, fresh: bool) -> dict[str, Any]:
    """One `dbt build`; `fresh` removes the warehouse first."""
    environment = _environment(bench, landing, warehouse)
    target = Path(environment["DBT_TARGET_PATH"])
    if fresh:
        for folder in (warehouse, target, Path(environment["DBT_LOG_PATH"])):
            data.clear(folder)
    warehouse.mkdir(parents=True, exist_ok=True)
    published = warehouse / "ai_cost.duckdb"
    before = published.stat().st_mtime_ns if published.is_file() else 0
    (target / "run_results.json").unlink(missing_ok=True)
    dbt = str(Path(sys.executable).parent / "dbt")
    done = watch.run([dbt, "--no-use-colors", "build"], bench.project, environment, warehouse)
    is_published = published.is_file() and published.stat().st_mtime_ns != before
    result: dict[str, Any] = {
        "seconds": done.seconds,
        "cpu_seconds": done.cpu_seconds,
        "exit_code": done.exit_code,
        "is_published": is_published,
        "peak_memory": done.peak_memory,
        "peak_disk": done.peak_disk,
        "disk": watch.bytes_below(warehouse),
    }
    if not is_published:
        result["first_error"] = first_error(done.output)
        bench.say(f"  nothing was published: {result['first_error']}")
    return result | _per_node(target / "run_results.json", warehouse / "build.duckdb", done)


def first_error(output: str) -> str:
    """The first line of dbt's output that says what went wrong."""
    lines = output.splitlines()
    for number, line in enumerate(lines):
        if re.search(
            r"Not published:|(Failure|Error) in |Encountered an error|Runtime Error|Traceback", line
        ):
            return " ".join(part.strip() for part in lines[number : number + 3])[:400]
    return lines[-1][:400] if lines else "dbt printed nothing"


def _per_node(results: Path, database: Path, done: watch.Watched) -> dict[str, Any]:
    """Seconds, rows, bytes and memory of each model, and the seconds of tests, seeds and the rest.

    Two models may run at the same time: each has the memory of the whole process while it ran.
    """
    try:
        ran = json.loads(results.read_text(encoding="utf-8"))["results"]
    except (OSError, ValueError):
        return {"models": {}, "seconds_by_kind": {}}
    sizes = _table_sizes(database)
    models: dict[str, dict[str, Any]] = {}
    by_kind: dict[str, float] = {}
    for node in ran:
        kind, _, name = node["unique_id"].split(".", 2)
        by_kind[kind] = by_kind.get(kind, 0.0) + node["execution_time"]
        if kind != "model":
            continue
        times = [
            (_unix(each["started_at"]), _unix(each["completed_at"]))
            for each in node["timing"]
            if each.get("completed_at")
        ]
        start, end = min((a for a, _ in times), default=0.0), max((b for _, b in times), default=0.0)
        relation = (node.get("relation_name") or "").replace('"', "").partition(".")[2]
        rows, size = sizes.get(relation, (None, None))
        models[name] = {
            "seconds": node["execution_time"],
            "started_at": start,
            "ended_at": end,
            "rows": rows,
            "bytes": size,
            "peak_memory": done.peak_between(start, end),
            "schema": relation.partition(".")[0],
        }
    staging = staging_seconds(models)
    for told in models.values():
        del told["started_at"], told["ended_at"]
    return {"models": models, "seconds_by_kind": by_kind, "staging_seconds": staging}


def _unix(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def staging_seconds(models: dict[str, dict[str, Any]]) -> float:
    """Seconds in which any staging model of gateway traces ran: two at once count once."""
    spans = sorted(
        (each["started_at"], each["ended_at"])
        for name, each in models.items()
        if each["schema"] == "staging" and "gateway_traces" in name
    )
    total, reached = 0.0, 0.0
    for start, end in spans:
        total += max(end - max(start, reached), 0.0)
        reached = max(reached, end)
    return total


def _table_sizes(database: Path) -> dict[str, tuple[int, int]]:
    """Rows and bytes of each table, by `schema.table`. Small tables share blocks, so bytes are an upper bound."""
    if not database.is_file():
        return {}
    sizes = {}
    with duckdb.connect(str(database), read_only=True) as connection:
        ((block,),) = connection.execute("select block_size from pragma_database_size()").fetchall()
        tables = connection.execute(
            "select schema_name || '.' || table_name, estimated_size from duckdb_tables()"
        )
        for name, rows in tables.fetchall():
            ((blocks,),) = connection.execute(
                "select count(distinct id) from (select block_id as id from pragma_storage_info(?) union all "
                "select unnest(additional_block_ids) from pragma_storage_info(?)) where id >= 0",
                [name, name],
            ).fetchall()
            sizes[name] = (rows, blocks * block)
    return sizes


def _full(bench: Bench) -> None:
    bench.found["full"] = _build(bench, bench.landing, bench.warehouse, fresh=True)
    _say_build(bench, "full build", bench.found["full"])
    _compare(bench, "full")


def _nothing(bench: Bench) -> None:
    bench.found["nothing"] = _build(bench, bench.landing, bench.warehouse, fresh=False)
    _say_build(bench, "nothing new", bench.found["nothing"])


def _day(bench: Bench) -> None:
    requests = data.land_new_day(bench.landing, bench.shape)
    if "check" in bench.chosen:
        _check(bench, "check_day")
    bench.found["day"] = _build(bench, bench.landing, bench.warehouse, fresh=False) | {"requests": requests}
    _say_build(bench, f"one new day on {bench.shape.days} days", bench.found["day"])


def _late(bench: Bench) -> None:
    requests = data.land_late(bench.landing, bench.shape)
    bench.found["late"] = _build(bench, bench.landing, bench.warehouse, fresh=False) | {"requests": requests}
    _say_build(bench, "late rows on 30 old days", bench.found["late"])
    _compare(bench, "late")


def _compare(bench: Bench, run: str) -> None:
    """The published figures beside a recomputation of all that has landed by then."""
    if not bench.found[run]["is_published"]:
        return
    database = bench.folder / "recomputed.duckdb"
    database.unlink(missing_ok=True)
    with duckdb.connect(str(database)) as connection:
        floor.build(connection, bench.landing, bench.project)
    differences = floor.differences(database, bench.warehouse / "ai_cost.duckdb")
    database.unlink()
    bench.found[run]["differences"] = differences
    largest = max(differences.items(), key=lambda item: item[1]["largest_difference_usd"])
    bench.say(
        f"  against the recomputation: at most USD {largest[1]['largest_difference_usd']:.6f} "
        f"({largest[0]}; {sum(each['cells'] for each in differences.values()):,} cells)"
    )


def _queries(bench: Bench) -> None:
    published = bench.warehouse / "ai_cost.duckdb"
    if not published.is_file():
        bench.say("Queries: left out, as nothing was published")
        return
    bench.found["queries"] = queries.measure(published)
    asked = {mart: told for mart, told in bench.found["queries"].items() if "error" not in told}
    slowest = max(asked, key=lambda mart: float(asked[mart]["longest_seconds"]))
    longest = asked[slowest]["longest_seconds"]
    bench.say(
        f"Queries of {len(asked)} marts by {queries.READERS} readers: slowest {slowest}, {longest:.3f} s"
    )


def _files(bench: Bench) -> None:
    least, most = FILES_ROWS
    shape = replace(bench.shape, requests=min(max(bench.shape.requests // 10, least), most), days=30)
    found: dict[str, Any] = {"requests": shape.requests}
    for name, count in (("one", 1), ("many", MANY_FILES)):
        folder = bench.folder / f"files-{name}"
        data.clear(folder)
        data.land_in_files(folder / "landing", shape, count)
        found[name] = _build(bench, folder / "landing", folder / "warehouse", fresh=True)
        _say_build(bench, f"{shape.requests:,} requests in {name} file(s)", found[name])
        data.clear(folder)
    bench.found["files"] = found


def _small(bench: Bench) -> None:
    shape = replace(bench.shape, requests=SMALL, days=2)
    folder = bench.folder / "small"
    data.clear(folder)
    data.land(folder / "landing", shape, lambda *_: None)
    bench.found["small"] = _build(bench, folder / "landing", folder / "warehouse", fresh=True)
    _say_build(bench, f"a landing of {SMALL} requests", bench.found["small"])
    data.clear(folder)


def _say_build(bench: Bench, what: str, found: dict[str, Any]) -> None:
    bench.say(
        f"{what:<34} {found['seconds']:8.1f} s  {found['peak_memory'] / 1e9:5.2f} GB memory  "
        f"{found['peak_disk'] / 1e9:6.2f} GB disk  exit code {found['exit_code']}"
    )


def _say_seconds(bench: Bench, what: str, seconds: float, done: watch.Watched) -> None:
    bench.say(f"{what:<34} {seconds:8.1f} s  {done.peak_memory / 1e9:5.2f} GB memory")
