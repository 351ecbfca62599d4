"""The raw checks: is each newly landed trace or billing file the file we think it is?

Great Expectations reads the declarations in `expectations/<entity>.json` and judges every new file once.
DuckDB reads from a file only the columns that its suite names. A failing check tells; it never stops a build
and never drops a line (staging keeps what can be read and rejects the rest). Nothing here depends on the
clock: times are judged against the deliveries and the other files. docs/raw-checks.md is the reader's guide.
"""

from __future__ import annotations

import html
import json
import logging
import os
import re
import statistics
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from rich.console import Console
from rich.table import Table

from ai_cost_audit import landing as landing_zone
from ai_cost_audit import settings
from ai_cost_audit.landing import LandedFile

Progress = Callable[[str, int, int], None]

SUITES = settings.PROJECT / "expectations"
RANK = {"pass": 0, "warn": 1, "fail": 2}

# A critical expectation that at most this share of the records breaks is a warning: they become rejects. An
# expectation may say another share (meta.few).
FEW = 0.01
FIELDS_EXIST = "expect_table_columns_to_match_set"
RECORDS_AT_ONCE = 1_000_000  # frames held in memory together, so that files can be compared with each other
NEIGHBOUR_DAYS = 62  # two months: a monthly file and a late one are still neighbours
VOLUME_RANGE = (0.2, 5.0)
AMOUNT_RANGE = (1 / 30, 30.0)  # catches a unit (x 100) and leaves a busy month alone
MINIMUM_HISTORY = 3  # earlier files of a kind before a file is compared with them
FAILED = "failure|error|exception|timeout|false"  # how a status ends that tells of a failed call
DATA_DOCS_PAGES = 200
FAR = "9000-01-01"  # later times are cut to this: Python knows no year 10000
READERS = 2  # files read side by side
READ_STATUSES = ("ok", "repaired", "unreadable")  # those whose records belong in the warehouse


@dataclass(frozen=True)
class Failure:
    """One expectation that a file does not meet."""

    severity: str  # critical | warning
    expectation: str  # its type in Great Expectations; 'registry' for what the file registry found
    column: str
    expected: str
    seen: str
    fix: str


@dataclass(frozen=True)
class Facts:
    """What later files of the same kind are compared with; None when the file has no readable record."""

    first_at: str | None = None
    last_at: str | None = None
    records: int = 0
    amount: float | None = None  # for magnitude only, never reported

    @property
    def is_weekend(self) -> bool:
        """A file of a Saturday or a Sunday, which is compared with others like it."""
        if self.first_at is None or self.last_at is None:
            return False
        first, last = datetime.fromisoformat(self.first_at), datetime.fromisoformat(self.last_at)
        return last - first <= timedelta(days=2) and (first + (last - first) / 2).weekday() >= 5


@dataclass(frozen=True)
class FileCheck:
    """The verdict on one landed file."""

    file_id: str
    entity: str
    format: str
    account_id: str
    file_version: str
    record_count: int
    passed: int
    failures: tuple[Failure, ...] = ()
    facts: Facts = field(default_factory=Facts)
    is_new: bool = True  # checked in this run

    @property
    def status(self) -> str:
        """pass | warn | fail"""
        if any(failure.severity == "critical" for failure in self.failures):
            return "fail"
        return "warn" if self.failures else "pass"


@dataclass(frozen=True)
class CheckReport:
    """The verdict on every file now in the landing zone that has a suite or a problem."""

    files: tuple[FileCheck, ...]
    data_docs: str  # path of index.html

    @property
    def checked(self) -> int:
        """Files checked in this run; the others carry the verdict of an earlier one."""
        return sum(check.is_new for check in self.files)

    @property
    def status(self) -> str:
        """The worst status of any file: pass | warn | fail."""
        return max((check.status for check in self.files), key=RANK.__getitem__, default="pass")


def run(
    landing: Path, warehouse: Path, *, everything: bool = False, progress: Progress | None = None
) -> CheckReport:
    """Check the files that landed since the last run (or `everything`) and save the report.

    progress: called with what is being read or checked, its number and the count. Great Expectations is
    imported only when there is a new file.
    """
    folder = warehouse / "checks"
    last = None if everything else load_last(warehouse)
    earlier = {check.file_version: replace(check, is_new=False) for check in last.files} if last else {}
    known = {} if everything else _load_registry(folder / "files.json")
    files = landing_zone.scan(landing, warehouse / "repaired", known, _labelled(progress, "read"))
    suites = load_suites()
    judged = [file for file in files if _is_judged(file, suites)]
    done = {file.file_version: earlier[file.file_version] for file in judged if file.file_version in earlier}
    new = [file for file in judged if file.file_version not in done or _problem_changed(file, done)]
    docs = folder / "data_docs"
    pages = _Pages(docs, everything)
    latest = max((file.modified_at for file in files), default=datetime(2020, 1, 1)) + timedelta(days=1)
    if new:
        for check in _Checker(suites, latest, pages, _labelled(progress, "check")).check(new, done):
            done[check.file_version] = check
    report = CheckReport(tuple(done[file.file_version] for file in judged), str(docs / "index.html"))
    pages.write_index(report)
    _write(folder / "files.json", [_as_json(file) for file in files])
    _write(folder / "last.json", asdict(report))
    return report


