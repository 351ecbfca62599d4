"""Results side by side: ratios first, seconds second, as markdown; and a bar chart as SVG."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

Result = dict[str, Any]
Figure = Callable[[Result], float | None]

SLOWEST = 15  # models in the table of models
SLOWEST_QUERIES = 10
GIB = 2**30


class NotRead(Exception):
    """Says which file is no result."""


def load(paths: Iterable[Path]) -> dict[str, Result]:
    """The results in these files, by the name that heads their column."""
    found: dict[str, Result] = {}
    for path in paths:
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            result["runs"], result["about"]["requests"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NotRead(f"{path} is no result of `ai-cost bench --output`: {error}") from error
        found[path.stem if path.stem not in found else str(path)] = result
    return found


def write(result: Result, path: Path) -> None:
    """Write a result; numbers with six places."""
    text = json.dumps(
        json.loads(json.dumps(result), parse_float=lambda text: round(float(text), 6)), indent=1
    )
    path.write_text(text + "\n", encoding="utf-8")


def value(result: Result, *path: str) -> Any:
    """What stands at a place of the runs; None when that was not measured."""
    here: Any = result["runs"]
    for name in path:
        if not isinstance(here, dict) or name not in here:
            return None
        here = here[name]
    return here


def _of(*path: str) -> Figure:
    return lambda result: value(result, *path)


def _ratio(upper: Figure, lower: Figure) -> Figure:
    def ratio(result: Result) -> float | None:
        above, below = upper(result), lower(result)
        return above / below if above is not None and below else None

    return ratio


def _chdb_seconds(result: Result) -> float | None:
    seconds = value(result, "chdb", "seconds")
    return seconds["ledger"] + seconds["marts"] if seconds else None


def _peak_gib(result: Result) -> float | None:
    peaks = [
        run["peak_memory"]
        for name, run in result["runs"].items()
        if name in ("full", "nothing", "day", "late")
    ]
    return max(peaks) / GIB if peaks else None


def _slowest_query(result: Result) -> float | None:
    asked = value(result, "queries") or {}
    return max(
        (each["longest_seconds"] for each in asked.values() if "longest_seconds" in each), default=None
    )


def _largest_difference(result: Result) -> float | None:
    found = [
        each["largest_difference_usd"]
        for run in result["runs"].values()
        for each in run.get("differences", {}).values()
    ]
    return max(found, default=None)


FULL = _of("full", "seconds")


@dataclass(frozen=True)
class Row:
    """A line of a table: what it is, where it is from, how it is printed, and the goal (at most, or below)."""

    label: str
    figure: Figure
    form: str = "{:,.2f}"
    goal: float | None = None
    is_below: bool = False

    def cell(self, result: Result) -> str:
        """The figure, with a mark where it misses the goal."""
        figure = self.figure(result)
        if figure is None:
            return "-"
        text = self.form.format(figure)
        if self.goal is None:
            return text
        is_met = figure < self.goal if self.is_below else figure <= self.goal
        return text if is_met else f"**{text}**"

    def goal_text(self) -> str:
        """The goal as it is printed."""
        if self.goal is None:
            return ""
        return f"{'<' if self.is_below else '<='} {self.goal:g}"


RATIOS = (
    Row("full build / floor", _ratio(FULL, _of("floor", "seconds", "ledger")), goal=6),
    Row("full build / chdb (ledger and marts)", _ratio(FULL, _chdb_seconds), goal=3),
    Row(
        "full build / floor, processor seconds",
        _ratio(_of("full", "cpu_seconds"), _of("floor", "cpu_seconds", "ledger")),
    ),
    Row(
        "staging / typed read",
        _ratio(_of("full", "staging_seconds"), _of("floor", "seconds", "typed_read")),
        goal=4,
    ),
    Row("one new day / full build", _ratio(_of("day", "seconds"), FULL), goal=0.1),
    Row("late rows on 30 old days / full build", _ratio(_of("late", "seconds"), FULL)),
    Row("nothing new / full build", _ratio(_of("nothing", "seconds"), FULL)),
    Row(
        "1,000 files / one file",
        _ratio(_of("files", "many", "seconds"), _of("files", "one", "seconds")),
        goal=1.3,
    ),
    Row("peak memory of a build, GiB", _peak_gib, goal=4),
    Row("nothing new, s", _of("nothing", "seconds"), "{:,.1f}", goal=20),
    Row("a landing of 200 requests, s", _of("small", "seconds"), "{:,.1f}", goal=30),
    Row("slowest mart query, 10 readers, s", _slowest_query, "{:,.3f}", goal=1, is_below=True),
    Row("difference to the recomputation, USD", _largest_difference, "{:,.6f}", goal=0.005, is_below=True),
)

SECONDS = (
    Row("full build", FULL, "{:,.1f}"),
    Row("  requests a second", _ratio(lambda result: float(result["about"]["requests"]), FULL), "{:,.0f}"),
    Row("  processor seconds", _of("full", "cpu_seconds"), "{:,.1f}"),
    Row("  of it staging", _of("full", "staging_seconds"), "{:,.1f}"),
    Row("  sum of models", _of("full", "seconds_by_kind", "model"), "{:,.1f}"),
    Row("  sum of tests of data", _of("full", "seconds_by_kind", "test"), "{:,.1f}"),
    Row("  sum of unit tests", _of("full", "seconds_by_kind", "unit_test"), "{:,.1f}"),
    Row("nothing new", _of("nothing", "seconds"), "{:,.1f}"),
    Row("one new day", _of("day", "seconds"), "{:,.1f}"),
    Row("late rows on 30 old days", _of("late", "seconds"), "{:,.1f}"),
    Row("raw checks, all files", _of("check_all", "seconds"), "{:,.1f}"),
    Row("raw checks, one new day", _of("check_day", "seconds"), "{:,.1f}"),
    Row("one file", _of("files", "one", "seconds"), "{:,.1f}"),
    Row("1,000 files of the same rows", _of("files", "many", "seconds"), "{:,.1f}"),
    Row("a landing of 200 requests", _of("small", "seconds"), "{:,.1f}"),
    Row("floor: typed read alone", _of("floor", "seconds", "typed_read"), "{:,.1f}"),
    Row("floor: read, price and write", _of("floor", "seconds", "ledger"), "{:,.1f}"),
    Row("  processor seconds", _of("floor", "cpu_seconds", "ledger"), "{:,.1f}"),
    Row("floor: five marts from it", _of("floor", "seconds", "marts"), "{:,.1f}"),
    Row("chdb: ledger", _of("chdb", "seconds", "ledger"), "{:,.1f}"),
    Row("chdb: five marts from it", _of("chdb", "seconds", "marts"), "{:,.1f}"),
)


def _in_gb(*path: str) -> Figure:
    def figure(result: Result) -> float | None:
        found = value(result, *path)
        return found / 1e9 if found is not None else None

    return figure


SIZES = (
    Row("memory: full build", _in_gb("full", "peak_memory")),
    Row("memory: one new day", _in_gb("day", "peak_memory")),
    Row("memory: floor", _in_gb("floor", "peak_memory")),
    Row("memory: chdb", _in_gb("chdb", "peak_memory")),
    Row("disk: landing zone", lambda result: result["about"]["landing_bytes"] / 1e9),
    Row("disk: warehouse after the full build", _in_gb("full", "disk")),
    Row("disk: the most of the full build", _in_gb("full", "peak_disk")),
    Row("disk: the most of one new day", _in_gb("day", "peak_disk")),
)


def markdown(results: dict[str, Result]) -> str:
    """All tables."""
    parts = [_about(results), _table("ratio or limit", RATIOS, results, with_goal=True)]
    if across := _across(results):
        parts.append(across)
    parts += [_table("seconds", SECONDS, results), _table("GB", SIZES, results)]
    parts += [_models(results), _queries(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _about(results: dict[str, Result]) -> str:
    lines = []
    for name, result in results.items():
        about = result["about"]
        kind = f"{about['layout']}{', nested' if about['nested'] else ''}"
        unpublished = [
            f"{run}: {told['first_error']}" for run, told in result["runs"].items() if told.get("first_error")
        ]
        lines.append(
            f"- {name}: {about['requests']:,} requests of {about['days']} days, {kind}; commit {about['commit']}, "
            f"{about['measured_at'][:10]}, {about['cores']} cores, DuckDB {about['duckdb']}, "
            f"load {about['load_before']:g} before, {about['load_after']:g} after"
            + "".join(f"; nothing published by {each}" for each in unpublished)
        )
    return "\n".join(lines)


def _lines(head: list[str], rows: list[list[str]]) -> str:
    marks = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, marks, *rows])


def _table(what: str, rows: Iterable[Row], results: dict[str, Result], with_goal: bool = False) -> str:
    body = []
    for row in rows:
        cells = [row.cell(result) for result in results.values()]
        if any(cell != "-" for cell in cells):
            label = row.label.replace("  ", "&nbsp;&nbsp;")
            body.append([label, *([row.goal_text()] if with_goal else []), *cells])
    return _lines([what, *(["goal"] if with_goal else []), *results], body) if body else ""


def _across(results: dict[str, Result]) -> str:
    """One new day on a year over one new day on a month, of pairs of results that are alike but for the days."""
    rows = []
    for year_name, year in results.items():
        for month_name, month in results.items():
            alike = all(
                year["about"][key] == month["about"][key]
                for key in ("requests", "layout", "nested", "commit")
            )
            on_year, on_month = value(year, "day", "seconds"), value(month, "day", "seconds")
            if alike and year["about"]["days"] > month["about"]["days"] and on_year and on_month:
                row = Row("", lambda _, ratio=on_year / on_month: ratio, goal=1.3)  # type: ignore[misc]
                rows.append([f"{year_name} / {month_name}", row.goal_text(), row.cell(year)])
    return _lines(["one new day on a year / on a month", "goal", "ratio"], rows) if rows else ""


def _models(results: dict[str, Result]) -> str:
    """The models that took longest in any of the full builds."""
    of = {name: value(result, "full", "models") or {} for name, result in results.items()}
    longest: dict[str, float] = {}
    for models in of.values():
        for model, told in models.items():
            longest[model] = max(longest.get(model, 0.0), told["seconds"])
    rows = []
    for model in sorted(longest, key=lambda each: -longest[each])[:SLOWEST]:
        cells = [f"`{model}`"]
        for models in of.values():
            told = models.get(model)
            cells.append(_model_cell(told) if told else "-")
        rows.append(cells)
    head = "slowest models of the full build: s; rows a second; GB memory; GB disk"
    return _lines([head, *results], rows) if rows else ""


def _model_cell(told: dict[str, Any]) -> str:
    rate = f"{told['rows'] / told['seconds']:,.0f}" if told["rows"] and told["seconds"] else "-"
    disk = f"{told['bytes'] / 1e9:.3f}" if told["bytes"] is not None else "-"
    return f"{told['seconds']:,.1f}; {rate}; {told['peak_memory'] / 1e9:.2f}; {disk}"


def _queries(results: dict[str, Result]) -> str:
    of = {name: value(result, "queries") or {} for name, result in results.items()}
    marts = sorted(
        {mart for asked in of.values() for mart in asked},
        key=lambda mart: -max(asked.get(mart, {}).get("longest_seconds", 0.0) for asked in of.values()),
    )
    rows = []
    for mart in marts[:SLOWEST_QUERIES]:
        told = [asked.get(mart, {}) for asked in of.values()]
        rows.append([f"`{mart}`", *(_query_cell(each) for each in told)])
    return (
        _lines(["slowest queries of marts, 10 readers: median s; longest s", *results], rows) if rows else ""
    )


def _query_cell(told: dict[str, Any]) -> str:
    if "error" in told:
        return "other columns"
    return f"{told['median_seconds']:.3f}; {told['longest_seconds']:.3f}" if told else "-"


# ---- the chart

BARS = ("full", "nothing", "day", "late", "small")
LABELS = {
    "full": "full build",
    "nothing": "nothing new",
    "day": "one new day",
    "late": "late rows",
    "small": "200 requests",
}
COLORS = ("#4c6ef5", "#12b886", "#fab005", "#fa5252")
WIDTH, LEFT, BAR, GAP = 760, 150, 16, 14  # pixels
AFTER = 80  # pixels for the figure behind the longest bar


def svg(results: dict[str, Result]) -> str:
    """A chart of the seconds of each run: a bar a result."""
    runs = [run for run in BARS if any(value(result, run, "seconds") for result in results.values())]
    longest = max((value(r, run, "seconds") or 0 for r in results.values() for run in runs), default=0) or 1
    parts = []
    top = 24 + 18 * len(results)
    for number, name in enumerate(results):
        y = 14 + 18 * number
        parts.append(
            f'<rect x="{LEFT}" y="{y}" width="12" height="12" fill="{COLORS[number % len(COLORS)]}"/>'
        )
        parts.append(f'<text x="{LEFT + 18}" y="{y + 10}">{escape(name)}</text>')
    for run in runs:
        parts.append(f'<text x="{LEFT - 8}" y="{top + BAR - 4}" text-anchor="end">{LABELS[run]}</text>')
        for number, result in enumerate(results.values()):
            seconds = value(result, run, "seconds")
            if seconds is not None:
                width = max(seconds / longest * (WIDTH - LEFT - AFTER), 1)
                color = COLORS[number % len(COLORS)]
                parts.append(
                    f'<rect x="{LEFT}" y="{top}" width="{width:.1f}" height="{BAR}" fill="{color}"/>'
                )
                parts.append(f'<text x="{LEFT + width + 6:.1f}" y="{top + BAR - 4}">{seconds:,.1f} s</text>')
            top += BAR + 2
        top += GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}" '
        'font-family="sans-serif" font-size="12">\n<title>Seconds of each run</title>\n'
        f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )
