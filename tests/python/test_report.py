"""`ai-cost report` beside Evidence itself: what it asks for, what it copies, what it leaves in place when it fails.

Node and npm are small scripts here; test_site.py builds the site with the real ones.
"""

from __future__ import annotations

import html
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest
import yaml
from typer.testing import CliRunner

from ai_cost_audit import report, settings
from ai_cost_audit.cli import app

RUNNER = CliRunner()
GOOD_NPM = """
[ "$1" != ci ] || mkdir -p node_modules
[ "$2" != build ] || { mkdir -p build; echo "$MARK" > build/index.html; }
"""
GOOD_DBT = """
echo "$AI_COST_WAREHOUSE" > "$DBT_TARGET_PATH/ran-in"
echo "<h1>$DBT_TARGET_PATH/compiled/x.sql of $DBT_PROJECT_DIR</h1>" > "$DBT_TARGET_PATH/static_index.html"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A warehouse with a published mart, pages of one source, and a Node 20 whose npm does as it should."""
    reports = tmp_path / "reports"
    (reports / "sources" / "audit").mkdir(parents=True)
    (reports / "sources" / "audit" / "run.sql").write_text("select label(a) as a from marts.audit_run")
    (reports / "package-lock.json").write_text("{}")
    shutil.copy(report.REPORTS / "labels.sql", reports)
    (tmp_path / "warehouse").mkdir()
    publish(tmp_path)
    monkeypatch.setattr(report, "REPORTS", reports)
    monkeypatch.setenv("AI_COST_WAREHOUSE", str(tmp_path / "warehouse"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("MARK", "first")
    tool(tmp_path, "node", "echo v20.1.0")
    tool(tmp_path, "npm", GOOD_NPM)
    tool(tmp_path, "dbt", GOOD_DBT)
    monkeypatch.setattr(report, "_dbt", lambda: shutil.which("dbt"))
    return tmp_path


def publish(project: Path, table: str = "audit_run") -> None:
    with duckdb.connect(str(project / "warehouse" / "ai_cost.duckdb")) as connection:
        connection.execute(
            f"create schema if not exists marts; create table marts.{table} as select 'gpu_idle' as a"
        )
        connection.execute("create table marts.fct_requests as select 1 as a")


def tool(project: Path, name: str, script: str) -> None:
    path = project / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def refused(*arguments: str) -> str:
    """The one line of an expected error."""
    result = RUNNER.invoke(app, ["report", *arguments])
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("Error: ") and result.stderr.count("\n") == 1
    return result.stderr


def built(project: Path) -> str:
    return (project / "warehouse" / "site" / "index.html").read_text().strip()


def test_a_build_tells_its_steps_and_installs_only_once(project: Path) -> None:
    first = RUNNER.invoke(app, ["report", "build"])
    assert first.exit_code == 0, first.output
    steps = first.stdout.splitlines()
    assert [step.split()[0] for step in steps] == [
        "Installing",
        "Exporting",
        "Reading",
        "Building",
        "Writing",
        "Built",
    ]
    assert built(project) == "first"
    assert "Installing" not in RUNNER.invoke(app, ["report", "build"]).stdout
    (project / "reports" / "package-lock.json").write_text('{"changed": 1}')
    assert "Installing" in RUNNER.invoke(app, ["report", "build"]).stdout


def test_only_the_marts_that_the_sources_name_are_copied_with_the_labels(project: Path) -> None:
    copy = project / "copy.duckdb"
    assert report.export(project / "warehouse" / "ai_cost.duckdb", copy) == 1
    with duckdb.connect(str(copy), read_only=True) as connection:
        assert connection.execute("select table_name from duckdb_tables()").fetchall() == [("audit_run",)]
        source = (project / "reports" / "sources" / "audit" / "run.sql").read_text()
        assert connection.execute(source).fetchall() == [("GPU idle",)]
        assert connection.execute("select label('no_such_code')").fetchall() == [("No such code",)]


@pytest.mark.parametrize("version", ["echo v18.20.4", "exit 1"])
def test_an_old_or_broken_node_is_named_with_the_fix(
    project: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(project, "node", version)
    monkeypatch.setenv("PATH", str(project / "bin"))
    monkeypatch.setattr(sys, "executable", str(project / "nowhere" / "python"))
    said = refused("build")
    assert "Node 20 or newer" in said and str(project / "bin" / "node") in said and "pip install" in said


def test_a_node_that_fits_is_found_behind_an_old_one(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = project / "old"
    shutil.copytree(project / "bin", old)
    (old / "node").write_text("#!/bin/sh\necho v18.0.0\n")
    monkeypatch.setenv("PATH", f"{old}:{project / 'bin'}:/usr/bin:/bin")
    assert RUNNER.invoke(app, ["report", "build"]).exit_code == 0


def test_nothing_published_is_said(project: Path) -> None:
    (project / "warehouse" / "ai_cost.duckdb").unlink()
    assert "run `make build`" in refused("build")
    assert "run `make build`" in refused("serve")


def test_a_file_of_another_version_is_said(project: Path) -> None:
    (project / "warehouse" / "ai_cost.duckdb").unlink()
    publish(project, "other_mart")
    assert "no marts.audit_run" in refused("build")
    (project / "warehouse" / "ai_cost.duckdb").write_bytes(b"not a database" * 1000)
    assert "cannot be read" in refused("build")


def test_a_writer_of_the_published_file_is_said(project: Path) -> None:
    writer = (
        "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('open', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", writer, str(project / "warehouse" / "ai_cost.duckdb")], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            assert "open for writing in another program" in refused("build")
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("npm", "said"),
    [
        (
            '[ "$2" != build ] || { echo "Error in Query! no column x"; mkdir -p build; echo > build/index.html; }',
            "x",
        ),
        ('[ "$2" != build ] || { echo "Error: chart without data"; exit 1; }', "chart without data"),
        (
            '[ "$2" != build ] || { echo "parse error"; echo "x/src/pages/gpus/[pool]/+page.md:7"; exit 1; }',
            "failed on the page /gpus/[pool] (parse error",
        ),
        ('[ "$2" != sources ] || { echo "Error: no column y"; exit 1; }', "no column y"),
        ('[ "$1" != ci ] || { echo "npm error network"; exit 1; }', "network"),
        ("true", "no index.html"),
    ],
)
def test_a_step_that_fails_says_why_and_leaves_the_last_site(project: Path, npm: str, said: str) -> None:
    assert RUNNER.invoke(app, ["report", "build"]).exit_code == 0
    (project / "reports" / "package-lock.json").write_text('{"changed": 1}')
    tool(project, "npm", f'[ "$1" != ci ] || mkdir -p node_modules; {npm}')
    assert said in refused("build")
    assert built(project) == "first"


KILLED_WHILE_PUBLISHING = """
import os, signal, sys
from pathlib import Path
from ai_cost_audit import report, settings

built, site = Path(sys.argv[1]), report.site()
moments = 0
while True:
    if (child := os.fork()) == 0:
        left = moments
        def die(event, arguments):
            global left
            if event.startswith(("os.", "shutil.", "open")):
                left -= 1
                if left == -1:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(die)
        report._publish(built, {"mark": 2})
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        assert os.WEXITSTATUS(status) == 0
        break
    marks = {(site / name).read_text().strip() for name in ("index.html", "deep/page.html")}
    assert len(marks) == 1, (moments, marks)
    if marks == {"second"}:
        report._publish(built.with_name("build.first"), {"mark": 1})
    moments += 1
assert (site / "index.html").read_text().strip() == "second"
print(moments)
"""


def test_a_build_killed_while_it_puts_the_site_in_place_leaves_one_whole(project: Path) -> None:
    """Killed at each of its calls to the file system in turn: the old or the new site stands, never none or both."""
    for folder, mark in (("build.first", "first"), ("build", "second")):
        (project / folder / "deep").mkdir(parents=True)
        (project / folder / "index.html").write_text(mark)
        (project / folder / "deep" / "page.html").write_text(mark)
    report._publish(project / "build.first", {})
    done = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_PUBLISHING, str(project / "build")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10
    left = {path.name for path in (project / "warehouse").iterdir()}
    assert {name for name in left if name.startswith("site") and name != "site-logs"} == {
        "site",
        "site.a",
        "site.b",
    }


@pytest.mark.parametrize("step", ["ci", "sources", "build"])
def test_a_build_killed_on_the_way_leaves_the_last_site_and_the_next_waits_for_its_npm(
    project: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report.build(lambda line: None)
    (project / "reports" / "package-lock.json").write_text('{"changed": 1}')
    go_on = project / "go-on"
    killed = f"kill -9 $PPID; until [ -e {go_on} ]; do sleep 0.1; done; mkdir -p build; echo half > build/index.html"
    tool(project, "npm", f'case "$*" in *{step}*) {killed};; esac')
    # Where the tests run in the background, interrupts are ignored: a terminal's are not.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from pathlib import Path; from ai_cost_audit import report; "
        f"report.REPORTS = Path({str(project / 'reports')!r}); report.build(print)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr
    assert built(project) == "first"
    assert "wait for it" in refused("build")  # its npm still writes
    go_on.touch()
    monkeypatch.setenv("MARK", "second")
    tool(project, "npm", GOOD_NPM)
    until = time.monotonic() + 10
    while RUNNER.invoke(app, ["report", "build"]).exit_code and time.monotonic() < until:
        time.sleep(0.1)
    assert built(project) == "second"


def test_the_site_is_there_at_every_moment_of_a_rebuild(project: Path) -> None:
    """A reader who asks without pause meets a whole page each time."""
    (project / "build").mkdir()
    (project / "build" / "index.html").write_text("whole")
    report._publish(project / "build", {})
    ended, met = threading.Event(), []

    def read() -> None:
        while not ended.is_set():
            try:
                met.append((report.site() / "index.html").read_text())
            except OSError as error:
                met.append(str(error))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(100):
        report._publish(project / "build", {})
        time.sleep(0.002)
    ended.set()
    reader.join()
    assert len(met) > 100 and set(met) == {"whole"}


def test_the_page_of_the_models_is_dbts_and_opens_no_database(project: Path) -> None:
    report.build(lambda line: None)
    page = project / "warehouse" / "site" / report.DBT_DOCS / "index.html"
    assert page.read_text() == "<h1>compiled/x.sql of </h1>\n"  # not where it was made
    ran_in = Path((project / "reports" / "data" / report.DBT_DOCS / "ran-in").read_text().strip())
    assert ran_in == project / "reports" / "data" / report.DBT_DOCS


@pytest.mark.parametrize(
    ("dbt", "said"),
    [("echo 'Compilation Error <in> x'; exit 2", "Compilation Error <in> x"), (None, "no dbt")],
)
def test_a_site_without_dbt_says_so_where_the_page_would_be(
    project: Path, dbt: str | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report.build(lambda line: None)
    if dbt is None:
        monkeypatch.setattr(report, "_dbt", lambda: None)
    else:
        tool(project, "dbt", dbt)
    lines: list[str] = []
    report.build(lines.append)
    assert any(line.startswith("The page of the models is left out") and said in line for line in lines)
    page = (project / "warehouse" / "site" / report.DBT_DOCS / "index.html").read_text()
    assert html.escape(said) in page and "<h1>" in page


def test_the_site_is_of_today_until_the_audit_or_a_page_changes(project: Path) -> None:
    assert not report.is_current()
    report.build(lambda line: None)
    assert report.is_current()
    page = project / "reports" / "pages" / "index.md"
    page.parent.mkdir()
    page.write_text("# New")
    assert not report.is_current()
    page.unlink()
    assert report.is_current()
    with duckdb.connect(str(project / "warehouse" / "ai_cost.duckdb")) as connection:
        connection.execute("create table marts.more as select 1 as a")
    assert not report.is_current()
    (project / "warehouse" / "site" / report.STAMP).write_text(json.dumps({"size_bytes": 1}))
    assert not report.is_current()


def test_a_second_build_at_the_same_time_is_refused(project: Path) -> None:
    with report._alone():
        assert "wait for it" in refused("build")


@pytest.mark.parametrize("command", ["serve", "dev"])
def test_a_taken_port_is_said_before_anything_is_built(project: Path, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port} cannot be used" in refused(command, "--port", str(port))
    assert not (project / "reports" / "node_modules").exists(), "packages were installed first"


def test_an_interrupt_ends_what_npm_started(project: Path) -> None:
    tool(
        project,
        "npm",
        f'[ "$2" != build ] || {{ echo $$ > {project / "pid"}; exec sleep 600; }}; mkdir -p node_modules',
    )
    # Where the tests run in the background, interrupts are ignored: a terminal's are not.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from pathlib import Path; from ai_cost_audit import report; "
        f"report.REPORTS = Path({str(project / 'reports')!r}); report.build(print)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as process:
        while not (project / "pid").exists() or not (pid := (project / "pid").read_text().strip()):
            time.sleep(0.05)
            assert process.poll() is None
        give_up = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < give_up:
            process.send_signal(2)
            time.sleep(1)
        assert process.poll() is not None
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)
    assert not (project / "warehouse" / "site").exists()


def test_no_source_reads_a_row_per_request() -> None:
    """A year of ten million requests has to load in seconds: pages stand on what a mart has added up."""
    sources = sorted((report.REPORTS / "sources").rglob("*.sql"))
    assert sources
    for source in sources:
        text = source.read_text()
        assert not re.search(r"\bfct_(requests|attempts)\b", text), source
        assert report.NAMED_TABLE.search(text), f"{source} reads no mart"


def test_the_exposure_of_the_site_names_what_its_sources_read() -> None:
    """So that dbt's lineage says which pages a change of a mart touches."""
    described = yaml.safe_load((settings.PROJECT / "models" / "marts" / "_exposures.yml").read_text())
    site = next(exposure for exposure in described["exposures"] if exposure["name"] == "site")
    named = {table for _, table in report.tables()}
    assert sorted(site["depends_on"]) == [f"ref('{table}')" for table in sorted(named)]


# What stands on the pages, and for a filter the queries that it may be fed by.
TAG = re.compile(r"<(DataTable|BarChart|LineChart|Heatmap|BigValue|Bridge|Filter) ([^\n]*?)/?>\n")


def shown() -> list[tuple[str, str, str]]:
    """Page, component and attributes of each component on the pages that is fed with rows."""
    pages = report.REPORTS / "pages"
    return [
        (path.relative_to(pages).as_posix(), tag, attributes)
        for path in sorted(pages.rglob("*.md"))
        for tag, attributes in TAG.findall(path.read_text(encoding="utf-8"))
    ]


def test_the_choices_of_every_filter_have_an_order() -> None:
    """Else they, and with them the default, stand as the database happens to give them."""
    filters = [(page, attributes) for page, tag, attributes in shown() if tag == "Filter"]
    assert len(filters) > 20
    assert [one for one in filters if " order=" not in one[1]] == []


def test_whatever_is_fed_with_rows_says_what_it_means_that_there_is_none() -> None:
    """Else a company that has landed little gets a red box, and its site is not built."""
    found = [(page, tag, attributes) for page, tag, attributes in shown() if tag != "Filter"]
    assert len(found) > 60
    silent = [one for one in found if "emptyMessage=" not in one[2]]
    red = [one for one in found if one[1] != "Bridge" and "emptySet=pass" not in one[2]]
    assert silent + red == []


def test_a_browser_keeps_only_files_that_are_there_and_named_by_their_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that is kept would hide the next build, and a kept 404 the file itself."""
    monkeypatch.setenv("AI_COST_WAREHOUSE", str(tmp_path))
    for name in ("index.html", "_app/immutable/a1.js", "data/audit/months/a1/months.parquet"):
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    with report._listening(0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
        kept = {}
        for name in (
            "",
            "_app/immutable/a1.js",
            "_app/immutable/gone.js",
            "data/audit/months/a1/months.parquet",
        ):
            connection.request("GET", f"/{name}")  # one connection serves them all
            answer = connection.getresponse()
            answer.read()
            kept[name] = (answer.status, "immutable" in (answer.headers["Cache-Control"] or ""))
        connection.close()
        server.shutdown()
    assert kept == {
        "": (200, False),
        "_app/immutable/a1.js": (200, True),
        "_app/immutable/gone.js": (404, False),
        "data/audit/months/a1/months.parquet": (200, True),
    }


@pytest.mark.parametrize("teams", [9, 10, 11, 12])
def test_a_chart_of_many_teams_has_ten_series_and_loses_no_dollar(teams: int) -> None:
    series = []
    for source, mart, amount in (
        ("team_spend_by_month", "fct_team_spend_monthly", "cost_usd"),
        ("chargeback_by_month", "fct_chargeback_monthly", "total_usd"),
    ):
        with duckdb.connect() as connection:
            connection.execute((report.REPORTS / "labels.sql").read_text())
            connection.execute("create schema marts")
            connection.execute(f"""
                create table marts.{mart} as
                select date '2026-10-01' as month, 't' || i as team_id, 'Team ' || i as team_name, i as {amount}
                from range(1, {teams + 1}) as teams (i)
            """)
            sql = (report.REPORTS / "sources" / "audit" / f"{source}.sql").read_text()
            series.append({row[2]: row[3] for row in connection.execute(sql).fetchall()})
    largest = {f"Team {i}": i for i in range(1, teams + 1)}
    if teams > 10:
        others = {f"Team {i}": i for i in range(1, teams - 8)}
        largest = {name: usd for name, usd in largest.items() if name not in others}
        largest["Other teams"] = sum(others.values())
    assert series == [largest, largest]


def test_prices_per_token_reach_back_92_days() -> None:
    with duckdb.connect() as connection:
        connection.execute((report.REPORTS / "labels.sql").read_text())
        connection.execute("create schema marts")
        connection.execute("create table marts.audit_run as select date '2026-10-31' as audit_date")
        connection.execute("""
            create table marts.fct_route_baselines_daily as
            select cast(day as date) as date, 'f/w' as route_id, 'm' as model, 'openai' as provider, 1 as cost_usd,
                1 as cost_per_1k_tokens_usd, 1 as baseline_cost_per_1k_tokens_usd
            from range(date '2026-01-01', date '2026-11-01', interval 1 day) as days (day)
        """)
        sql = (report.REPORTS / "sources" / "audit" / "route_price_daily.sql").read_text()
        rows = connection.execute(f"select count(*), max(date), any_value(model) from ({sql})").fetchall()
    assert [(count, str(last)[:10], model) for count, last, model in rows] == [
        (92, "2026-10-31", "m, OpenAI")
    ]