def load_last(warehouse: Path) -> CheckReport | None:
    """The report of the last run; None when there was none."""
    path = warehouse / "checks" / "last.json"
    if not path.exists():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    checks = []
    for check in content["files"]:
        failures = tuple(Failure(**failure) for failure in check.pop("failures"))
        facts = Facts(**check.pop("facts"))
        checks.append(FileCheck(**check, failures=failures, facts=facts))
    return CheckReport(tuple(checks), content["data_docs"])


def load_suites(folder: Path = SUITES) -> dict[str, dict[str, Any]]:
    """The declarations by entity."""
    suites = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json")))
    return {suite["entity"]: suite for suite in suites}


def render(report: CheckReport, console: Console) -> None:
    """Print a table by format, and each failed expectation once with the files that fail it."""
    standing = len(report.files) - report.checked
    console.print(
        f"[bold]Raw checks: {report.status}[/bold]. "
        f"Checked {report.checked:,} new files; {standing:,} were checked before."
    )
    if not report.files:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("entity/format", overflow="fold")
    for heading in ("files", "records", "passed", "warned", "failed"):
        table.add_column(heading, justify="right")
    for name in sorted({_kind(check) for check in report.files}):
        of_kind = [check for check in report.files if _kind(check) == name]
        by_severity = Counter(failure.severity for check in of_kind for failure in check.failures)
        counts = (len(of_kind), sum(c.record_count for c in of_kind), sum(c.passed for c in of_kind))
        table.add_row(name, *(f"{n:,}" for n in (*counts, by_severity["warning"], by_severity["critical"])))
    console.print(table)
    for severity, heading in (("critical", "Failed"), ("warning", "Warned")):
        _render_failures(report, severity, heading, console)
    console.print(f"Details of each file: {report.data_docs}", soft_wrap=True, markup=False, highlight=False)


def _render_failures(report: CheckReport, severity: str, heading: str, console: Console) -> None:
    """Files that fail the same expectation stand together: the first is shown in full."""
    groups: dict[tuple[str, str, str], list[tuple[FileCheck, Failure]]] = {}
    for check in report.files:
        for failure in check.failures:
            if failure.severity == severity:
                groups.setdefault((_kind(check), failure.expected, failure.fix), []).append((check, failure))
    for (_, expected, fix), found in groups.items():
        check, failure = found[0]
        others = len(found) - 1
        more = f" and {others:,} more file{'s' if others > 1 else ''}" if others else ""
        color = "red" if severity == "critical" else "yellow"
        console.print(f"\n{heading}: {check.file_id}{more}", style=color, markup=False)
        for label, text in (("expected", expected), ("seen", failure.seen), ("fix", fix)):
            lines = textwrap.fill(f"  {label:<9}{text}", console.width, subsequent_indent=" " * 11)
            console.print(lines, markup=False, highlight=False)
    if groups:
        console.print()


def _kind(check: FileCheck) -> str:
    return "/".join(part for part in (check.entity, check.format) if part) or "(top folder)"


def _labelled(progress: Progress | None, label: str) -> Progress | None:
    if progress is None:
        return None
    return lambda name, number, total: progress(f"{label} {name}", number, total)


def _is_judged(file: LandedFile, suites: dict[str, dict[str, Any]]) -> bool:
    has_suite = file.entity in suites and file.format in suites[file.entity]["formats"]
    return has_suite or file.status != "ok"


def _problem_changed(file: LandedFile, done: dict[str, FileCheck]) -> bool:
    """Whether a file repeats another one depends on the other files, so it is decided anew."""
    failures = done[file.file_version].failures
    known = {failure.seen for failure in failures if failure.expectation == "registry"}
    return known != ({file.problem} if file.problem else set())


# ---- reading: the few columns of a suite, as a data frame


