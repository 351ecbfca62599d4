"""What the month report shows: selected from the published marts, set in cells that keep the exact value.

Selecting, sorting and adding up one column is all that happens here; what the summary selects is selected by
the summary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from ai_cost_audit import summary
from ai_cost_audit.labels import label
from ai_cost_audit.published import NotReadable
from ai_cost_audit.summary import (
    LAYERS,
    NOTHING,
    SURFACES,
    Audit,
    Money,
    Row,
    percent,
    plain_number,
    roundings,
    words,
)

FINDINGS_SHOWN = 15
MINUS = "\N{MINUS SIGN}"
TONES = {
    "pass": "good", "closed": "good", "governed": "good", "optimised": "good", "healthy": "good",
    "warn": "warn", "at_risk": "warn", "developing": "warn",
    "fail": "bad", "critical": "bad", "open": "bad",
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """What stands in a table. `column` and `value`: which column of the mart, and what exactly it holds."""

    text: str
    column: str = ""
    value: str = ""
    note: str = ""  # a second line
    tone: str = ""  # good, warn or bad
    bar: Decimal | None = None  # a share from 0 to 1, drawn below


@dataclass(frozen=True)
class Table:
    """Rows of one mart. `empty` is said when there are none."""

    mart: str
    headings: Sequence[tuple[str, str]]  # text and alignment: text, number
    rows: Sequence[Sequence[Cell]] = ()
    keys: Sequence[str] = ()  # what each row is about, for whoever reads the file by program
    totals: int = 0  # the last rows that stand below a rule
    empty: str = ""
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """A key figure of the first page."""

    label: str
    cell: Cell
    about: str


@dataclass(frozen=True)
class Report:
    """The whole report."""

    month: date
    run: Row
    is_audit_month: bool
    books: str  # open, closed, or not_judged for another month than the audit month
    reasons: Sequence[str]  # why the books are open
    figures: Sequence[Figure]
    notes: Sequence[str]  # what the reader must know
    layers: Table
    days: Sequence[date]
    daily: dict[str, dict[date, Decimal]]
    teams: Table
    coverage: Table
    coverage_share: Decimal | None
    coverage_marks: Sequence[tuple[Decimal, str]]
    invoices: Table
    residuals: Table
    differences: Sequence[tuple[str, Decimal, str]]
    chargeback: Table
    findings: Table
    scores: Table
    pools: Table
    gates: Table
    layer_names: dict[str, str] = field(default_factory=lambda: LAYERS)


def load(connection: duckdb.DuckDBPyConnection, published: Path, month: date | None) -> Report:
    """Select the report of a month (default: the audit month); NotReadable when the audit has none."""

    def rows(sql: str) -> list[Row]:
        cursor = connection.execute(sql, {"month": audit.month})
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    audit = summary.select(connection, published, month)
    if audit.month is None:
        raise NotReadable(f"{published} has no month yet: land files and run `make build`")
    is_audit_month = audit.month == audit.run.get("audit_month")
    gates = audit.gates if is_audit_month else []
    residuals, chargeback, findings = rows(_RESIDUALS), rows(_CHARGEBACK), rows(_FINDINGS)
    unpriced = rows(_UNPRICED)[0]
    scores = audit.scores if is_audit_month else []
    daily = rows(_DAILY)
    class_sums = rows(_RESIDUAL_CLASSES)
    money = Money.of(row["residual_usd"] for row in class_sums)
    books = str(audit.run["books_status"]) if is_audit_month else "not_judged"
    return Report(
        month=audit.month,
        run=audit.run,
        is_audit_month=is_audit_month,
        books=books,
        reasons=_reasons(gates) if books == "open" else [],
        figures=_figures(audit, findings, scores),
        notes=_notes(audit, gates, residuals, unpriced),
        layers=_layers(audit),
        days=sorted({row["date"] for row in daily}),
        daily=_by_layer(daily),
        teams=_teams(audit),
        coverage=_coverage(audit),
        coverage_share=next(
            (row["coverage_share"] for row in audit.coverage if row["provider"] == "all"), None
        ),
        coverage_marks=_coverage_marks(gates),
        invoices=_invoices(rows(_INVOICES), residuals),
        residuals=_residuals(residuals),
        differences=[
            (label(row["residual_class"]), row["residual_usd"], usd(money, row["residual_usd"], signed=True))
            for row in class_sums
            if money.rounded(row["residual_usd"]) != 0
        ],
        chargeback=_chargeback(chargeback),
        findings=_findings(findings, is_audit_month),
        scores=_scores(scores, is_audit_month),
        pools=_pools(audit),
        gates=_gates(gates, is_audit_month),
    )


_DAILY = """
    select date, cost_layer, sum(cost_usd) as cost_usd
    from marts.fct_cost_daily
    where date >= $month::date and date < $month::date + interval 1 month and cost_usd is not null
    group by date, cost_layer
    order by date, cost_layer
