"""The command `ai-cost`: what stands beside dbt.

Each command imports what it needs, so that `--help` is instant.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from ai_cost_audit import __version__, settings

if TYPE_CHECKING:
    from rich.console import Console

Progress = Callable[[str, int, int], None]

DEMO_RECORD = ".ai-cost-demo"  # in the landing zone: the files that `ai-cost demo` wrote
PLAIN_STEPS = 4  # lines of progress for a piece of long work, when nobody watches a bar

app = typer.Typer(
    name="ai-cost",
    help="Audit what a company spends on AI. Raw files land in a folder, `dbt build` turns them into the "
    "audit, and these commands do what stands around it.\n\n"
    "Folders: AI_COST_LANDING (raw files), AI_COST_WAREHOUSE (the audit), AI_COST_COMPANY (your seeds).",
    epilog="First run: `make build`. Your own company: `ai-cost init DIR`.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
prices_app = typer.Typer(
    help="The price sheet that requests are priced with.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(prices_app, name="prices")
report_app = typer.Typer(
    help="The published audit as a site, or a month as one file.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(report_app, name="report")
bench_app = typer.Typer(
    help="Measure builds of any size.\n\n"
    "Beside a floor (one DuckDB statement that reads, prices and writes) and chdb, in the same run.",
    invoke_without_command=True,
    rich_markup_mode=None,
)
app.add_typer(bench_app, name="bench")


def _fail(message: object) -> NoReturn:
    """An expected error: one line that names the file and the fix, exit code 2, no traceback."""
    print("Error: " + " ".join(str(message).split()), file=sys.stderr)
    raise typer.Exit(2)


@contextmanager
def _expecting(*errors: type[Exception]) -> Iterator[None]:
    """End with one line on these errors, and on those of the file system."""
    try:
        yield
    except errors as error:
        _fail(error.args[0] if isinstance(error, LookupError) and error.args else error)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}" if error.strerror else error)


@contextmanager
def _progress() -> Iterator[Progress]:
    """Progress of long work on stderr: a bar for a person, a few plain lines for a log."""
    if not sys.stderr.isatty():
        yield _plain_progress()
        return
    from rich import progress as bars  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415

    columns = (
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(bar_width=24),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
    )
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, number, total: bar.update(
            task, description=_short(what), completed=number, total=total
        )


def _plain_progress() -> Progress:
    said: set[int] = set()

    def report(what: str, number: int, total: int) -> None:
        step = number * PLAIN_STEPS // max(total, 1)
        if number == 1:  # the next piece of work
            said.clear()
        if step and step not in said:
            said.add(step)
            print(f"{what}: {number:,} of {total:,}", file=sys.stderr)

    return report


def _short(text: str, width: int = 34) -> str:
    return text if len(text) <= width else f"...{text[3 - width :]}"


def _console(markup: bool = False) -> Console:
    from ai_cost_audit.summary import console_for  # noqa: PLC0415

    return console_for(markup=markup)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"ai-cost {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of the command itself."""


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.", show_default=False)],
) -> None:
    """Write a company folder: empty seeds, landing zone, settings."""
    from ai_cost_audit import init as company  # noqa: PLC0415

    with _expecting(company.NotEmpty):
        print(company.write(folder))