def columns_query(file: LandedFile, suite: dict[str, Any]) -> str:
    """SQL for the suite's columns of a file: one row a record, or one row an item or result of a page.

    _row is the record's line in the file; is_readable is false for what is not a JSON object (or not a page).
    Beside each column stands `<column>?`: 1 if the record has one of its fields, 0 if not, null if it needs none.
    """
    layout = suite["formats"][file.format]
    paths = {name: layout["fields"][name] for name in suite["columns"]}
    of_kind = layout.get("kind", [])
    documents: dict[str, list[str]] = {"item": [], "bucket": []}  # document to the paths read from it
    for path in (path for of_column in (*paths.values(), of_kind) for path in of_column):
        document, inner = _split(path)
        if document not in documents:
            documents["item"].append(document)
            documents[document] = []
        documents[document].append(inner)
    for inner_paths in documents.values():
        inner_paths[:] = list(dict.fromkeys(inner_paths))
    nested = [document for document in documents if document not in ("item", "bucket")]
    alias = {"item": "item_values", "bucket": "bucket_values"}
    alias |= {document: f"nested_{number}" for number, document in enumerate(nested)}

    def value(path: str) -> str:
        document, inner = _split(path)
        return f"{alias[document]}[{documents[document].index(inner) + 1}]"

    typed, is_there = {}, {}
    for name, kind in suite["columns"].items():
        values = [value(path) for path in paths[name]]
        typed[name] = _typed(kind, values, layout["times"])
        has_one = " or ".join(f"{v} is not null" for v in values) or "false"
        is_there[name] = f"case when {has_one} then 1 else 0 end"
    for name, reasons in suite.get("not_needed", {}).items():  # a stand-in, so that it is not missed
        is_excused = " or ".join(f"({typed[reason]})" for reason in reasons)
        stand_in = "''" if suite["columns"][name] == "text" else "0"
        typed[name] = f"coalesce({typed[name]}, case when {is_excused} then {stand_in} end)"
        is_there[name] = f"nullif({is_there[name]}, case when {is_excused} then 0 end)"
    selected = [f'{typed[name]} as {name}, {is_there[name]} as "{name}?"' for name in suite["columns"]]
    calls = ", ".join(f"'{call}'" for call in layout.get("calls", []))
    kind_of_record = f"lower({_typed('text', [value(path) for path in of_kind], layout['times'])})"
    is_checked = f"{kind_of_record} is null or {kind_of_record} in ({calls})" if of_kind else "true"
    unreadable = "$." + landing_zone.MARKER
    documents["item"].append(unreadable)
    inner_documents = "".join(
        f", json_extract({_object(value(n))}, {documents[n]}) as {alias[n]}" for n in nested
    )
    return f"""
        with {_items_query(file, layout)},
        outer_values as (
            select _row, json_extract(item, {documents["item"]}) as item_values,
                json_extract(bucket, {documents["bucket"] or ["$"]}) as bucket_values
            from items
        ),
        all_values as (
            select _row, item_values is not null and {value(unreadable)} is null as is_readable,
                item_values, bucket_values{inner_documents}
            from outer_values
        )
        select _row, is_readable, {", ".join(selected)} from all_values where {is_checked}
    """


def _items_query(file: LandedFile, layout: dict[str, Any]) -> str:
    """The relation `items`: the records, the results in their buckets, or the items of their lists."""
    items = _ITEMS.get(layout["records"]) or _list_items(layout["items"])
    return f"""lines as ({_lines_query(file)}),
        records as (
            select _row,
                case when ltrim(content) like '{{%' and json_valid(content) then content end as record
            from lines where trim(content) != ''
        ),
        items as ({items})"""


def _list_items(paths: list[str]) -> str:
    """The items of the first list that a record has (one row without item if it is empty), or the record."""
    cases = ""
    for path in paths:
        page, found = path.partition("[*]")[0], f"json_extract(record, '{path}')"
        cases += f"""
            when json_type(record, '{page}') = 'OBJECT' then [json_extract(record, '{page}')]
            when json_type(record, '{page}') = 'ARRAY' then case when len({found}) > 0 then {found} else [null] end"""
    return f"""
        select _row, case when json_type(item) = 'OBJECT' then item::varchar end as item, null::varchar as bucket
        from (select _row, unnest(case {cases} else [record::json] end) as item from records)
    """


# A page holds buckets, a bucket holds results; a record that is no page is not readable.
_ITEMS = {
    "record": "select _row, record as item, null::varchar as bucket from records",
    "page": """
        select _row, unnest(json_extract(bucket, '$.results[*]'))::varchar as item, bucket
        from (
            select _row, unnest(json_extract(record, '$.data[*]'))::varchar as bucket
            from records where json_type(record, '$.data') = 'ARRAY'
        )
        union all
        select _row, null, null from records where json_type(record, '$.data') is distinct from 'ARRAY'
    """,
}


def _split(path: str) -> tuple[str, str]:
    """The document that a path reads from (item, bucket, or JSON text in the item), and the path in it."""
    if ">" in path:
        document, inner = path.split(">")
        return document, inner
    return ("bucket", "$" + path[1:]) if path.startswith("^") else ("item", path)


