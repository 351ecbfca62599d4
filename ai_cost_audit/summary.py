"""The audit on one screen: reads the published copy, read-only, and prints it.

Every figure comes from a mart. SQL here selects, sorts, and adds up the rows of one column; it prices,
matches and judges nothing.

How money is printed: in cents, or in whole dollars once an amount of the table reaches 100,000, so that a
column always has one unit. Each amount is rounded by itself, a total too, so that it reads the same wherever
it stands: here, in the month report and on the site. Where the rows of a column then miss their total, a row
"Rounding" says by how much. An amount that is not zero never reads as zero, but for a difference.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import IO, Any, Literal

import duckdb
from rich.box import Box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ai_cost_audit.published import NotReadable, opened

Row = dict[str, Any]

MINIMUM_WIDTH = 80
WIDE = 110  # from this width on, details stand in columns of their own
WHOLE_DOLLARS_FROM = Decimal(100_000)
TEAMS_SHOWN = 20
ROUTES_SHOWN = 10
RESIDUALS_SHOWN = 10
FINDINGS_SHOWN = 10
PROBLEM_FILES_SHOWN = 5
NOTHING = "-"

LAYERS = {
    "managed_api": "Managed API",
    "self_hosted_inference": "Self-hosted inference",
    "training": "Training",
}
SURFACES = {
    "token_attribution": "Token attribution",
    "model_tier": "Model tier",
    "request_pricing": "Request pricing",
    "prompt_efficiency": "Prompt efficiency",
    "gpu_idle": "GPU idle",
    "overall": "Overall",
}
SHARE_GATES = (
    "reconciliation_gap",
    "missing_invoice",
    "unknown_share",
    "unpriced_share",
    "coverage_floor",
    "token_totals",
    "unknown_usage",
)  # the others count days or things
STYLES = {
    "pass": "green", "closed": "green", "proven": "red", "fail": "red", "open": "red", "critical": "red",
    "warn": "yellow", "at_risk": "yellow", "candidate": "yellow",
}  # fmt: skip


# ---- reading


@dataclass(frozen=True)
class Audit:
    """What the summary prints, as selected from the published copy."""

    path: Path
    month: date | None  # None: no record has a date yet
    run: Row
    gates: list[Row] = field(default_factory=list)
    layers: list[Row] = field(default_factory=list)  # with a row whose cost_layer is None: the total
    coverage: list[Row] = field(default_factory=list)  # with a row of provider 'all'
    residuals: list[Row] = field(default_factory=list)
    teams: list[Row] = field(default_factory=list)  # with a row whose team is None: the total
    routes: list[Row] = field(default_factory=list)
    pools: list[Row] = field(default_factory=list)
    findings: list[Row] = field(default_factory=list)
    scores: list[Row] = field(default_factory=list)
    files: Row = field(default_factory=dict)
    problem_files: list[Row] = field(default_factory=list)


def load(published: Path, month: date | None = None) -> Audit:
    """Select the audit of `month` (default: the audit month) from a published file.

    Raises NotReadable when the file is missing, is no DuckDB file, lacks a mart, or has no such month.
    """
    with opened(published) as connection:
        return select(connection, published, month)


def select(connection: duckdb.DuckDBPyConnection, published: Path, month: date | None = None) -> Audit:
    """The same, from an open published file."""

    def rows(sql: str, **values: Any) -> list[Row]:
        cursor = connection.execute(sql, values)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    run = (rows("from marts.audit_run") or [{}])[0]
    shown = month or run.get("audit_month")
    files = rows(_FILES)[0]
    problem_files = rows(_PROBLEM_FILES)
    if shown is None:
        return Audit(published, None, run, files=files, problem_files=problem_files)
    if month is not None:
        months = [row["month"] for row in rows(_MONTHS)]
        if month not in months:
            there = ", ".join(f"{m:%Y-%m}" for m in months) or "none"
            raise NotReadable(f"{published} has no month {month:%Y-%m}; it has: {there}")
    return Audit(
        path=published,
        month=shown,
        run=run,
        gates=rows(_GATES),
        layers=rows(_LAYERS, month=shown),
        coverage=rows(_COVERAGE, month=shown),
        residuals=rows(_RESIDUALS, month=shown),
        teams=rows(_TEAMS, month=shown, shown=TEAMS_SHOWN),
        routes=rows(_ROUTES, month=shown),
        pools=rows(_POOLS, month=shown),
        findings=rows(_FINDINGS),
        scores=rows(_SCORES),
        files=files,
        problem_files=problem_files,
    )


_MONTHS = """
    select distinct cast(date_trunc('month', date) as date) as month
    from marts.fct_cost_daily
    order by month