@app.command()
def demo(
    requests: Annotated[int, typer.Option(min=1, metavar="N", help="Requests in two months.")] = 300_000,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Another seed is another company of the same shape.")
    ] = 7,
    plant: Annotated[
        bool, typer.Option("--plant/--no-plant", help="Plant the defects an audit should find, or none.")
    ] = True,
    force: Annotated[bool, typer.Option("--force", help="Replace the demo that landed before.")] = False,
) -> None:
    """Land a simulated company with defects of known amount."""
    landing, key = settings.landing(), settings.answer_key()
    if force:
        _remove_demo(landing)
    held = _first_file(landing)
    if held is not None:
        _fail(
            f"the landing zone {landing} is not empty (it holds {held}): "
            "`ai-cost demo --force` replaces an earlier demo, or set AI_COST_LANDING to another folder"
        )
    from ai_cost_audit.demo import ALL_DEFECTS, simulate  # noqa: PLC0415

    with _expecting(ValueError, FileExistsError, LookupError):
        try:
            with _progress() as progress:
                planted = ALL_DEFECTS if plant else ()
                report = simulate(
                    landing, key, seed=seed, requests=requests, plant=planted, progress=progress
                )
        except BaseException:
            _remove(landing, _files(landing))  # it was empty: half a demo is worth nothing
            raise
        names = "".join(f"{path.relative_to(landing).as_posix()}\n" for path in _files(landing))
        (landing / DEMO_RECORD).write_text(names, encoding="utf-8")
    print(f"The demo company has landed in {landing}")
    print(f"  {report.requests:,} requests, {report.files:,} files, {report.size_bytes / 1e6:,.1f} MB")
    if report.planted_usd:
        total = sum(report.planted_usd.values())
        print(f"  {len(report.planted_usd)} defects planted, USD {total:,.2f} in all")
        print(f"  Answer key: {report.answer_key}")
    print("Next: `make build` (or `dbt build`, then `ai-cost summary`)")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _first_file(landing: Path) -> str | None:
    files = (path.relative_to(landing) for path in landing.rglob("*") if path.is_file())
    return min((path.as_posix() for path in files if not path.name.startswith(".")), default=None)


def _remove_demo(landing: Path) -> None:
    """Remove the files of an earlier demo; refuse when the landing zone holds any other."""
    if _first_file(landing) is None:
        return
    record = landing / DEMO_RECORD
    if not record.is_file():
        _fail(
            f"{landing} holds files that `ai-cost demo` did not write: "
            "move them away, or set AI_COST_LANDING to another folder"
        )
    written = [landing / name for name in record.read_text(encoding="utf-8").splitlines()]
    others = sorted({path for path in _files(landing) if not path.name.startswith(".")} - set(written))
    if others:
        _fail(f"{others[0]} is not of the demo: move it away, or set AI_COST_LANDING to another folder")
    with _expecting():
        _remove(landing, [*written, record])


def _remove(landing: Path, files: list[Path]) -> None:
    for path in files:
        path.unlink(missing_ok=True)
    for folder in sorted((path for path in landing.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


@app.command()
def check(
    everything: Annotated[
        bool, typer.Option("--all", help="Check files again that were checked before.")
    ] = False,
) -> None:
    """Check the files that landed since the last check.

    Is each the file we think it is? Exit code 1 when one fails.
    """
    landing = settings.landing()
    if not landing.is_dir():
        _fail(f"no landing zone at {landing}: run `ai-cost demo`, or set AI_COST_LANDING")
    from ai_cost_audit import check as raw_checks  # noqa: PLC0415

    with _expecting(), _progress() as progress:
        report = raw_checks.run(landing, settings.warehouse(), everything=everything, progress=progress)
    raw_checks.render(report, _console(markup=True))
    if report.status == "fail":
        raise typer.Exit(1)


@app.command(hidden=True)
def unchanged(
    remember: Annotated[bool, typer.Option("--remember", help="The build was sound.")] = False,
) -> None:
    """For `make build`: exit code 0 when nothing changed since the last sound build."""
    from ai_cost_audit import inputs  # noqa: PLC0415

    with _expecting():
        if remember:
            inputs.remember()
        elif inputs.is_unchanged():
            print("Nothing changed since the last build: files, seeds, settings and models are the same.")
        else:
            raise typer.Exit(1)


Warehouse = Annotated[
    Path | None,
    typer.Option(
        help="Another warehouse folder, or a published file.  [default: AI_COST_WAREHOUSE]",
        show_default=False,
    ),
]


def _published(warehouse: Path | None) -> Path:
    path = settings.published() if warehouse is None else warehouse
    return path / "ai_cost.duckdb" if path.is_dir() else path


@app.command()
def summary(
    month: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM", help="Another month.  [default: the audit month]", show_default=False
        ),
    ] = None,
    warehouse: Warehouse = None,
) -> None:
    """Print the published audit.

    Cost, coverage, teams, waste, findings, score, gates and landing zone.
    """
    from ai_cost_audit import summary as audit_summary  # noqa: PLC0415
    from ai_cost_audit.published import NotReadable  # noqa: PLC0415

    published = _published(warehouse)
    with _expecting(NotReadable):
        audit = audit_summary.load(published, _month(month))
    audit_summary.render(audit, _console(), _last_check(published.parent))


