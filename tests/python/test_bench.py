"""`ai-cost bench`: the same data each time, a floor that is right by hand, and tables that say what missed its goal."""

from __future__ import annotations

import gzip
import json
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Build, Dbt
from typer.testing import CliRunner

from ai_cost_audit.bench import data, floor, queries, runs, table, watch
from ai_cost_audit.bench.data import Shape
from ai_cost_audit.bench.marts import COMPARISONS, MARTS
from ai_cost_audit.cli import app
from ai_cost_audit.settings import PROJECT

SHAPE = Shape(requests=3_000, days=30, layout="jsonl", nested=True)


def land(folder: Path, shape: Shape = SHAPE) -> Path:
    data.land(folder, shape, lambda *_: None)
    return folder


def lines(landing: Path) -> dict[str, bytes]:
    return {
        path.relative_to(landing).as_posix(): gzip.decompress(path.read_bytes())
        for path in sorted(landing.rglob("*.gz"))
    }


def priced(landing: Path, project: Path = PROJECT) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    floor.build(connection, landing, project)
    return connection


# ---- data


def test_a_shape_is_the_same_data_each_time(tmp_path: Path) -> None:
    first = lines(land(tmp_path / "one"))
    assert first == lines(land(tmp_path / "two"))
    assert len(first) == 60
    for name, text in first.items():
        day = Path(name).name.split(".")[0]
        if name.startswith("gateway_traces/generic/"):
            assert {json.loads(line)["timestamp"][:10] for line in text.splitlines()} == {day}


def test_requests_are_of_the_demo_company_and_some_fail_repeat_or_are_captured_twice(tmp_path: Path) -> None:
    landing = land(tmp_path, replace(SHAPE, requests=20_000, days=5))
    with duckdb.connect() as connection:
        connection.execute(floor.ledger_statement(landing, PROJECT))
        ((captured,),) = connection.execute("select count(*) from ledger").fetchall()
        connection.execute(floor.DUPLICATES)
        ((rows, requests, failed, retried, teams, routes, users, unpriced, tiers),) = connection.execute("""
            select count(*), count(distinct request_id), avg(case when status_code >= 400 then 1 else 0 end),
                avg(case when attempt = 2 then 1 else 0 end), count(distinct team_id), count(distinct route_id),
                count(distinct user_id), sum(is_unpriced), count(distinct service_tier)
            from ledger
        """).fetchall()
    assert 0 < captured - rows < rows * 0.003
    assert requests == 20_000
    assert 0.015 < failed < 0.05 and 0.005 < retried < 0.015
    assert teams == 9 and routes == 25  # eight teams, and what none has
    assert users > 1_500 and unpriced == 0 and tiers == 4


def test_a_longer_history_has_as_many_requests_and_as_large_a_new_day(tmp_path: Path) -> None:
    assert replace(SHAPE, days=365).first_day == date(2025, 10, 31)
    longer = replace(SHAPE, days=65)
    landing = land(tmp_path, longer)
    assert len(data.files(landing, "generic")) == 65
    assert data.land_new_day(landing, longer) == data.land_new_day(tmp_path / "month", SHAPE) == 100
    data.land_late(landing, longer)
    with priced(landing) as connection:
        ((late_days, requests),) = connection.execute("""
            select count(distinct request_date) filter (where filename like '%late%'), sum(request_count) from ledger
        """).fetchall()
    assert late_days == 30 and requests == 3_000 + 100 + 30


def test_both_layouts_and_any_number_of_files_cost_the_same(tmp_path: Path) -> None:
    query = "select provider, sum(cost_usd), count(*) from ledger group by all order by all"
    found = []
    for layout in ("jsonl", "parquet"):
        landing = land(tmp_path / layout, replace(SHAPE, layout=layout))  # type: ignore[arg-type]
        found.append(priced(landing).execute(query).fetchall())
    assert found[0] == found[1] and len(found[0]) == 5
    counted = []
    for files in (1, 20):
        landing = tmp_path / f"files-{files}"
        data.land_in_files(landing, SHAPE, files)
        assert len(data.files(landing, "generic")) + len(data.files(landing, "litellm")) == max(files, 2)
        counted.append(priced(landing).execute(query).fetchall())
    assert counted[0] == counted[1]


def test_what_landed_later_is_taken_away_before_the_data_are_used_again(tmp_path: Path) -> None:
    landing = land(tmp_path / "landing")
    history = lines(landing)
    data.land_new_day(landing, SHAPE)
    data.land_late(landing, SHAPE)
    assert len(lines(landing)) == len(history) + 4
    runs._take_away_later(runs.Bench(SHAPE, tmp_path, PROJECT, (), print, lambda *_: None))
    assert lines(landing) == history


# ---- the floor