"""

_GATES = """
    select gate_id, provider, figure, warn_at, error_at, bad_when, status, look_first
    from marts.fct_gates
    order by list_position(['fail', 'warn', 'no_data', 'pass'], status), gate_id, provider
"""

# What the month before cost is unknown, not zero, when no day of it has data.
_LAYERS = """
    with
    costs as (
        select cost_layer, date >= $month::date as is_this_month, cost_usd
        from marts.fct_cost_daily
        where date >= $month::date - interval 1 month and date < $month::date + interval 1 month
    ),
    layers as (
        select
            cost_layer,
            coalesce(sum(cost_usd) filter (is_this_month), 0) as cost_usd,
            case
                when exists (select 1 from costs where not is_this_month)
                    then coalesce(sum(cost_usd) filter (not is_this_month), 0)
            end as previous_cost_usd
        from costs
        group by rollup (cost_layer)
    )
    select
        cost_layer, cost_usd, previous_cost_usd,
        cost_usd - previous_cost_usd as change_usd,
        (cost_usd - previous_cost_usd) / nullif(previous_cost_usd, 0) as change_share
    from layers
    order by cost_layer is null, cost_layer
"""

_COVERAGE = """
    select
        provider, billed_usd, invoice_usd, ledger_usd, attributed_usd, unattributed_usd, coverage_share, verdict,
        traced_coverage_share
    from marts.fct_coverage_monthly
    where month = $month
    order by provider = 'all', billed_usd desc nulls last, provider
"""

# The largest teams by name, the others in one row; unattributed always stands by itself.
_RESIDUALS = """
    select provider, residual_class, residual_usd
    from marts.fct_reconciliation_residuals_monthly
    where month = $month
    order by abs(residual_usd) desc, provider, residual_class
"""

_TEAMS = """
    with
    ranked as (
        select *, row_number() over (order by team_id = 'unattributed' desc, cost_usd desc, team_id) as place
        from marts.fct_team_spend_monthly
        where month = $month
    ),
    named as (
        select
            case when place <= $shown + 1 then team_id else '' end as team_id,
            case when place <= $shown + 1 then coalesce(team_name, team_id) end as team_name,
            cost_usd, previous_cost_usd, change_usd, share_of_total
        from ranked
    )
    select
        team_id,
        coalesce(any_value(team_name), count(*) || ' other teams') as team_name,
        sum(cost_usd) as cost_usd,
        sum(change_usd) as change_usd,
        sum(change_usd) / nullif(sum(previous_cost_usd), 0) as change_share,
        sum(share_of_total) as share_of_total
    from named
    group by rollup (team_id)
    having count(*) > 0
    order by
        team_id is null, team_id = 'unattributed', team_id = '', sum(cost_usd) desc, team_id
"""

_ROUTES = """
    select
        route_id, model, right_sized_model, current_cost_usd, overspend_usd, overspend_multiple,
        justified_premium_usd, verdict, justification, justified_until
    from marts.fct_route_overspend_monthly
    where month = $month
    order by overspend_usd desc nulls last, justified_premium_usd desc nulls last, route_id
"""

_POOLS = """
    select
        pool_id, gpu_model, purchase, utilization_share, cost_usd, waste_driver, waste_driver_text,
        recoverable_usd, recoverable_share
    from marts.fct_gpu_pools_monthly
    where month = $month
    order by recoverable_usd desc nulls last, cost_usd desc nulls last, pool_id
"""

_FINDINGS = """
    select
        rank, finding_type, subject, owner_team_id, amount_usd, monthly_savings_usd, effort_days, confidence
    from marts.fct_findings
    order by rank
"""

_SCORES = """
    select
        scores.audit_surface, scores.weight, scores.check_count, scores.score, scores.grade,
        (
            select
                string_agg(
                    if(status = 'warn', check_id || ' (warn)', check_id), ', ' order by status, check_id
                )
            from marts.fct_audit_checklist as checks
            where checks.audit_surface = scores.audit_surface and status in ('warn', 'fail')
        ) as not_passed
    from marts.fct_defect_score as scores
    order by scores.audit_surface = 'overall', scores.weight desc, scores.audit_surface
"""

_FILES = """
    select
        count(*) as file_count,
        coalesce(sum(record_count), 0) as record_count,
        coalesce(sum(rejected_record_count), 0) as rejected_record_count,
        coalesce(sum(duplicate_capture_count), 0) as duplicate_capture_count,
        count(*) filter (status != 'ok' or rejected_record_count > 0) as problem_file_count,
        (select count(*) from marts.fct_flagged_bill_lines) as flagged_line_count
    from marts.fct_landed_files