def _month(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        _fail(f"{text} is no month: write it as YYYY-MM, for example 2026-10")


def _last_check(warehouse: Path) -> Any:
    """The report of the last `ai-cost check`; None when there is none that this version can read."""
    if not (warehouse / "checks" / "last.json").is_file():
        return None
    from ai_cost_audit.check import load_last  # noqa: PLC0415

    try:
        return load_last(warehouse)
    except (OSError, ValueError, KeyError, TypeError):
        return None


@app.command()
def export(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]",
            help="A new folder, or an earlier export.  [default: export/FORMAT in the warehouse folder]",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[Literal["csv", "parquet"], typer.Option("--format", help="What to write.")] = "csv",
    warehouse: Warehouse = None,
) -> None:
    """Write every published table as CSV or Parquet.

    One file a table, and manifest.json: rows, columns, what they mean, checksums.
    """
    from ai_cost_audit import export as tables  # noqa: PLC0415
    from ai_cost_audit.published import NotReadable  # noqa: PLC0415

    published = _published(warehouse)
    with _expecting(NotReadable, tables.NotExported), _progress() as progress:
        report = tables.run(published, folder or published.parent / "export" / kind, kind, progress)
    print(f"Exported {report.tables} tables, {report.rows:,} rows, {report.size_bytes / 1e6:,.1f} MB")
    print(f"  {report.folder}")
    print("  manifest.json says what each table and column means")


@app.command()
def sql(
    query: Annotated[
        str | None,
        typer.Argument(
            metavar="[QUERY]", help="SQL, or a .sql file; without it, a SQL shell opens.", show_default=False
        ),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Every row and digit, as CSV.")] = False,
    warehouse: Warehouse = None,
) -> None:
    """Query the published audit, read-only.

    Without QUERY the DuckDB CLI opens, or Harlequin, whichever is installed.
    """
    from ai_cost_audit import sql as analyst  # noqa: PLC0415
    from ai_cost_audit.published import NotReadable  # noqa: PLC0415

    published = _published(warehouse)
    with _expecting(NotReadable, analyst.NotRun):
        if query is None:
            analyst.open_shell(published)
        elif as_csv:
            analyst.write_csv(published, query, sys.stdout)
        else:
            analyst.show_rows(published, query, _console())


@report_app.command("month")
def report_month(
    month: Annotated[
        str | None,
        typer.Argument(
            metavar="[YYYY-MM]", help="Another month.  [default: the audit month]", show_default=False
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html",
            help="Where to write it.  [default: reports/ai-cost-YYYY-MM.html in the warehouse folder]",
            show_default=False,
        ),
    ] = None,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Also print it to FILE.pdf, with Chromium or Chrome.")
    ] = False,
    warehouse: Warehouse = None,
) -> None:
    """Write the audit of a month as one HTML file.

    It holds all it shows: send it, open it, print it.
    """
    from ai_cost_audit import month_report  # noqa: PLC0415
    from ai_cost_audit.published import NotReadable  # noqa: PLC0415

    published = _published(warehouse)
    with _expecting(NotReadable, month_report.NoPdf):
        shown, text = month_report.html(published, _month(month))
        page = output or published.parent / "reports" / f"ai-cost-{shown:%Y-%m}.html"
        month_report.write(text, page)
        print(page)
        if pdf:
            month_report.write_pdf(page, page.with_suffix(".pdf"))
            print(page.with_suffix(".pdf"))