PRICES = """provider,model,meter,service_tier,above_context_tokens,usd_per_unit,unit,effective_from,effective_until,x
openai,m,input,standard,0,0.000002,token,2026-01-01,2026-10-10,x
openai,m,input,standard,0,0.000001,token,2026-10-10,,x
openai,m,output,standard,0,0.00001,token,2026-01-01,,x
openai,m,cache_read,standard,0,0.0000002,token,2026-01-01,,x
openai,m,input,standard,100000,0.5,token,2026-01-01,,x
openai,m,input,flex,0,0.0000005,token,2026-01-01,,x
openai,m,output,flex,0,0.000005,token,2026-01-01,,x
anthropic,n,input,standard,0,0.000003,token,2026-01-01,,x
anthropic,n,output,standard,0,0.000015,token,2026-01-01,,x
anthropic,n,cache_write_5m,standard,0,0.00000375,token,2026-01-01,,x
"""
OWNERS = (
    "provider,key_hash_or_id,team_id,feature_name,effective_from,effective_until\nopenai,k1,b,,2026-01-01,\n"
)


def request(**values: Any) -> dict[str, Any]:
    usual = {
        "timestamp": "2026-10-09T23:59:59.000Z",
        "request_id": "r1",
        "team_id": "a",
        "feature_name": "f",
        "workflow_name": "w",
        "provider": "openai",
        "model": "m",
        "input_tokens": 1000,
        "output_tokens": 10,
        "cached_tokens": 400,
        "cache_write_tokens": 0,
        "cache_write_1h_tokens": 0,
        "latency_ms": 5,
        "status_code": 200,
        "attempt": 1,
        "api_key_hash": "k1",
        "service_tier": "standard",
    }
    return usual | values


def logged(**values: Any) -> dict[str, Any]:
    """A StandardLoggingPayload of LiteLLM."""
    details = {
        "cached_tokens": 0,
        "cache_creation_token_details": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 50},
    }
    usual = {
        "id": "r5",
        "custom_llm_provider": "anthropic",
        "model": "n",
        "prompt_tokens": 1000,
        "completion_tokens": 10,
        "startTime": 1791590400.25,
        "endTime": 1791590401.5,
        "metadata": {
            "user_api_key_hash": "k9",
            "user_api_key_team_id": None,
            "attempted_retries": 0,
            "spend_logs_metadata": {"feature_name": "g", "workflow_name": "w"},
            "usage_object": {
                "service_tier": "standard",
                "prompt_tokens_details": details,
                "completion_tokens_details": {"reasoning_tokens": 0},
            },
        },
    }
    return usual | values