def _object(value: str) -> str:
    """The JSON object in a field: as it is, as JSON text, or as OpenTelemetry's list of keys and values."""
    text = f"(case when {value} like '\"%' then {value} ->> '$' else {value}::varchar end)"
    pairs = f"""'{{' || array_to_string(list_transform(json_extract({text}, '$[*]'),
        lambda pair: concat(to_json(coalesce(pair ->> '$.key', '')), ':',
            coalesce(json_extract(pair, '$.value.*')[1], 'null'))), ',') || '}}'"""
    return f"case when json_valid({text}) then case when {text} like '[%' then {pairs} else {text} end end"


def _typed(kind: str, values: list[str], times: str) -> str:
    """The SQL of one column from its JSON values. The kinds are described in docs/raw-checks.md."""
    # Cheaper than parsing each value as JSON again; an escape inside a string does not matter here.
    texts = [f"nullif(nullif(trim({value}::varchar, '\"'), ''), 'null')" for value in values]
    joined = ", ".join([*texts, "null"])
    first = f"coalesce({joined})"
    terms = " + ".join(f"coalesce(try_cast({text} as double), 0)" for text in texts) or "0"
    numbers = ", ".join(f"try_cast({text} as double)" for text in texts)
    time_readers = {
        "iso": f"timezone('UTC', try_cast({first} as timestamptz))",
        "unix seconds": f"timezone('UTC', try(to_timestamp(try_cast({first} as double))))",
        "unix nanoseconds": f"timezone('UTC', try(to_timestamp(try_cast({first} as double) / 1e9)))",
        "month/day/year": f"try_strptime({first}, '%m/%d/%Y')",
    }
    time = f"coalesce({', '.join(time_readers[name] for name in reversed(times.split(' or ')))})"
    sql = {
        "text": first,
        "code": f"upper({first})",
        "number": f"try_cast({first} as double)",
        "smallest": f"least({numbers})",
        "largest": f"greatest({numbers})",
        "sum": f"case when {first} is not null then {terms} end",
        "time": f"case when {time} < timestamp '{FAR}' then {time}::timestamp "
        f"when {time} is not null then timestamp '{FAR}' end",
        # That there is one, not which: no person's id leaves the file.
        "given": f"case when regexp_matches(concat({joined}), '[^0-]') then 'given' end",
        # An HTTP status, OpenTelemetry's status code 2, or a word.
        "failed": f"coalesce(try_cast({first} as integer) not between 0 and 399 or {first} = '2', "
        f"regexp_matches(lower({first}), '({FAILED})$'), false)",
        "embedding": f"coalesce(contains(lower({first}), 'embed'), false)",
        "key": f"case when {first} is not null then hash(concat_ws(' ', {joined}))::varchar end",
    }
    return sql[kind]


def _lines_query(file: LandedFile) -> str:
    """_row and content (JSON text) of a file's records: the reading of macros/landing/landed_records.sql."""
    path = "'" + file.read_path.replace("'", "''") + "'"
    if file.reader == "parquet":
        return f"""select file_row_number + 1 as _row, to_json(r)::varchar as content
            from (select * from read_parquet({path}, file_row_number = true)) as r"""
    if file.reader == "csv":
        return f"""select row_number() over () + 1 as _row, to_json(r)::varchar as content
            from read_csv({path}, delim = '{file.delimiter}', quote = '"', escape = '"', header = true,
                all_varchar = true, sample_size = 1, max_line_size = {landing_zone.LONGEST_RECORD}) as r"""
    return f"""select row_number() over () as _row, content
        from read_csv({path}, columns = {{'content': 'VARCHAR'}}, delim = '\x01', quote = '', escape = '',
            header = false, auto_detect = false, strict_mode = false,
            max_line_size = {landing_zone.LONGEST_RECORD})"""


@dataclass
class _Frame:
    """A file's columns, which of its required ones no record has, and what it has instead."""

    file: LandedFile
    frame: pd.DataFrame
    facts: Facts
    problem: str | None = None


def _read(connection: duckdb.DuckDBPyConnection, file: LandedFile, suite: dict[str, Any]) -> _Frame:
    try:
        frame = connection.execute(columns_query(file, suite)).df()
    except duckdb.Error as error:
        frame = pd.DataFrame({"_row": [1], "is_readable": [False]})
        return _Frame(file, frame, Facts(), " ".join(str(error).split())[:160])
    frame = frame.set_index("_row").rename_axis(None)  # unnamed: Great Expectations then gives plain lines
    states = {name: frame[f"{name}?"] for name in suite["columns"]}
    has_field = {name: bool((there == 1).any() or not (there == 0).any()) for name, there in states.items()}
    frame = frame.drop(columns=[f"{name}?" for name in suite["columns"]])
    required = next(e["kwargs"]["column_set"] for e in suite["expectations"] if e["type"] == FIELDS_EXIST)
    if frame["is_readable"].any():
        frame = frame.drop(columns=[name for name in required if not has_field[name]])
    else:
        frame = frame[["is_readable"]]
    return _Frame(file, frame, _facts(frame, suite))