"""

_INVOICES = """
    select provider, ledger_usd, invoice_usd
    from marts.fct_coverage_monthly
    where month = $month and provider != 'all' and invoice_usd is not null
    order by invoice_usd desc, provider
"""

_RESIDUALS = """
    select provider, residual_class, residual_usd, rule, evidence
    from marts.fct_reconciliation_residuals_monthly
    where month = $month
    order by provider, abs(residual_usd) desc, residual_class
"""

_RESIDUAL_CLASSES = """
    select residual_class, sum(residual_usd) as residual_usd
    from marts.fct_reconciliation_residuals_monthly
    where month = $month
    group by residual_class
    order by abs(sum(residual_usd)) desc, residual_class
"""

_CHARGEBACK = """
    select
        team_id, team_name, cost_center, chargeback_rule, direct_cost_usd, shared_cost_usd, unattributed_share_usd,
        total_usd, booked_usd
    from marts.fct_chargeback_monthly
    where month = $month
    order by team_id = 'unattributed', total_usd desc, team_id
"""

_FINDINGS = """
    select
        finding_id, rank, finding_type, subject, owner_team_id, team_name, amount_usd, monthly_savings_usd, effort_days,
        confidence, evidence
    from marts.fct_findings as findings
    left join marts.dim_teams as teams on findings.owner_team_id = teams.team_id
    where month = $month
    order by rank
"""

_UNPRICED = """
    select
        coalesce(sum(unpriced_request_count), 0) as unpriced_request_count,
        coalesce(sum(unpriced_gpu_hours), 0) as unpriced_gpu_hours
    from marts.fct_team_spend_monthly
    where month = $month