LitellmFile = Annotated[
    Path | None,
    typer.Option(
        "--litellm-map",
        metavar="FILE",
        help="LiteLLM's price map (.json, .json.gz) or wheel; by default that of the installed litellm.",
    ),
]
LitellmDay = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="The day from which that map's prices count."),
]


@prices_app.command("refresh")
def refresh(
    all_models: Annotated[
        bool, typer.Option("--all", help="Every provider and model, not only the major ones.")
    ] = False,
    litellm_file: LitellmFile = None,
    litellm_day: LitellmDay = None,
) -> None:
    """Rebuild seeds/reference/model_prices.csv from the installed price packages.

    Prices that changed get a new row; the old row keeps its period.
    """
    from ai_cost_audit import prices  # noqa: PLC0415

    with _expecting(ValueError):
        report = prices.refresh(
            _price_sheet(),
            all_models=all_models,
            litellm_file=litellm_file,
            litellm_as_of=litellm_day.date() if litellm_day else None,
        )
    print(report)


@prices_app.command("disagreements")
def disagreements(litellm_file: LitellmFile = None, litellm_day: LitellmDay = None) -> None:
    """Write docs/price-disagreements.md: where the two price sources differ, with both values."""
    from ai_cost_audit import prices  # noqa: PLC0415

    with _expecting(ValueError):
        found, sources = prices.disagreements(
            _price_sheet(), litellm_file, litellm_day.date() if litellm_day else None
        )
    page = settings.PROJECT / "docs" / "price-disagreements.md"
    page.write_text(prices.disagreements_page(found, sources), encoding="utf-8", newline="\n")
    print(f"{len(found)} prices differ between {sources}: {page}")


def _price_sheet() -> Path:
    return settings.PROJECT / "seeds" / "reference" / "model_prices.csv"


@app.command()
def real(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder with the public data sets.", show_default=False)
    ],
    bills: Annotated[
        bool,
        typer.Option(
            "--bills", help="Land bills and usage exports instead (docs/reconciliation-on-real-data.md)."
        ),
    ] = False,
) -> None:
    """Land public data sets of real usage (docs/real-data.md)."""
    landing = settings.landing()
    if not folder.is_dir():
        _fail(f"no folder {folder}: name the one that holds the data sets (docs/real-data.md)")
    from ai_cost_audit import real as real_data  # noqa: PLC0415

    with _expecting(ValueError), _progress() as progress:
        landed = (real_data.land_bills if bills else real_data.land)(folder, landing, progress)
    print(f"Landed in {landing}")
    for one in landed:
        print(f"  {one.name:<22} {one.format:<26} {one.files:>5,} files {one.records:>9,} records")


@app.command()
def parity(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR",
            help="The folder with the public data sets; without it only the clients are compared.",
            show_default=False,
        ),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write docs/parity.md; needs DIR.")] = False,
) -> None:
    """Compare the ledger with what others compute.

    Real clients, a price library, a real usage log: docs/parity.md. Exit code 1 when a difference is
    not listed, or a listed one is gone.
    """
    if folder is not None and not folder.is_dir():
        _fail(f"no folder {folder}: name the one that holds the data sets (docs/real-data.md)")
    if write and folder is None:
        _fail("--write needs DIR: the page holds the public data sets too")
    from ai_cost_audit import parity as comparison  # noqa: PLC0415
    from ai_cost_audit import parity_report  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as work, _expecting(comparison.NotReady):
        found = comparison.measure(Path(work), folder)
    parity_report.render(found, _console())
    if write:
        parity_report.PAGE.write_text(parity_report.markdown(found), encoding="utf-8", newline="\n")
    if found.unlisted() or found.gone():
        raise typer.Exit(1)


SitePort = Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")]


def _say(line: str) -> None:
    print(line, flush=True)