def _facts(frame: pd.DataFrame, suite: dict[str, Any]) -> Facts:
    times = _times(frame, suite)
    return Facts(
        first_at=times.min().isoformat() if len(times) else None,
        last_at=times.max().isoformat() if len(times) else None,
        records=int(frame["is_readable"].sum()),
        amount=float(frame["amount"].sum()) if "amount" in frame else None,
    )


def _times(frame: pd.DataFrame, suite: dict[str, Any]) -> pd.Series:
    """The suite's first time column, as far as it can be read."""
    name = next(name for name, kind in suite["columns"].items() if kind == "time")
    return frame[name].dropna() if name in frame else pd.Series(dtype="datetime64[us]")


def _own_fields(connection: duckdb.DuckDBPyConnection, file: LandedFile, layout: dict[str, Any]) -> str:
    """The fields of what is judged first, which name a changed header."""
    query = f"""with {_items_query(file, layout)} select array_to_string(json_keys(item), ', ') from items
        where item is not null order by _row limit 1"""
    row = connection.execute(query).fetchone()
    return str(row[0])[:160] if row else ""


# ---- judging


class _Checker:
    """Feeds files to Great Expectations: one data source, a batch definition a format, a suite an entity."""

    def __init__(
        self, suites: dict[str, dict[str, Any]], latest: datetime, pages: _Pages, progress: Progress | None
    ) -> None:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import
        import great_expectations as gx  # takes seconds  # noqa: PLC0415

        logging.getLogger("great_expectations").setLevel(logging.ERROR)
        self._gx = gx
        self._context = gx.get_context(mode="ephemeral")
        self._context.enable_analytics(False)
        self._context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
        self._source = self._context.data_sources.add_pandas("landing")
        self._batches: dict[str, Any] = {}
        self._cached: dict[tuple[str, frozenset[int]], Any] = {}
        self._suites = suites
        self._latest = latest
        self._pages = pages
        self._progress = progress

    def check(self, new: list[LandedFile], done: dict[str, FileCheck]) -> Iterator[FileCheck]:
        """The verdict on each new file; done: the files that an earlier run checked, to compare with."""
        anew = {file.file_version for file in new}
        history = [
            _Sibling.of(check, check.facts) for check in done.values() if check.file_version not in anew
        ]
        number = 0
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'UTC'")  # a time that names no zone is UTC
            for chunk in _chunks(new):
                with ThreadPoolExecutor(READERS) as pool:
                    read = pool.map(lambda file: self._read(connection.cursor(), file), chunk)
                    frames = dict(zip((file.file_id for file in chunk), read, strict=True))
                history += [_Sibling.of(frame.file, frame.facts) for frame in frames.values() if frame]
                for file in chunk:
                    number += 1
                    if self._progress:
                        self._progress(file.file_id, number, len(new))
                    is_last = number > len(new) - DATA_DOCS_PAGES
                    yield self._check_file(connection, file, frames[file.file_id], history, is_last)

    def _read(self, connection: duckdb.DuckDBPyConnection, file: LandedFile) -> _Frame | None:
        suite = self._suites.get(file.entity)
        if suite is None or file.format not in suite["formats"] or file.status not in READ_STATUSES:
            return None
        return _read(connection, file, suite)

    def _check_file(
        self,
        connection: duckdb.DuckDBPyConnection,
        file: LandedFile,
        frame: _Frame | None,
        history: list[_Sibling],
        is_last: bool,
    ) -> FileCheck:
        failures = list(_registry_failures(file, frame.problem if frame else None))
        passed = 0
        if frame is not None and not frame.problem:
            suite = self._suites[file.entity]
            parameters = _parameters(frame, suite, self._latest, history)
            result = self._validate(frame, suite, parameters)
            for outcome in result.results:
                if outcome.success:
                    passed += 1
                elif not (failures and outcome.expectation_config.kwargs.get("column") == "is_readable"):
                    own_fields = partial(_own_fields, connection, file, suite["formats"][file.format])
                    failures.append(_failure(outcome, parameters, own_fields))
            if failures or is_last:
                self._pages.write(file, result)
        return FileCheck(
            file_id=file.file_id,
            entity=file.entity,
            format=file.format,
            account_id=file.account_id,
            file_version=file.file_version,
            record_count=file.record_count,
            passed=passed,
            failures=tuple(sorted(failures, key=lambda f: (f.severity, f.column, f.expectation, f.expected))),
            facts=frame.facts if frame else Facts(),
        )

    def _validate(self, frame: _Frame, suite: dict[str, Any], parameters: dict[str, Any]) -> Any:
        kept = frozenset(
            number
            for number, expectation in enumerate(suite["expectations"])
            if _applies(expectation, set(frame.frame.columns), parameters)
        )
        cached = self._cached.get((suite["entity"], kept))
        if cached is None:
            expectations = [suite["expectations"][number] for number in sorted(kept)]
            cached = self._gx.ExpectationSuite(name=suite["entity"], expectations=expectations)
            self._cached[suite["entity"], kept] = cached
        name = f"{frame.file.entity} {frame.file.format}"
        if name not in self._batches:
            asset = self._source.add_dataframe_asset(name)
            self._batches[name] = asset.add_batch_definition_whole_dataframe("file")
        batch = self._batches[name].get_batch(batch_parameters={"dataframe": frame.frame})
        result = batch.validate(cached, result_format="BOOLEAN_ONLY", expectation_parameters=parameters)
        if result.success:  # counts and examples take twice the time: only for a file that fails
            return result
        return batch.validate(cached, result_format="SUMMARY", expectation_parameters=parameters)