def landed(tmp_path: Path, **formats: list[dict[str, Any]]) -> tuple[Path, Path]:
    """A landing zone with these records and a project with the seeds above."""
    for name, records in formats.items():
        folder = data.traces(tmp_path / "landing", name)
        folder.mkdir(parents=True)
        text = "".join(json.dumps(record) + "\n" for record in records)
        (folder / "day.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    for name, text in (("reference/model_prices", PRICES), ("company/key_owners", OWNERS)):
        path = tmp_path / "project" / "seeds" / f"{name}.csv"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return tmp_path / "landing", tmp_path / "project"


def test_the_floor_is_right_by_hand(tmp_path: Path) -> None:
    landing, project = landed(
        tmp_path,
        generic=[
            request(),  # the last second of the old price
            request(),  # captured twice
            request(
                request_id="r2", timestamp="2026-10-10T00:00:00.000Z", team_id=None
            ),  # the new price, the key's team
            request(request_id="r3", service_tier="flex"),  # its cache reads cost what its input does
            request(request_id="r4", input_tokens=0, output_tokens=0, cached_tokens=0, model="unheard-of"),
            request(request_id="r6", model="unheard-of"),
        ],
        litellm=[logged()],
    )
    connection = priced(landing, project)
    found = connection.execute(
        "select request_id, team_id, attribution_method, cast(month as varchar), cost_usd, tokens, request_count "
        "from ledger order by request_id"
    ).fetchall()
    october = "2026-10-01"
    assert found == [
        ("r1", "a", "stamped", october, Decimal("0.001380"), 1010, 1),  # 600 x 2e-6 + 400 x 2e-7 + 10 x 1e-5
        (
            "r2",
            "b",
            "key_owner",
            october,
            Decimal("0.000780"),
            1010,
            1,
        ),  # 600 x 1e-6 + 400 x 2e-7 + 10 x 1e-5
        ("r3", "a", "stamped", october, Decimal("0.000550"), 1010, 1),  # 1000 x 5e-7 + 10 x 5e-6
        ("r4", "a", "stamped", october, Decimal(0), 0, 1),
        # 850 x 3e-6 + (100 + 50) x 3.75e-6 + 10 x 1.5e-5
        ("r5", "unattributed", "unattributed", october, Decimal("0.0032625"), 1010, 1),
        ("r6", "a", "stamped", october, None, 1010, 1),
    ]
    teams = dict(connection.execute("select team_id, cost_usd from team_spend_monthly").fetchall())
    assert teams == {"a": Decimal("0.00193"), "b": Decimal("0.00078"), "unattributed": Decimal("0.0032625")}


def test_differences_name_the_cell_that_differs_most(tmp_path: Path) -> None:
    landing, project = landed(
        tmp_path, generic=[request(), request(request_id="r2", provider="anthropic", model="n")]
    )
    with duckdb.connect(str(tmp_path / "floor.duckdb")) as connection:
        floor.build(connection, landing, project)
    with duckdb.connect(str(tmp_path / "published.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute("""
            create table marts.fct_requests as
            select 'openai' as provider, date '2026-10-09' as request_date, 0.001380 + 0.25 as request_cost_usd
        """)
        one = dict(list(COMPARISONS.items())[:1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(floor, "COMPARISONS", one)
        found = floor.differences(tmp_path / "floor.duckdb", tmp_path / "published.duckdb")
    (only,) = found.values()
    assert only["cells"] == 2 and only["where"] == "openai 2026-10-01"
    assert only["largest_difference_usd"] == pytest.approx(0.25)


def test_each_mart_is_compared_with_the_product_or_is_a_part_of_one() -> None:
    read = " ".join(floor_query for floor_query, _ in COMPARISONS.values())
    assert {name for name in MARTS if f"from {name}" not in " ".join(read.split())} == {"route_days"}


@pytest.mark.slow
def test_a_build_equals_the_recomputation_to_the_cent(dbt: Dbt, tmp_path: Path) -> None:
    landing = land(tmp_path / "landing", replace(SHAPE, requests=5_000, days=40))
    data.land_late(landing, replace(SHAPE, days=40))
    dbt.run(tmp_path / "build", "build", landing=landing)
    with duckdb.connect(str(tmp_path / "floor.duckdb")) as connection:
        floor.build(connection, landing, PROJECT)
    published = tmp_path / "build" / "warehouse" / "ai_cost.duckdb"
    for what, found in floor.differences(tmp_path / "floor.duckdb", published).items():
        assert found["largest_difference_usd"] < 0.005, (what, found)
        assert found["floor_usd"] > 100, what


# ---- queries


def test_queries_name_the_marts_that_there_are() -> None:
    models = {path.stem for path in (PROJECT / "models").rglob("*.sql")}
    assert set(queries.QUERIES) <= models
    marts = {path.stem for path in (PROJECT / "models" / "marts").rglob("*.sql") if path.stem[:4] != "int_"}
    assert marts <= set(queries.QUERIES)


def test_every_query_is_answered(demo: Build) -> None:
    asked = queries.queries(demo.published)
    assert set(asked) == set(queries.QUERIES)
    for mart, query in asked.items():
        assert len(demo_rows(demo, query)) <= 20, mart


def demo_rows(demo: Build, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_readers_ask_at_once_and_one_bad_query_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with duckdb.connect(str(tmp_path / "p.duckdb")) as connection:
        connection.execute(
            "create schema marts; create table marts.a as select 1 as x; create table marts.b as from marts.a"
        )
    monkeypatch.setattr(
        queries, "QUERIES", {"a": "select x from {mart}", "b": "select y from {mart}", "c": ""}
    )
    found = queries.measure(tmp_path / "p.duckdb", readers=2)
    assert set(found) == {"a", "b"}
    assert 0 < found["a"]["median_seconds"] <= found["a"]["longest_seconds"]
    assert '"y"' in found["b"]["error"]


# ---- runs


def test_a_program_is_watched(tmp_path: Path) -> None:
    code = "import pathlib, time; x = bytearray(80_000_000); pathlib.Path('f').write_bytes(x[:1000]); "
    code += "time.sleep(1); print('end')"
    done = watch.run([sys.executable, "-c", code], tmp_path, disk=tmp_path)
    assert done.exit_code == 0 and done.output == "end\n"
    assert done.seconds >= 1 and 80_000_000 < done.peak_memory < 200_000_000 and done.peak_disk == 1000
    start, end = done.samples[0][0], done.samples[-1][0]
    assert done.peak_between(start, end) == done.peak_memory
    assert done.peak_between(start - 2, start - 1) == done.samples[0][1]


def test_staging_that_runs_at_once_counts_once() -> None:
    def ran(start: float, end: float, schema: str = "staging") -> dict[str, Any]:
        return {"started_at": start, "ended_at": end, "schema": schema}

    models = {
        "stg_gateway_traces_generic__requests": ran(10, 20),
        "stg_gateway_traces_litellm__requests": ran(12, 25),
        "stg_gateway_traces_helicone__requests": ran(30, 31),
        "stg_landing__files": ran(0, 10),
        "int_gateway_traces": ran(0, 100, "ledger"),
    }
    assert runs.staging_seconds(models) == 16


def test_the_first_error_is_what_dbt_said_first() -> None:
    output = "1 of 2 OK\nFailure in test unique_x (models/x.yml)\n  Got 3 results\nError in model y\n"
    assert runs.first_error(output).startswith("Failure in test unique_x (models/x.yml) Got 3 results")
    assert runs.first_error("what is this") == "what is this"


def test_without_chdb_the_rest_is_measured(tmp_path: Path) -> None:
    said: list[str] = []
    bench = runs.Bench(SHAPE, tmp_path, PROJECT, ("chdb",), said.append, lambda *_: None, chdb=sys.executable)
    runs._chdb(bench)
    assert said == ["chdb is not installed (pip install chdb): left out"] and bench.found == {}


# ---- tables


def result(**values: float) -> dict[str, Any]:
    seconds = {"full": 100.0, "nothing": 30.0, "day": 9.0, "days": 30} | values
    model = {"seconds": 40.0, "rows": 400, "bytes": 2_000_000, "peak_memory": 1_500_000_000}
    usual = {"peak_memory": 2**30, "peak_disk": 10**9, "disk": 10**8}
    return {
        "about": {
            "requests": 1000,
            "days": int(seconds["days"]),
            "layout": "jsonl",
            "nested": True,
            "commit": "abc",
            "measured_at": "2026-12-01T00:00:00+00:00",
            "cores": 2,
            "duckdb": "1.5.6",
            "load_before": 0.5,
            "load_after": 1.5,
            "landing_bytes": 10**9,
        },
        "runs": {
            "floor": {"seconds": {"typed_read": 1.0, "ledger": 20.0, "marts": 1.0}},
            "full": usual
            | {
                "seconds": seconds["full"],
                "models": {"fct_attempts": model},
                "differences": {"teams by month": {"largest_difference_usd": 0.0}},
            },
            "nothing": usual | {"seconds": seconds["nothing"], "first_error": "Failure in test x"},
            "day": usual | {"seconds": seconds["day"]},
            "queries": {
                "fct_requests": {"median_seconds": 0.1, "longest_seconds": 0.4},
                "fct_new": {"error": "x"},
            },
        },
    }


def test_tables_put_results_side_by_side_and_mark_what_misses_its_goal() -> None:
    text = table.markdown({"before": result(full=200.0), "after": result(nothing=12.0)})
    assert "| ratio or limit | goal | before | after |" in text
    assert "| full build / floor | <= 6 | **10.00** | 5.00 |" in text
    assert "| one new day / full build | <= 0.1 | 0.04 | 0.09 |" in text
    assert "| nothing new, s | <= 20 | **30.0** | 12.0 |" in text
    assert "| difference to the recomputation, USD | < 0.005 | 0.000000 | 0.000000 |" in text
    assert "| `fct_attempts` | 40.0; 10; 1.50; 0.002 | 40.0; 10; 1.50; 0.002 |" in text
    assert "| `fct_requests` | 0.100; 0.400 | 0.100; 0.400 |" in text
    assert "| `fct_new` | other columns | other columns |" in text
    assert "nothing published by nothing: Failure in test x" in text
    assert "chdb" not in text and "1,000 files" not in text  # what no result has is no row
    assert text.index("ratio or limit") < text.index("| seconds |")
    assert "on a year" not in text


def test_a_year_beside_a_month_has_a_ratio_of_its_own() -> None:
    text = table.markdown({"month": result(), "year": result(days=365, day=18.0)})
    assert "| year / month | <= 1.3 | **2.00** |" in text


def test_the_command_prints_tables_and_a_chart(tmp_path: Path) -> None:
    for name, seconds in (("before", 200.0), ("after", 100.0)):
        table.write(result(full=seconds), tmp_path / f"{name}.json")
    files = [str(tmp_path / f"{name}.json") for name in ("before", "after")]
    done = CliRunner().invoke(app, ["bench", "table", *files, "--svg", str(tmp_path / "chart.svg")])
    assert done.exit_code == 0, done.output
    assert "| full build | 200.0 | 100.0 |" in done.stdout
    chart = (tmp_path / "chart.svg").read_text()
    assert chart.startswith("<svg") and "full build" in chart and "200.0 s" in chart


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("table", "nothing.json"), "is no result of"),
        (("--runs", "fast"), "no run fast: choose of floor, chdb,"),
        (("--project", "nowhere"), "holds no dbt_project.yml"),
        (("--output", "no/where.json"), "there is no such folder"),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_line(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["bench", *arguments])
    assert done.exit_code == 2 and done.stderr.count("\n") == 1 and said in done.stderr