@report_app.command("build")
def report_build() -> None:
    """Build the site as static files.

    They are in the folder `site` of the warehouse; any web server can host them.
    """
    from ai_cost_audit import report  # noqa: PLC0415

    with _expecting(report.NotBuilt):
        try:
            report.build(_say)
        except KeyboardInterrupt:
            _say("Ended: the site is as it was before")
            raise


@report_app.command("serve")
def report_serve(port: SitePort = 8080) -> None:
    """Serve the site on this machine.

    Builds it first when the audit or a page changed.
    """
    from ai_cost_audit import report  # noqa: PLC0415

    with _expecting(report.NotBuilt):
        report.serve(port, _say)


@report_app.command("dev")
def report_dev(port: SitePort = 3000) -> None:
    """Write pages: each is shown anew when it changes.

    This is Evidence's own server, with its error messages.
    """
    from ai_cost_audit import report  # noqa: PLC0415

    with _expecting(report.NotBuilt):
        report.dev(port, _say)


BENCH_RUNS = "floor,chdb,check,full,nothing,day,late,queries,files,small"


@bench_app.callback()
def bench(  # noqa: PLR0917 - options have names
    context: typer.Context,
    requests: Annotated[int, typer.Option(min=200, metavar="N", help="Requests of the history.")] = 1_000_000,
    layout: Annotated[Literal["jsonl", "parquet"], typer.Option(help="How the files are written.")] = "jsonl",
    nested: Annotated[
        bool, typer.Option("--nested", help="About half of them nested records of LiteLLM.")
    ] = False,
    days: Annotated[int, typer.Option(min=2, max=365, metavar="N", help="Days of history.")] = 30,
    runs: Annotated[str, typer.Option(metavar="NAMES", help="Which runs, in their order.")] = BENCH_RUNS,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Where the result goes.", show_default=False)
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Keeps data and warehouse; data of the same shape are used again.  [default: a temporary folder]",
            show_default=False,
        ),
    ] = None,
    project: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Another checkout to measure.  [default: this]", show_default=False),
    ] = None,
    chdb: Annotated[
        str | None,
        typer.Option(metavar="PYTHON", help="An interpreter that has chdb.", show_default=False),
    ] = None,
) -> None:
    """Options of a measurement; `ai-cost bench table` compares results."""
    if context.invoked_subcommand:
        return
    from ai_cost_audit.bench import runs as bench_runs  # noqa: PLC0415
    from ai_cost_audit.bench import table  # noqa: PLC0415
    from ai_cost_audit.bench.data import Shape  # noqa: PLC0415

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the build that runs is ended too
    chosen = tuple(name for name in runs.split(",") if name)
    if output is not None and not output.resolve().parent.is_dir():
        _fail(f"{output}: there is no such folder; make it first")

    def keep(result: dict[str, Any]) -> None:
        if output is not None:
            table.write(result, output)

    with (
        tempfile.TemporaryDirectory() as temporary,
        _expecting(bench_runs.NotMeasured),
        _progress() as progress,
    ):
        measured = bench_runs.measure(
            bench_runs.Bench(
                shape=Shape(requests, days, layout, nested),
                folder=(folder or Path(temporary)).resolve(),
                project=(project or settings.PROJECT).resolve(),
                chosen=chosen,
                say=_say,
                progress=progress,
                chdb=chdb,
            ),
            keep,
        )
    if output is not None:
        print(f"The result is in {output}")
    print()
    print(table.markdown({output.stem if output else "now": measured}), end="")


@bench_app.command("table")
def bench_table(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE.json", help="Results of `ai-cost bench --output`.")
    ],
    svg: Annotated[
        Path | None,
        typer.Option("--svg", metavar="FILE.svg", help="Write a bar chart too.", show_default=False),
    ] = None,
) -> None:
    """Print results side by side, as markdown."""
    from ai_cost_audit.bench import table  # noqa: PLC0415

    with _expecting(table.NotRead):
        results = table.load(files)
        print(table.markdown(results), end="")
        if svg is not None:
            svg.write_text(table.svg(results), encoding="utf-8")