def _chunks(files: list[LandedFile]) -> Iterator[list[LandedFile]]:
    """Files in path order, as many at a time as fit in memory."""
    chunk: list[LandedFile] = []
    records = 0
    for file in files:
        if chunk and records + file.record_count > RECORDS_AT_ONCE:
            yield chunk
            chunk, records = [], 0
        chunk.append(file)
        records += file.record_count
    if chunk:
        yield chunk


def _applies(expectation: dict[str, Any], columns: set[str], parameters: dict[str, Any]) -> bool:
    """Not where the column is missing (that is reported once) or where there is nothing to compare with."""
    kwargs = expectation["kwargs"]
    needed = [value["$PARAMETER"] for value in kwargs.values() if isinstance(value, dict)]
    is_comparable = all(parameters.get(name) is not None for name in needed)
    if expectation["type"] == FIELDS_EXIST:
        return len(columns) > 1  # no readable record: said by is_readable
    named = {kwargs[name] for name in ("column", "column_A", "column_B") if name in kwargs}
    return is_comparable and named <= columns


@dataclass(frozen=True)
class _Sibling:
    """A file as others are compared with it. Files of one series are of one kind."""

    series: str
    file_id: str
    facts: Facts

    @classmethod
    def of(cls, file: LandedFile | FileCheck, facts: Facts) -> _Sibling:
        """The series: folder and name but for the parts that hold a digit (dates, numbers, hashes)."""
        name = re.sub(r"[^\W_]*\d[^\W_]*", "#", "/".join(Path(file.file_id).parts[2:]))
        return cls(f"{file.entity}/{file.format}/{file.account_id}/{name}", file.file_id, facts)