"""


# ---- cells


def usd(money: Money, amount: Decimal | None, signed: bool = False) -> str:
    """An amount as the report prints it, with a true minus sign; a difference below a cent is 0.00."""
    if amount is None:
        return NOTHING
    text = money.difference(amount) if signed else money.text(amount)
    return text.replace("-", MINUS)


def _headings(*names: str) -> list[tuple[str, str]]:
    """Headings of a table; one that starts with > stands over numbers."""
    return [(name.removeprefix(">"), "number" if name.startswith(">") else "text") for name in names]


def _share(share: Decimal | None, signed: bool = False) -> str:
    return percent(share, signed).replace("-", MINUS) if share is not None else NOTHING


def _exact(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _money(money: Money, row: Row, column: str, signed: bool = False) -> Cell:
    return Cell(usd(money, row[column], signed), column, _exact(row[column]))


def _add_rounding(
    table: tuple[list[list[Cell]], list[str]],
    money: Money,
    parts: Sequence[Row],
    total: Row,
    columns: Sequence[str | None],
) -> None:
    """Put the row "Rounding" before the total of a table (rows, keys); None: a column that adds nothing up."""
    rows, keys = table
    found = roundings(money, parts, total, [name for name in columns if name])
    if found:
        cells = [Cell(usd(money, found[name], signed=True)) if name else Cell("") for name in columns]
        rows.insert(-1, [Cell("Rounding"), *cells[1:]])
        keys.insert(-1, "rounding")


def _sum(rows: Iterable[Row], column: str) -> Decimal | None:
    """The sum of a column; None when a row has no amount, since the sum is then unknown."""
    amounts = [row[column] for row in rows]
    return None if any(amount is None for amount in amounts) else sum(amounts, Decimal(0))


def _status(row: Row, column: str) -> Cell:
    return Cell(words(row[column]), column, _exact(row[column]), tone=TONES.get(row[column], ""))


def _opened(text: str | None) -> str:
    """A text with a capital at its start, the rest as it is."""
    return text[:1].upper() + text[1:] if text else ""


def _count(number: int | Decimal, one: str, many: str) -> str:
    text = plain_number(number) if isinstance(number, Decimal) else f"{number:,}"
    return f"{text} {one if number == 1 else many}"


# ---- the first page


def _reasons(gates: Sequence[Row]) -> list[str]:
    failed = [_gate_sentence(gate) for gate in gates if gate["status"] == "fail"]
    return failed or [
        "No gate failed, and no invoice was held against the ledger: the figures are not confirmed."
    ]


def _whose(gate: Row) -> str:
    return "all providers" if gate["provider"] == "all" else label(gate["provider"])


def _gate_text(gate: Row) -> Callable[[Decimal | None], str]:
    return percent if gate["gate_id"] in summary.SHARE_GATES else plain_number


def _gate_sentence(gate: Row) -> str:
    text = _gate_text(gate)
    limits = (
        f"warns {gate['bad_when']} {text(gate['warn_at'])}, fails {gate['bad_when']} {text(gate['error_at'])}"
    )
    return (
        f"{label(gate['gate_id'])}, {_whose(gate)}: {text(gate['figure'])} ({limits}). "
        f"Look first at {gate['look_first']}."
    )


def _figures(audit: Audit, findings: Sequence[Row], scores: Sequence[Row]) -> list[Figure]:
    total = next((row for row in audit.layers if row["cost_layer"] is None), None)
    covered = next((row for row in audit.coverage if row["provider"] == "all"), None)
    score = next((row for row in scores if row["audit_surface"] == "overall"), None)
    figures = []
    if total is not None:
        money = Money.of([total["cost_usd"]])
        change = (
            f"{_share(total['change_share'], signed=True)} on the month before"
            if total["change_share"] is not None
            else "no month before to compare with"
        )
        figures.append(Figure("Cost, USD", _money(money, total, "cost_usd"), change))
    if covered is not None and covered["invoice_usd"] is not None:
        money = Money.of([covered["invoice_usd"]])
        figures.append(
            Figure(
                "Invoiced, USD", _money(money, covered, "invoice_usd"), "by providers, with credits and taxes"
            )
        )
    if covered is not None and covered["coverage_share"] is not None:
        cell = Cell(
            _share(covered["coverage_share"]),
            "coverage_share",
            _exact(covered["coverage_share"]),
            tone=TONES.get(covered["verdict"], ""),
        )
        figures.append(Figure("Bill with an owner", cell, words(covered["verdict"])))
    if findings:
        saving = sum(bool(row["monthly_savings_usd"]) for row in findings)
        saved = _sum(findings, "monthly_savings_usd")
        money = Money.of([saved])
        cell = Cell(usd(money, saved), "monthly_savings_usd", _exact(saved))
        figures.append(Figure("Savings, USD", cell, f"a month, from {_count(saving, 'finding', 'findings')}"))
    if score is not None:
        cell = Cell(
            f"{score['score']:.1f}", "score", _exact(score["score"]), tone=TONES.get(score["grade"], "")
        )
        figures.append(Figure("Score, of 100", cell, words(score["grade"])))
    return figures


def _notes(audit: Audit, gates: Sequence[Row], residuals: Sequence[Row], unpriced: Row) -> list[str]:
    """Each thing that is unknown, missing or watched, in a sentence with its amount."""
    notes = [f"Watched: {_gate_sentence(gate)}" for gate in gates if gate["status"] == "warn"]
    without = [f"{words(gate['gate_id'])} of {_whose(gate)}" for gate in gates if gate["status"] == "no_data"]
    if without:
        notes.append(f"Without data, so not judged: {', '.join(without)}.")
    first, last = audit.run["first_business_date"], audit.run["last_business_date"]
    assert audit.month is not None
    next_month = date(audit.month.year + audit.month.month // 12, audit.month.month % 12 + 1, 1)
    if first > audit.month or (next_month - last).days > 1:
        notes.append(f"The month is not complete: the data runs from {first} to {last}.")
    if unpriced["unpriced_request_count"]:
        count = _count(unpriced["unpriced_request_count"], "request has", "requests have")
        notes.append(f"{count} no price: that cost is unknown, and missing from the total.")
    if unpriced["unpriced_gpu_hours"]:
        count = _count(unpriced["unpriced_gpu_hours"], "GPU-hour has", "GPU-hours have")
        notes.append(f"{count} no price: that cost is unknown, and missing from the total.")
    for row in audit.teams:
        if row["team_id"] == "unattributed" and row["cost_usd"]:
            amount = usd(Money.of([row["cost_usd"]]), row["cost_usd"])
            notes.append(
                f"USD {amount} of the cost ({_share(row['share_of_total'])}) has no owner in the traces. "
                "Where the bill itself names one, chargeback uses it."
            )
    for row in audit.coverage:
        if row["provider"] != "all" and row["billed_usd"] is None:
            notes.append(
                f"{label(row['provider'])} sent no bill: its cost is what the ledger says, and is confirmed by nothing."
            )
    for row in residuals:
        money = Money.of([row["residual_usd"]])
        if row["residual_class"] == "unknown" and money.rounded(row["residual_usd"]):
            amount = usd(money, row["residual_usd"], signed=True)
            notes.append(
                f"USD {amount} between the ledger and the invoice of {label(row['provider'])} is explained by nothing."
            )
    if audit.files["rejected_record_count"]:
        count = _count(audit.files["rejected_record_count"], "landed record", "landed records")
        notes.append(f"{count} could not be read and count nowhere (marts.fct_rejected_records).")
    return notes


# ---- the sections


def _layers(audit: Audit) -> Table:
    headings = _headings("Layer", ">Cost", ">Month before", ">Change", ">Change, %")
    if not [row for row in audit.layers if row["cost_layer"]]:
        return Table("fct_cost_daily", headings, empty="No cost in this month.")
    money = Money.of(row[name] for row in audit.layers for name in ("cost_usd", "previous_cost_usd"))
    rows = [
        [
            Cell(LAYERS.get(row["cost_layer"], words(row["cost_layer"])) if row["cost_layer"] else "Total"),
            _money(money, row, "cost_usd"),
            _money(money, row, "previous_cost_usd"),
            _money(money, row, "change_usd", signed=True),
            Cell(_share(row["change_share"], signed=True)),
        ]
        for row in audit.layers
    ]
    keys = [row["cost_layer"] or "total" for row in audit.layers]
    *parts, total = audit.layers
    names = ("cost_usd", "previous_cost_usd", "change_usd")
    _add_rounding((rows, keys), money, parts, total, (None, *names, None))
    note = (
        "Managed API: requests at the price of their day. The other layers: GPU hours at their rate, owned or rented. "
        "What providers invoice of it is below."
    )
    return Table("fct_cost_daily", headings, rows, keys, totals=1, note=note)


def _by_layer(daily: Sequence[Row]) -> dict[str, dict[date, Decimal]]:
    """Amounts per layer and day, the layers in the order of the legend."""
    layers = sorted(
        {row["cost_layer"] for row in daily}, key=lambda layer: ([*LAYERS, layer].index(layer), layer)
    )
    return {
        layer: {row["date"]: row["cost_usd"] for row in daily if row["cost_layer"] == layer}
        for layer in layers
    }


def _teams(audit: Audit) -> Table:
    headings = _headings("Team", ">Cost", ">Share", ">Change", ">Change, %")
    parts = [row for row in audit.teams if row["team_id"] is not None]
    total = next((row for row in audit.teams if row["team_id"] is None), None)
    if not parts or total is None:
        return Table("fct_team_spend_monthly", headings, empty="No cost in this month.")
    money = Money.of(row[name] for row in audit.teams for name in ("cost_usd", "change_usd"))
    rows = []
    for row in (*parts, total):
        share = row["share_of_total"] if row is not total else None
        rows.append(
            [
                Cell(row["team_name"] if row is not total else "Total"),
                _money(money, row, "cost_usd"),
                Cell(_share(share) if row is not total else "", "share_of_total", _exact(share), bar=share),
                _money(money, row, "change_usd", signed=True),
                Cell(_share(row["change_share"], signed=True)),
            ]
        )
    keys = [row["team_id"] or "other" for row in parts] + ["total"]
    _add_rounding((rows, keys), money, parts, total, (None, "cost_usd", None, "change_usd", None))
    return Table("fct_team_spend_monthly", headings, rows, keys, totals=1)


def _coverage(audit: Audit) -> Table:
    headings = _headings(
        "Provider", ">Billed usage", ">With owner", ">No owner", ">Coverage", "Verdict", ">Traced only"
    )
    total = next((row for row in audit.coverage if row["provider"] == "all"), None)
    if total is None or total["billed_usd"] is None:
        return Table(
            "fct_coverage_monthly",
            headings,
            empty="No provider sent a bill for this month: nothing can be said about coverage.",
        )
    parts = [row for row in audit.coverage if row["provider"] != "all"]
    money = Money.of(row[name] for row in audit.coverage for name in ("billed_usd", "unattributed_usd"))
    names = ("billed_usd", "attributed_usd", "unattributed_usd")
    rows = [
        [
            Cell(label(row["provider"]) if row is not total else "All"),
            *(_money(money, row, name) for name in names),
            Cell(_share(row["coverage_share"]), "coverage_share", _exact(row["coverage_share"])),
            _status(row, "verdict"),
            Cell(
                _share(row["traced_coverage_share"]),
                "traced_coverage_share",
                _exact(row["traced_coverage_share"]),
            ),
        ]
        for row in (*parts, total)
    ]
    keys = [row["provider"] for row in (*parts, total)]
    _add_rounding((rows, keys), money, parts, total, (None, *names, None, None, None))
    return Table(
        "fct_coverage_monthly",
        headings,
        rows,
        keys,
        totals=1,
        note="“Traced only” is the share that a tool would report which never sees the invoice.",
    )


def _coverage_marks(gates: Sequence[Row]) -> list[tuple[Decimal, str]]:
    """Where the gate on coverage warns and fails."""
    floor = next((gate for gate in gates if gate["gate_id"] == "coverage_floor"), None)
    if floor is None:
        return []
    return [
        (floor["error_at"], f"fails below {percent(floor['error_at'])}"),
        (floor["warn_at"], f"warns below {percent(floor['warn_at'])}"),
    ]


def _invoices(parts: Sequence[Row], residuals: Sequence[Row]) -> Table:
    """Ledger, difference and invoice of each provider that sent one."""
    headings = _headings("Provider", ">Ledger", ">Explained", ">Unknown", ">Invoice")
    if not parts:
        return Table("fct_coverage_monthly", headings, empty="No provider sent an invoice for this month.")
    sums = []
    for row in parts:
        of_provider = [one for one in residuals if one["provider"] == row["provider"]]
        unknown = [one for one in of_provider if one["residual_class"] == "unknown"]
        known = [one for one in of_provider if one["residual_class"] != "unknown"]
        sums.append(
            {
                **row,
                "explained_usd": _sum(known, "residual_usd"),
                "unknown_usd": _sum(unknown, "residual_usd"),
            }
        )
    names = ("ledger_usd", "explained_usd", "unknown_usd", "invoice_usd")
    totals: Row = {name: _sum(sums, name) for name in names}
    money = Money.of(row[name] for row in (*sums, totals) for name in names)
    rows = [
        [
            Cell(label(row["provider"]) if row is not totals else "All"),
            _money(money, row, "ledger_usd"),
            _money(money, row, "explained_usd", signed=True),
            _money(money, row, "unknown_usd", signed=True),
            _money(money, row, "invoice_usd"),
        ]
        for row in (*sums, totals)
    ]
    keys = [row["provider"] for row in parts] + ["all"]
    _add_rounding((rows, keys), money, sums, totals, (None, *names))
    return Table(
        "fct_coverage_monthly",
        headings,
        rows,
        keys,
        totals=1,
        note="Explained and unknown: sums of marts.fct_reconciliation_residuals_monthly.",
    )


def _residuals(residuals: Sequence[Row]) -> Table:
    headings = _headings("Provider", "Why the invoice differs", ">USD")
    money = Money.of(row["residual_usd"] for row in residuals)
    shown = [row for row in residuals if money.rounded(row["residual_usd"]) != 0]
    below = len([row for row in residuals if row["residual_usd"] and row not in shown])
    rows = [
        [
            Cell(label(row["provider"])),
            Cell(label(row["residual_class"]), note=row["evidence"] or ""),
            _money(money, row, "residual_usd", signed=True),
        ]
        for row in shown
    ]
    return Table(
        "fct_reconciliation_residuals_monthly",
        headings,
        rows,
        [f"{row['provider']}/{row['residual_class']}" for row in shown],
        empty="Every invoice of this month equals its ledger to the cent."
        if residuals
        else "No invoice of this month to compare the ledger with.",
        note=f"{_count(below, 'difference', 'differences')} of less than a cent not listed."
        if below and rows
        else "",
    )


def _chargeback(rows: Sequence[Row]) -> Table:
    headings = _headings("Team", "Cost center", ">Direct", ">Shared", ">Unowned", ">Charged")
    if not rows:
        return Table(
            "fct_chargeback_monthly",
            headings,
            empty="Nothing to charge: no provider sent a bill for this month and no GPU of the company's own ran.",
        )
    cents = Money(Decimal("0.01"))  # what is booked is in cents, however large
    names = ("direct_cost_usd", "shared_cost_usd", "unattributed_share_usd", "booked_usd")
    total: Row = {"team_name": "Total", "cost_center": "", **{name: _sum(rows, name) for name in names}}
    cells = [
        [
            Cell(row["team_name"]),
            Cell(row["cost_center"] if row["cost_center"] is not None else NOTHING),
            *(_money(cents, row, name, signed=name == "shared_cost_usd") for name in names),
        ]
        for row in (*rows, total)
    ]
    keys = [*(row["team_id"] for row in rows), "total"]
    _add_rounding((cells, keys), cents, rows, total, (None, None, *names))
    rule = {
        "proportional": "in proportion to what each team used of the provider",
        "even": "evenly over its teams",
    }
    split = rule.get(rows[0]["chargeback_rule"])
    return Table(
        "fct_chargeback_monthly",
        headings,
        cells,
        keys,
        totals=1,
        note=(
            "The sum is what the providers invoiced, with what own GPUs cost beyond the cloud bill. Shared: credits, "
            "refunds, taxes and corrections. Unowned: billed usage that no team owns. "
            + (f"Both are split {split}. " if split else "Neither is split over the teams. ")
            + "Months are UTC months, as providers bill."
        ),
    )


def _findings(rows: Sequence[Row], is_audit_month: bool) -> Table:
    headings = _headings(">", "Finding", "Owner", ">In the month", ">Saves a month", ">Effort")
    if not rows:
        said = "None." if is_audit_month else "Findings are made for the audit month only."
        return Table("fct_findings", headings, empty=said)
    top = rows[:FINDINGS_SHOWN]
    saved = _sum(rows, "monthly_savings_usd")
    money = Money.of([*(row["amount_usd"] for row in top), saved])
    cells = [
        [
            Cell(str(row["rank"])),
            Cell(
                f"{label(row['finding_type'])}: {row['subject']}",
                note=f"{row['evidence']}. Confidence {row['confidence']}.",
            ),
            Cell(row["team_name"] or row["owner_team_id"] or NOTHING),
            _money(money, row, "amount_usd"),
            _money(money, row, "monthly_savings_usd"),
            Cell(
                NOTHING if row["effort_days"] is None else f"{plain_number(row['effort_days'])} d",
                "effort_days",
                _exact(row["effort_days"]),
            ),
        ]
        for row in top
    ]
    total = [
        Cell(""),
        Cell("All findings"),
        Cell(""),
        Cell(""),
        Cell(usd(money, saved), "monthly_savings_usd", _exact(saved)),
        Cell(""),
    ]
    more = len(rows) - len(top)
    note = "Effort in person-days. An amount without savings is money to claim, or to give an owner."
    return Table(
        "fct_findings",
        headings,
        [*cells, total],
        [*(row["finding_id"] for row in top), "total"],
        totals=1,
        note=note + (f" {_count(more, 'smaller finding', 'smaller findings')} not listed." if more else ""),
    )


def _scores(rows: Sequence[Row], is_audit_month: bool) -> Table:
    headings = _headings("Surface", ">Weight", ">Score", "Grade", "Checks not passed")
    cells = [
        [
            Cell(SURFACES.get(row["audit_surface"], _opened(words(row["audit_surface"])))),
            Cell(percent(row["weight"]), "weight", _exact(row["weight"])),
            Cell(
                NOTHING if row["score"] is None else f"{row['score']:.1f}",
                "score",
                _exact(row["score"]),
                bar=None if row["score"] is None else row["score"] / 100,
            ),
            _status(row, "grade"),
            Cell(words(row["not_passed"]) if row["not_passed"] else NOTHING),
        ]
        for row in rows
    ]
    return Table(
        "fct_defect_score",
        headings,
        cells,
        [row["audit_surface"] for row in rows],
        totals=1 if rows and rows[-1]["audit_surface"] == "overall" else 0,
        empty="No check has a figure." if is_audit_month else "The score is given for the audit month only.",
        note="A check that passes counts 1, one that warns 0.5, one that fails 0 (fct_audit_checklist).",
    )


def _hardware(pool: Row) -> str:
    return " ".join(words(pool[name]) for name in ("gpu_model", "purchase") if pool[name])


def _pools(audit: Audit) -> Table:
    headings = _headings("Pool", ">Used", ">Cost", ">Recoverable", ">Of cost", "Where it goes")
    money = Money.of(row["cost_usd"] for row in audit.pools)
    total: Row = {name: _sum(audit.pools, name) for name in ("cost_usd", "recoverable_usd")}
    cells = [
        [
            Cell(row["pool_id"], note=_hardware(row)),
            Cell(
                _share(row["utilization_share"]),
                "utilization_share",
                _exact(row["utilization_share"]),
                bar=row["utilization_share"],
            ),
            _money(money, row, "cost_usd"),
            _money(money, row, "recoverable_usd"),
            Cell(_share(row["recoverable_share"]), "recoverable_share", _exact(row["recoverable_share"])),
            Cell(
                NOTHING if row["waste_driver_text"] in (None, "none") else _opened(row["waste_driver_text"])
            ),
        ]
        for row in audit.pools
    ]
    sums = [_money(money, total, "cost_usd"), _money(money, total, "recoverable_usd")]
    keys = [*(row["pool_id"] for row in audit.pools), "total"]
    if cells:
        cells.append([Cell("All pools"), Cell(""), *sums, Cell(""), Cell("")])
        names = (None, None, "cost_usd", "recoverable_usd", None, None)
        _add_rounding((cells, keys), money, audit.pools, total, names)
    return Table(
        "fct_gpu_pools_monthly",
        headings,
        cells,
        keys,
        totals=1,
        empty="No GPU telemetry and no training job in this month.",
        note="Used: mean utilization of the hours that were measured; a pool known by its jobs alone has none.",
    )


def _gates(gates: Sequence[Row], is_audit_month: bool) -> Table:
    """One row per gate and status: which providers have it, and how far the worst is."""
    headings = _headings("Gate", "Status", "Providers", ">Furthest", ">Warns", ">Fails")
    groups: dict[tuple[str, str, Any, Any], list[Row]] = {}
    for gate in gates:
        groups.setdefault((gate["gate_id"], gate["status"], gate["warn_at"], gate["error_at"]), []).append(
            gate
        )
    rows, keys = [], []
    for (gate_id, status, warn_at, error_at), members in groups.items():
        text, bad_when = _gate_text(members[0]), members[0]["bad_when"]
        measured = [gate["figure"] for gate in members if gate["figure"] is not None]
        furthest = (max if bad_when == "above" else min)(measured, default=None)
        rows.append(
            [
                Cell(label(gate_id)),
                _status(members[0], "status"),
                Cell(", ".join(label(gate["provider"]) for gate in members)),
                Cell(text(furthest), "figure", _exact(furthest)),
                Cell(f"{bad_when} {text(warn_at)}"),
                Cell(f"{bad_when} {text(error_at)}"),
            ]
        )
        keys.append(f"{gate_id}/{status}")
    return Table(
        "fct_gates",
        headings,
        rows,
        keys,
        empty="No gate has run." if is_audit_month else "Gates are judged for the audit month only.",
    )