"""

_PROBLEM_FILES = f"""
    select source_file, status, problem, rejected_record_count
    from marts.fct_landed_files
    where status != 'ok' or rejected_record_count > 0
    order by rejected_record_count desc, source_file
    limit {PROBLEM_FILES_SHOWN}
"""


# ---- formatting


@dataclass(frozen=True)
class Money:
    """Prints the amounts of one table in one unit: cents, or dollars when an amount of it is large."""

    unit: Decimal

    @classmethod
    def of(cls, amounts: Iterable[Decimal | None]) -> Money:
        largest = max((abs(amount) for amount in amounts if amount is not None), default=Decimal(0))
        return cls(Decimal(1) if largest >= WHOLE_DOLLARS_FROM else Decimal("0.01"))

    def rounded(self, amount: Decimal) -> Decimal:
        return amount.quantize(self.unit, ROUND_HALF_UP)

    def text(self, amount: Decimal | None, signed: bool = False) -> str:
        """An amount; '<0.01' when it would read as zero and is not."""
        if amount is None:
            return NOTHING
        shown = self.rounded(amount)
        if shown == 0 and amount != 0:
            return f"<{self.unit}" if amount > 0 else f">-{self.unit}"
        return self.exact(shown, signed)

    def exact(self, shown: Decimal | None, signed: bool = False) -> str:
        """An amount that is rounded already."""
        if shown is None:
            return NOTHING
        shown = abs(shown) if shown == 0 else shown
        return f"{shown:+,}" if signed and shown else f"{shown:,}"

    def difference(self, amount: Decimal | None) -> str:
        """A difference with its sign; one that rounds to nothing is 0.00."""
        return NOTHING if amount is None else self.exact(self.rounded(amount), signed=True)

    def rounding(self, amounts: Sequence[Decimal | None], total: Decimal | None) -> Decimal:
        """What the amounts as printed lack to their total as printed, where rounding is all that parts them."""
        known = [amount for amount in amounts if amount is not None]
        if sum(known, Decimal(0)) != total:  # unknown, or a total of something else
            return Decimal(0)
        return self.rounded(total) - sum(map(self.rounded, known), Decimal(0))


def roundings(money: Money, parts: Sequence[Row], total: Row, names: Sequence[str]) -> dict[str, Decimal]:
    """The row "Rounding" of a table, by column; empty where every column adds up as printed."""
    found = {name: money.rounding([row[name] for row in parts], total[name]) for name in names}
    return found if any(found.values()) else {}


def percent(share: Decimal | float | None, signed: bool = False) -> str:
    """A share from 0 to 1 as a percentage that says 0.0% and 100.0% only when it is exactly that."""
    if share is None:
        return NOTHING
    exact = Decimal(str(share)) * 100
    shown = exact.quantize(Decimal("0.1"), ROUND_HALF_UP)
    if not signed and shown == 100 and exact < 100:
        return ">99.9%"
    if shown == 0 and exact != 0:
        return "<0.1%" if exact > 0 else ">-0.1%"
    return f"{shown:+,}%" if signed and shown else f"{abs(shown) if shown == 0 else shown:,}%"


def plain_number(value: Decimal | None) -> str:
    """A decimal without trailing zeros."""
    if value is None:
        return NOTHING
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def words(name: str | None) -> str:
    """`idle_gpu_pool` as words."""
    return (name or NOTHING).replace("_", " ").replace("gpu", "GPU")


def clean(value: Any) -> str:
    """One line of text that no terminal acts on, whatever a source wrote into a name."""
    text = NOTHING if value is None or value == "" else str(value)
    return "".join(character if character.isprintable() else "?" for character in text)


def shorten(text: str, width: int, mark: str) -> str:
    """Cut the middle out of a text that is wider than `width` cells: names differ at both ends."""
    if cell_len(text) <= width:
        return text
    room = max(width - cell_len(mark), 0)
    head, tail = "", ""
    for character in text:
        if cell_len(head + character) > room - room // 2:
            break
        head += character
    for character in reversed(text):
        if cell_len(character + tail) > room // 2:
            break
        tail = character + tail
    return (head + mark + tail)[: max(width, 0)]


# ---- tables

_RULED = Box("    \n    \n ── \n    \n ── \n    \n    \n    \n")
_ASCII = Box("    \n    \n -- \n    \n -- \n    \n    \n    \n", ascii=True)
_GAP = 2
INDENT = 2


@dataclass(frozen=True)
class Column:
    """One column. Amounts are never cut; `flexible` text is, in the middle, where the terminal is narrow.

    `wrapped` text takes more lines instead. On a narrow terminal an `under` column stands below the first
    one, in further lines of the row, opened by its `label`.
    """

    heading: str
    align: Literal["left", "right"] = "left"
    flexible: bool = False
    wrapped: bool = False
    under: bool = False
    label: str = ""


def console_for(stream: IO[str] | None = None, width: int | None = None, markup: bool = False) -> Console:
    """A console at least 80 columns wide; no colour and no box drawing when piped or under NO_COLOR."""
    out = stream or sys.stdout
    is_plain = not out.isatty() or bool(os.environ.get("NO_COLOR"))
    probe = Console(file=out, width=width)
    return Console(
        file=out,
        width=max(probe.width, MINIMUM_WIDTH),
        force_terminal=not is_plain,
        color_system=None if is_plain else "auto",
        no_color=is_plain,
        highlight=False,
        markup=markup,
        emoji=False,
        soft_wrap=False,
    )


def _is_plain(console: Console) -> bool:
    return not console.is_terminal or not console.encoding.lower().startswith("utf")


def show(console: Console, columns: Sequence[Column], rows: Sequence[Sequence[str]], totals: int = 0) -> None:
    """Print a table that fits the console; the last `totals` rows stand below a rule."""
    plain = _is_plain(console)
    mark = "..." if plain else "…"
    cells = [[clean(cell) for cell in row] for row in rows]
    below = [n for n, column in enumerate(columns) if column.under and console.width < WIDE]
    kept = [n for n in range(len(columns)) if n not in below]
    widths = {
        n: max(cell_len(text) for text in (columns[n].heading, *(row[n] for row in cells))) for n in kept
    }
    room = console.width - INDENT - _GAP * (len(kept) - 1)
    first_room = max(room - sum(widths[n] for n in kept[1:]), widths[kept[0]])
    details = [
        _packed([columns[n].label + row[n] for n in below if row[n] != NOTHING], first_room) for row in cells
    ]
    widths[kept[0]] = max(widths[kept[0]], *(cell_len(line) for lines in details for line in lines), 0)
    _narrow(widths, columns, room)
    table = Table(
        box=_ASCII if plain else _RULED,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        header_style="bold",
    )
    for n in kept:
        column = columns[n]
        table.add_column(
            Text(column.heading), justify=column.align, width=widths[n], no_wrap=not column.wrapped
        )
    for number, row in enumerate(cells):
        texts = [
            Text(
                row[n] if columns[n].wrapped else shorten(row[n], widths[n], mark),
                style=STYLES.get(row[n], ""),
            )
            for n in kept
        ]
        for line in details[number]:
            texts[0].append("\n" + shorten(line, widths[kept[0]], mark), style="dim")
        is_total = number >= len(cells) - totals
        ends_section = totals > 0 and number == len(cells) - totals - 1
        table.add_row(*texts, style="bold" if is_total else "", end_section=ends_section)
    _print_indented(console, table)


def _packed(texts: Sequence[str], width: int) -> list[str]:
    """The details of a row in as few indented lines as fit."""
    lines: list[str] = []
    for text in texts:
        if lines and cell_len(lines[-1]) + 2 + cell_len(text) <= width:
            lines[-1] += f"; {text}"
        else:
            lines.append(f"  {text}")
    return lines


def _narrow(widths: dict[int, int], columns: Sequence[Column], room: int) -> None:
    """Take cells from the widest flexible column until all fit."""
    while sum(widths.values()) > room:
        can = [n for n in widths if columns[n].flexible or columns[n].wrapped]
        can = [n for n in can if widths[n] > max(8, cell_len(columns[n].heading))]
        if not can:
            return
        widths[max(can, key=lambda n: widths[n])] -= 1


def _print_indented(console: Console, table: Table) -> None:
    """Print without the blanks that a table leaves at the end of its lines."""
    options = console.options.update(width=console.width - INDENT)
    for line in console.render_lines(table, options, pad=False):
        text = Text(" " * INDENT)
        for segment in line:
            text.append(segment.text, style=segment.style)
        text.rstrip()
        console.print(text, no_wrap=True, overflow="ignore", crop=False)


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold"), no_wrap=True, overflow="ignore", crop=False)


def _line(console: Console, text: str, indent: int = INDENT, style: str = "") -> None:
    """One paragraph, wrapped with a hanging indent."""
    wrapped = Text(clean(text), style=style).wrap(console, console.width - indent - 2)
    for number, line in enumerate(wrapped):
        line.rstrip()
        prefix = Text(" " * (indent if number == 0 else indent + 2))
        console.print(prefix.append_text(line), no_wrap=True, overflow="ignore", crop=False)


def _path_line(console: Console, label: str, path: str) -> None:
    """A path or command stays on one line, so that it can be copied."""
    console.print(Text(f"  {label:<13}{clean(path)}"), no_wrap=True, overflow="ignore", crop=False)


# ---- the sections


def render(audit: Audit, console: Console, checked: Any = None) -> None:
    """Print the summary; `checked` is the report of the last `ai-cost check`, if there was one."""
    _render_header(audit, console)
    if audit.month is None:
        console.print()
        _line(console, "No record has a date yet: land files and run `make build` again.")
    else:
        for section in (
            _render_layers,
            _render_coverage,
            _render_residuals,
            _render_teams,
            _render_routes,
            _render_pools,
            _render_findings,
            _render_scores,
            _render_gates,
        ):
            section(audit, console)
    _render_landing(audit, console, checked)
    _render_where_next(audit, console)


def _render_header(audit: Audit, console: Console) -> None:
    run = audit.run
    month = f" of {audit.month:%B %Y}" if audit.month else ""
    console.print(Text(f"AI cost audit{month}", style="bold"))
    status = run.get("books_status") or "no_data"
    failed = sorted(
        {f"{gate['gate_id']} ({gate['provider']})" for gate in audit.gates if gate["status"] == "fail"}
    )
    books = f"Books {status}" + (f", failed gates: {', '.join(failed)}" if failed else "")
    _line(console, books, style=f"bold {STYLES.get(status, '')}".strip())
    if run.get("audit_date"):
        _line(
            console,
            f"Audit date {run['audit_date']}, month {run['audit_month']:%Y-%m}, "
            f"data {run['first_business_date']} to {run['last_business_date']} ({run['reporting_timezone']})",
        )
    if run:
        _line(console, f"ai_cost_audit {run['project_version']}, dbt {run['dbt_version']}")
    _line(console, "Amounts in USD, each rounded by itself")


def _of_audit_month(audit: Audit) -> str:
    """What is judged for the audit month only says so when another month is shown."""
    judged = audit.run.get("audit_month")
    return "" if judged is None or judged == audit.month else f" of the audit month {judged:%Y-%m}"


def _render_layers(audit: Audit, console: Console) -> None:
    _heading(console, "Cost by layer")
    if not [row for row in audit.layers if row["cost_layer"]]:
        _line(console, "no data: no cost in this month")
        return
    parts, total = audit.layers[:-1], audit.layers[-1]
    money = Money.of(row[name] for row in audit.layers for name in ("cost_usd", "previous_cost_usd"))
    rows = [
        [
            LAYERS.get(row["cost_layer"], words(row["cost_layer"])) if row["cost_layer"] else "Total",
            money.text(row["cost_usd"]),
            money.text(row["previous_cost_usd"]),
            money.difference(row["change_usd"]),
            percent(row["change_share"], signed=True),
        ]
        for row in audit.layers
    ]
    _add_rounding(rows, money, parts, total, (None, "cost_usd", "previous_cost_usd", "change_usd", None))
    columns = [
        Column("layer", flexible=True),
        Column("cost", "right"),
        Column("month before", "right"),
        Column("change", "right"),
        Column("change %", "right"),
    ]
    show(console, columns, rows, totals=1)


def _add_rounding(
    rows: list[list[str]], money: Money, parts: list[Row], total: Row, columns: Sequence[str | None]
) -> None:
    """Put the row "Rounding" before the total; `columns` names what each cell adds up, None for nothing."""
    found = roundings(money, parts, total, [name for name in columns if name])
    if found:
        cells = [money.exact(found[name], signed=True) if name else "" for name in columns]
        rows.insert(-1, ["Rounding", *cells[1:]])


def _render_coverage(audit: Audit, console: Console) -> None:
    _heading(console, "Coverage: billed dollars that have an owner")
    total = next((row for row in audit.coverage if row["provider"] == "all"), None)
    if total is None or total["billed_usd"] is None:
        _line(console, "no data: no invoice or provider cost export for this month")
        return
    parts = [row for row in audit.coverage if row["provider"] != "all"]
    names = ("billed_usd", "attributed_usd", "unattributed_usd")
    money = Money.of(row[name] for row in audit.coverage for name in names)
    rows = [
        [
            "all" if row is total else row["provider"],
            *(money.text(row[name]) for name in names),
            percent(row["coverage_share"]),
            row["verdict"],
            percent(row["traced_coverage_share"]),
        ]
        for row in [*parts, total]
    ]
    _add_rounding(rows, money, parts, total, (None, *names, None, None, None))
    columns = [
        Column("provider", flexible=True),
        Column("billed", "right"),
        Column("with owner", "right"),
        Column("no owner", "right"),
        Column("coverage", "right"),
        Column("verdict"),
        Column("traced only", "right"),
    ]
    show(console, columns, rows, totals=1)
    if total["invoice_usd"] is not None and total["invoice_usd"] != total["billed_usd"]:
        invoice = money.text(total["invoice_usd"])
        _line(console, f"Invoices with credits, refunds, taxes and corrections: {invoice}")


def _render_residuals(audit: Audit, console: Console) -> None:
    total = next((row for row in audit.coverage if row["provider"] == "all"), None)
    if total is None or total["invoice_usd"] is None or total["ledger_usd"] is None:
        return
    _heading(console, "From the ledger to the invoices")
    money = Money.of([total["ledger_usd"], total["invoice_usd"]])
    named = [row for row in audit.residuals if abs(row["residual_usd"]) >= money.unit]
    shown = named[:RESIDUALS_SHOWN]
    rest = [row for row in audit.residuals if row not in shown and row["residual_class"] != "unknown"]
    unknown = [row for row in audit.residuals if row not in shown and row["residual_class"] == "unknown"]
    parts = [
        ("ledger", total["ledger_usd"]),
        *((f"{row['provider']}: {words(row['residual_class'])}", row["residual_usd"]) for row in shown),
        *([(_count(len(rest), "smaller difference", "smaller differences"), _sum_of(rest))] if rest else []),
        ("unknown", _sum_of(unknown)),
    ]
    rows = [
        [what, money.difference(usd) if number else money.text(usd)]
        for number, (what, usd) in enumerate(parts)
    ]
    rows.append(["invoices", money.text(total["invoice_usd"])])
    steps: list[Row] = [{"usd": usd} for _, usd in parts]
    _add_rounding(rows, money, steps, {"usd": total["invoice_usd"]}, (None, "usd"))
    columns = [Column("why they differ"), Column("USD", "right")]
    show(console, columns, rows, totals=1)
    _line(console, "evidence of each: fct_reconciliation_residuals_monthly")


def _sum_of(residuals: list[Row]) -> Decimal:
    return sum((row["residual_usd"] for row in residuals), Decimal(0))


def _render_teams(audit: Audit, console: Console) -> None:
    _heading(console, "Teams")
    parts = [row for row in audit.teams if row["team_id"] is not None]
    total = next((row for row in audit.teams if row["team_id"] is None), None)
    if not parts or total is None:
        _line(console, "no data: no cost in this month")
        return
    money = Money.of(row[name] for row in audit.teams for name in ("cost_usd", "change_usd"))
    rows = [
        [
            "Total" if row is total else row["team_name"],
            money.text(row["cost_usd"]),
            money.difference(row["change_usd"]),
            percent(row["change_share"], signed=True),
            percent(_share_of_total(row, total)),
        ]
        for row in [*parts, total]
    ]
    _add_rounding(rows, money, parts, total, (None, "cost_usd", "change_usd", None, None))
    columns = [
        Column("team", flexible=True),
        Column("cost", "right"),
        Column("change", "right"),
        Column("change %", "right"),
        Column("share", "right"),
    ]
    show(console, columns, rows, totals=1)


def _share_of_total(row: Row, total: Row) -> Decimal | None:
    """The mart's share; the total's is whole, while rounded shares need not add up to 1."""
    if row is not total:
        return Decimal(row["share_of_total"]) if row["share_of_total"] is not None else None
    return Decimal(1) if total["cost_usd"] else None


def _render_routes(audit: Audit, console: Console) -> None:
    _heading(console, "Routes on a larger model than their task needs")
    if not audit.routes:
        _line(console, "no data: no priced request in this month")
        return
    over = [row for row in audit.routes if row["overspend_usd"] and row["overspend_usd"] > 0]
    if over:
        top = over[:ROUTES_SHOWN]
        money = Money.of(row["current_cost_usd"] for row in top)
        rows = [
            [
                row["route_id"],
                f"{row['model']} -> {row['right_sized_model']}",
                money.text(row["current_cost_usd"]),
                money.text(row["overspend_usd"]),
                _multiple(row["overspend_multiple"]),
                row["verdict"],
            ]
            for row in top
        ]
        columns = [
            Column("route", flexible=True),
            Column("model -> enough", flexible=True, under=True),
            Column("cost", "right"),
            Column("overspend", "right"),
            Column("multiple", "right"),
            Column("verdict"),
        ]
        show(console, columns, rows)
        _more(console, len(over) - len(top), "routes", "marts.fct_route_overspend_monthly")
    else:
        _line(console, "none")
    _render_justified([row for row in audit.routes if row["verdict"] == "justified"], console)
    unclassed = sum(row["verdict"] == "unclassified" for row in audit.routes)
    if unclassed:
        routes = _count(unclassed, "route has", "routes have")
        _line(console, f"{routes} no task class and cannot be judged: add them to the seed `routes`")


def _render_justified(justified: list[Row], console: Console) -> None:
    if not justified:
        return
    console.print()
    _line(console, "Justified, not counted as overspend:")
    top = justified[:ROUTES_SHOWN]
    money = Money.of(row["current_cost_usd"] for row in top)
    rows = [
        [
            row["route_id"],
            row["model"],
            money.text(row["current_cost_usd"]),
            money.text(row["justified_premium_usd"]),
            str(row["justified_until"] or "no end"),
        ]
        for row in top
    ]
    columns = [
        Column("route", flexible=True),
        Column("model", flexible=True, under=True),
        Column("cost", "right"),
        Column("premium", "right"),
        Column("until"),
    ]
    show(console, columns, rows)
    _more(console, len(justified) - len(top), "routes", "marts.fct_route_overspend_monthly")


def _multiple(value: Decimal | None) -> str:
    return NOTHING if value is None else f"{value.quantize(Decimal('0.1'), ROUND_HALF_UP):,}x"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _more(console: Console, count: int, things: str, mart: str) -> None:
    if count > 0:
        _line(console, f"and {count:,} more {things} in {mart}")


def _render_pools(audit: Audit, console: Console) -> None:
    _heading(console, "GPU pools")
    if not audit.pools:
        _line(console, "no data: no GPU hours or training jobs in this month")
        return
    top = audit.pools[:TEAMS_SHOWN]
    money = Money.of(row["cost_usd"] for row in top)
    rows = [
        [
            row["pool_id"],
            " ".join(filter(None, (row["gpu_model"], row["purchase"]))).replace("_", " "),
            percent(row["utilization_share"]),
            money.text(row["cost_usd"]),
            _unless_none(row["waste_driver_text"]),
            money.text(row["recoverable_usd"]),
            percent(row["recoverable_share"]),
        ]
        for row in top
    ]
    columns = [
        Column("pool", flexible=True),
        Column("GPU", flexible=True, under=True),
        Column("used", "right"),
        Column("cost", "right"),
        Column("waste driver", flexible=True, under=True),
        Column("recoverable", "right"),
        Column("share", "right"),
    ]
    show(console, columns, rows)
    _more(console, len(audit.pools) - len(top), "pools", "marts.fct_gpu_pools_monthly")


def _unless_none(text: str | None) -> str:
    return NOTHING if text in (None, "none") else str(text)


def _render_findings(audit: Audit, console: Console) -> None:
    _heading(console, f"Findings{_of_audit_month(audit)}, largest first")
    if not audit.findings:
        _line(console, "none")
        return
    top = audit.findings[:FINDINGS_SHOWN]
    money = Money.of(row["amount_usd"] for row in top)
    rows = [
        [
            str(row["rank"]),
            row["subject"],
            words(row["finding_type"]),
            row["owner_team_id"] or "none",
            money.text(row["amount_usd"]),
            money.text(row["monthly_savings_usd"]),
            _days(row["effort_days"]),
            row["confidence"],
        ]
        for row in top
    ]
    _show_findings(console, rows)
    _more(console, len(audit.findings) - len(top), "findings", "marts.fct_findings")


def _days(effort: Decimal | None) -> str:
    return NOTHING if effort is None else f"{plain_number(effort)} d"


def _show_findings(console: Console, rows: list[list[str]]) -> None:
    """The rank leads the subject, so that both lines of a narrow row belong to one column."""
    width = max(len(row[0]) for row in rows)
    joined = [[f"{row[0]:>{width}} {row[1]}", *row[2:]] for row in rows]
    columns = [
        Column(f"{'#':>{width}} subject", flexible=True),
        Column("what", flexible=True, under=True),
        Column("owner", flexible=True, under=True, label="owner "),
        Column("in month", "right"),
        Column("saves/month", "right"),
        Column("effort", "right"),
        Column("conf."),
    ]
    show(console, columns, joined)


def _render_scores(audit: Audit, console: Console) -> None:
    _heading(console, f"Score{_of_audit_month(audit)}, 0 to 100")
    if not audit.scores:
        _line(console, "no data: no check has a figure")
        return
    rows = [
        [
            SURFACES.get(row["audit_surface"], words(row["audit_surface"])),
            percent(row["weight"]),
            NOTHING if row["score"] is None else f"{row['score']:.1f}",
            row["grade"],
            row["not_passed"] or NOTHING,
        ]
        for row in audit.scores
    ]
    columns = [
        Column("surface"),
        Column("weight", "right"),
        Column("score", "right"),
        Column("grade"),
        Column("checks not passed", wrapped=True),
    ]
    show(console, columns, rows, totals=1 if audit.scores[-1]["audit_surface"] == "overall" else 0)


def _render_gates(audit: Audit, console: Console) -> None:
    _heading(console, f"Gates{_of_audit_month(audit)}")
    counts = [
        f"{count:,} {status.replace('_', ' ')}"
        for status in ("pass", "warn", "fail", "no_data")
        if (count := sum(gate["status"] == status for gate in audit.gates))
    ]
    _line(console, ", ".join(counts) or "no data: no gate has run")
    for gate in audit.gates:
        if gate["status"] in ("pass", "no_data"):
            continue
        figure = _gate_figure(gate)
        bad_when = gate["bad_when"]
        limits = f"warn {bad_when} {figure(gate['warn_at'])}, fail {bad_when} {figure(gate['error_at'])}"
        _line(
            console,
            f"{gate['status'].replace('_', ' ').upper()} {gate['gate_id']} {gate['provider']}: "
            f"{figure(gate['figure'])} ({limits})",
            style=STYLES.get(gate["status"], ""),
        )
        _line(console, f"look first at {gate['look_first']}", indent=4)
    without_data = [
        f"{gate['gate_id']} {gate['provider']}" for gate in audit.gates if gate["status"] == "no_data"
    ]
    if without_data:
        _line(console, f"NO DATA {', '.join(without_data)}")


def _gate_figure(gate: Row) -> Callable[[Decimal | None], str]:
    return percent if gate["gate_id"] in SHARE_GATES else plain_number


def _render_landing(audit: Audit, console: Console, checked: Any) -> None:
    _heading(console, "Landing zone")
    files = audit.files
    _line(
        console,
        f"{_count(files['file_count'], 'file', 'files')}, "
        f"{_count(files['record_count'], 'record', 'records')}, "
        f"{files['rejected_record_count']:,} rejected, "
        f"{files['duplicate_capture_count']:,} duplicate captures dropped",
    )
    for row in audit.problem_files:
        rejects = _count(row["rejected_record_count"], "record", "records") + " rejected"
        problem = row["problem"] or (words(row["status"]) if row["status"] != "ok" else None)
        about = filter(None, (problem, rejects if row["rejected_record_count"] else None))
        _line(console, f"{row['source_file']}: {'; '.join(about)}", indent=4)
    _more(
        console,
        files["problem_file_count"] - len(audit.problem_files),
        "files with problems",
        "marts.fct_landed_files",
    )
    if files["flagged_line_count"]:
        lines = _count(files["flagged_line_count"], "bill line has", "bill lines have")
        _line(console, f"{lines} an odd sign: see marts.fct_flagged_bill_lines", style=STYLES["warn"])
    if checked is None:
        _line(console, "`ai-cost check` has not been run")
        return
    statuses = [check.status for check in checked.files]
    _line(
        console,
        f"Last `ai-cost check`: {checked.status}. {len(statuses):,} files: {statuses.count('pass'):,} pass, "
        f"{statuses.count('warn'):,} warn, {statuses.count('fail'):,} fail",
        style=STYLES.get(checked.status, ""),
    )


def _render_where_next(audit: Audit, console: Console) -> None:
    _heading(console, "Where to look next")
    _path_line(console, "evidence", "marts.fct_findings, column evidence")
    _path_line(console, "questions", "analyses/ (SQL with comments)")
    _path_line(console, "every model", "`make docs`, then open target/static_index.html")
    _path_line(console, "the audit", str(audit.path))


def as_text(audit: Audit, width: int = MINIMUM_WIDTH, checked: Any = None) -> str:
    """The plain summary as one string."""
    stream = io.StringIO()
    render(audit, console_for(stream, width), checked)
    return stream.getvalue()