def _parameters(
    frame: _Frame, suite: dict[str, Any], latest: datetime, history: list[_Sibling]
) -> dict[str, Any]:
    """What a file is measured against. Without enough history a value is left out, with its expectation."""
    file, facts = frame.file, frame.facts
    parameters: dict[str, Any] = {"latest": latest.isoformat()}
    times = _times(frame.frame, suite)
    if len(times):
        middle = times.sort_values().iloc[len(times) // 2]
        days = pd.Timedelta(days=suite["span_days"])
        parameters["span_from"] = (middle - days).isoformat()
        parameters["span_until"] = (middle + days).isoformat()
    own = _Sibling.of(file, facts)
    others = [o for o in history if o.series == own.series and o.file_id != own.file_id]
    before = [o.facts for o in others if o.file_id < own.file_id and o.facts.records]
    if suite["weekends_differ"]:
        before = [f for f in before if f.is_weekend == facts.is_weekend]
    if len(before) >= MINIMUM_HISTORY:
        median = statistics.median(f.records for f in before)
        parameters["rows_from"] = int(median * VOLUME_RANGE[0])
        parameters["rows_until"] = int(median * VOLUME_RANGE[1]) + 1
        amount = statistics.median(f.amount or 0.0 for f in before)
        if amount > 0 and facts.amount is not None:
            parameters["amount_from"] = amount * AMOUNT_RANGE[0]
            parameters["amount_until"] = amount * AMOUNT_RANGE[1]
    # One odd file at either end does not stretch the range.
    starts = sorted(o.facts.first_at for o in others if o.facts.first_at)[1:]
    ends = sorted(o.facts.last_at for o in others if o.facts.last_at)[:-1]
    if len(starts) >= MINIMUM_HISTORY:
        margin = timedelta(days=NEIGHBOUR_DAYS)
        parameters["others_from"] = (datetime.fromisoformat(starts[0]) - margin).isoformat()
        parameters["others_until"] = (datetime.fromisoformat(ends[-1]) + margin).isoformat()
    return parameters


_REGISTRY_FIXES = {
    "unknown_format": ("warning", "every file lies in the folder of a format and has a known file type"),
    "empty": ("warning", "the file holds records"),
    "duplicate_delivery": ("warning", "each content is delivered once"),
    "repaired": ("warning", "every record can be read"),
    "unreadable": ("critical", "the file can be read"),
}


def _registry_failures(file: LandedFile, read_problem: str | None) -> Iterator[Failure]:
    """What the file registry already knows, in its words; `; ` in them parts the fix from the problem."""
    if read_problem:
        fix = "deliver the file again"
        yield Failure("critical", "registry", "", "the file can be read", read_problem, fix)
    if file.status in _REGISTRY_FIXES:
        severity, expected = _REGISTRY_FIXES[file.status]
        yield Failure(severity, "registry", "", expected, file.problem or "", _registry_fix(file))


def _registry_fix(file: LandedFile) -> str:
    if file.status == "duplicate_delivery":
        return "remove one of the two"
    if file.status == "repaired":
        return "the other records are used; ask the sender for the whole file and replace this one"
    return (file.problem or "").rpartition("; ")[2]


def _failure(outcome: Any, parameters: dict[str, Any], own_fields: Callable[[], str]) -> Failure:
    config, result = outcome.expectation_config, outcome.result
    column = str(config.kwargs.get("column") or config.kwargs.get("column_A") or "")
    severity = "critical" if str(config.severity.value) == "critical" else "warning"
    if config.type == FIELDS_EXIST:
        absent = set(config.kwargs["column_set"]) - set(result["observed_value"])
        seen = f"no record has {', '.join(sorted(absent))}; the records have {own_fields()}"
    elif "unexpected_count" in result:
        broken, total = int(result["unexpected_count"]), int(result["element_count"])
        if broken <= config.meta.get("few", FEW) * total:
            severity = "warning"
        seen = f"{broken:,} of {total:,} records" + _example(config.type, result)
    elif message := next(_exceptions(outcome.exception_info), ""):
        seen = f"could not be evaluated: {message}"
    else:
        seen = _shown(result.get("observed_value")) + _bounds(config.kwargs, parameters)
    return Failure(severity, config.type, column, config.description, seen, config.meta["fix"])


def _bounds(kwargs: dict[str, Any], parameters: dict[str, Any]) -> str:
    """The bounds of one figure of the file, as they were for this file."""
    bounds = []
    for word, name in (("at least", "min_value"), ("at most", "max_value")):
        bound = kwargs.get(name)
        bound = parameters.get(bound["$PARAMETER"]) if isinstance(bound, dict) else bound
        if bound is not None:
            bounds.append(f"{word} {_shown(bound)}")
    return f" ({', '.join(bounds)})" if bounds else ""


def _example(expectation: str, result: dict[str, Any]) -> str:
    lines = result.get("partial_unexpected_index_list") or []
    values = result.get("partial_unexpected_list") or []
    first = f", the first at line {int(lines[0]):,}" if lines else ""
    if not values or expectation == "expect_column_values_to_not_be_null" or isinstance(values[0], bool):
        return first
    return f"{first}: {_shown(values[0])}"


def _exceptions(info: dict[str, Any]) -> Iterator[str]:
    nested = [info] if "raised_exception" in info else list(info.values())
    return (str(one["exception_message"])[:160] for one in nested if one.get("raised_exception"))


def _shown(value: Any) -> str:
    if isinstance(value, tuple | list):  # a pair, of which the first should be the larger
        return " < ".join(_shown(part) for part in value)
    if isinstance(value, str):
        return value[:60]
    if hasattr(value, "year") or type(value).__name__ == "datetime64":
        return str(pd.Timestamp(value).isoformat(sep=" ", timespec="seconds"))
    if isinstance(value, int | float) or hasattr(value, "dtype"):
        return f"{float(value):,.6g}" if float(value) % 1 else f"{int(value):,}"
    return str(value)


# ---- Data Docs: Great Expectations' pages, made to open from a file without a network


_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 }
td, th { border: 1px solid #ccc; padding: .3rem .5rem; text-align: left; vertical-align: top }
th { background: #f2f2f2 } .num { text-align: right }
h1 { font-size: 1.3rem } h5, h6 { margin: .2rem 0; font-size: 1rem }
.alert-secondary { background: #eef2f6; padding: .5rem .8rem; margin-top: 1.2rem }
.badge { background: #e4e4e4; padding: 0 .3rem } i { font-style: normal } a { color: #0b57a4 }
.fa-check-circle::before, .fa-check::before { content: "\\2714"; color: #17703a }
.fa-times::before, .fa-times-circle::before { content: "\\2718"; color: #b3261e }
.fa-exclamation-circle::before, .fa-exclamation-triangle::before { content: "!" }
.text-danger, .fail { color: #b3261e } .warn { color: #8a5a00 } .pass { color: #17703a }
.cooltip .top, .popover { display: none } pre { white-space: pre-wrap }
"""


def _page(title: str, body: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


class _Pages:
    """`data_docs/`: index.html (every file) and files/<file version>.html (the last and the failing ones)."""

    def __init__(self, folder: Path, start_anew: bool) -> None:
        self._folder = folder
        self._written = 0
        self._loaded = False
        if start_anew:
            for page in folder.glob("files/*.html"):
                page.unlink()

    def _load_renderer(self) -> None:
        """Once, when there is a page to write: the templates are compiled and kept."""
        from great_expectations.core import expectation_validation_result as results  # noqa: PLC0415
        from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer  # noqa: PLC0415
        from great_expectations.render.view.view import DefaultJinjaPageView  # noqa: PLC0415

        self._as_stored = results.expectationSuiteValidationResultSchema.load
        self._renderer = ValidationResultsPageRenderer()
        self._view: Any = DefaultJinjaPageView()
        self._loaded = True

    def write(self, file: LandedFile, result: Any) -> None:
        """Great Expectations' own page of a result, without the styles, scripts and images that it loads."""
        if self._written >= 2 * DATA_DOCS_PAGES:
            return
        if not self._loaded:
            self._load_renderer()
        plain = json.loads(json.dumps(result.to_json_dict()))  # numpy's numbers become plain ones
        version = plain["meta"].get("great_expectations_version")
        stored = self._as_stored(plain | {"meta": {"great_expectations_version": version}})
        page = str(self._view.render(self._renderer.render(stored)))
        body = page[page.index('<div id="section-1"') :]
        body = re.sub(r"<(script|footer|style)\b.*?</\1>", "", body, flags=re.DOTALL)
        body = re.sub(r"</body>|</html>|<(?:link|img)\b[^>]*>", "", body)
        body = re.sub(r'<a\b[^>]*href="(?!#)[^"]*"[^>]*>(.*?)</a>', r"\1", body, flags=re.DOTALL)
        title = html.escape(file.file_id)
        head = f'<p><a href="../index.html">All files</a></p>\n<h1>{title}</h1>\n'
        self._written += 1
        _write_text(self._folder / "files" / f"{file.file_version}.html", _page(file.file_id, head + body))

    def write_index(self, report: CheckReport) -> None:
        """The index, failing files first; pages of files that are gone or beyond the limit are removed."""
        by_path = sorted(report.files, key=lambda check: check.file_id, reverse=True)
        ordered = sorted(by_path, key=lambda check: -RANK[check.status])
        kept = {check.file_version for check in ordered[:DATA_DOCS_PAGES]}
        existing = set()
        for page in self._folder.glob("files/*.html"):
            if page.stem in kept:
                existing.add(page.stem)
            else:
                page.unlink()
        rows = "\n".join(self._row(check, check.file_version in existing) for check in ordered)
        counts = Counter(check.status for check in report.files)
        summary = ", ".join(f"{counts[status]:,} {status}" for status in ("fail", "warn", "pass"))
        body = (
            f"<h1>Raw checks of the landing zone</h1>\n<p>{len(report.files):,} files: {summary}. "
            "A failing check drops no line: what can be read is used, the rest becomes reject rows.</p>\n"
            "<table><tr><th>status</th><th>file</th><th>records</th><th>passed</th>"
            "<th>what failed</th></tr>\n" + rows + "\n</table>"
        )
        _write_text(self._folder / "index.html", _page("Raw checks", body))

    @staticmethod
    def _row(check: FileCheck, has_page: bool) -> str:
        name = html.escape(check.file_id)
        link = f'<a href="files/{check.file_version}.html">{name}</a>' if has_page else name
        failures = "<br>".join(
            html.escape(f"expected: {f.expected}; seen: {f.seen}; fix: {f.fix}") for f in check.failures
        )
        return (
            f'<tr><td class="{check.status}">{check.status}</td><td>{link}</td>'
            f'<td class="num">{check.record_count:,}</td><td class="num">{check.passed}</td>'
            f"<td>{failures}</td></tr>"
        )


# ---- state


def _as_json(file: LandedFile) -> dict[str, Any]:
    return asdict(file) | {"modified_at": file.modified_at.isoformat()}


def _load_registry(path: Path) -> dict[str, LandedFile]:
    if not path.exists():
        return {}
    names = {f.name for f in fields(LandedFile)}
    known = {}
    for row in json.loads(path.read_text(encoding="utf-8")):
        if set(row) != names:
            return {}  # written by another version
        file = LandedFile(**row | {"modified_at": datetime.fromisoformat(row["modified_at"])})
        if file.status == "duplicate_delivery":  # decided anew each time: the other one may be gone
            file = replace(file, status="ok", problem=None)
        known[file.file_id] = file
    return known


def _write(path: Path, content: Any) -> None:
    _write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
