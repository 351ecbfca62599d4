"""The rows of the price sheet: reading, writing, and the periods in which a price holds."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

COLUMNS = (
    "provider",
    "model",
    "meter",
    "service_tier",
    "above_context_tokens",
    "usd_per_unit",
    "unit",
    "effective_from",
    "effective_until",
    "source",
    "retrieved_on",
)
"""Columns of the seed, in file order."""

OPEN_START = date(2020, 1, 1)
"""Stands for 'before any data': the first period of a price starts here."""

UNITS = {"request": "request", "web_search": "search"}
"""What a meter counts; every other meter counts tokens."""

SMALLEST = Decimal("1e-12")
"""Prices are rounded to this many USD."""

AT_OR_ABOVE = {"xai"}
"""Providers whose long-context price holds from the threshold on, not only above it (seed `long_context_rules`)."""

LITELLM = "litellm "
"""How the source of a row from LiteLLM's map begins."""

SeriesKey = tuple[str, str, str, str, int]
"""provider, model, meter, service_tier, above_context_tokens."""


@dataclass(frozen=True)
class Price:
    """One price and where it came from. `usd_per_unit` is USD for one `unit`."""

    usd_per_unit: Decimal
    unit: str
    source: str
    retrieved_on: str

    @property
    def is_litellm(self) -> bool:
        """True for a price that LiteLLM's map stated."""
        return self.source.startswith(LITELLM)


@dataclass(frozen=True)
class PriceRow:
    """One row of the sheet: a price and the half-open period `effective_from <= day < effective_until`."""

    key: SeriesKey
    price: Price
    effective_from: date
    effective_until: date | None

    def covers(self, day: date) -> bool:
        """True on the days of the row's period."""
        return self.effective_from <= day and (self.effective_until is None or day < self.effective_until)

    def cells(self) -> list[str]:
        """The row as text, in the order of COLUMNS."""
        provider, model, meter, service_tier, above = self.key
        until = self.effective_until.isoformat() if self.effective_until else ""
        return [
            provider,
            model,
            meter,
            service_tier,
            str(above),
            plain_decimal(self.price.usd_per_unit),
            self.price.unit,
            self.effective_from.isoformat(),
            until,
            self.price.source,
            self.price.retrieved_on,
        ]

    def label(self) -> str:
        """The row in one line, for a person."""
        until = self.effective_until.isoformat() if self.effective_until else "open"
        price = f"{plain_decimal(self.price.usd_per_unit)} USD per {self.price.unit}"
        return f"{series_label(self.key)}: {price}, {self.effective_from.isoformat()} to {until}"


Timeline = list[tuple[date, Price | None]]
"""What a price is from each date on, until the next; None = the meter has no price then."""


def series_label(key: SeriesKey) -> str:
    """A series in words."""
    provider, model, meter, service_tier, above = key
    context = f" above {above} tokens" if above else ""
    return f"{provider} {model} {meter} {service_tier}{context}"


def plain_decimal(value: Decimal) -> str:
    """Write a decimal with no exponent and no trailing zeros. Raises ValueError beyond 12 decimals."""
    if value != value.quantize(SMALLEST):
        raise ValueError(f"{value} has more than 12 decimals")
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def read_sheet(path: Path) -> list[PriceRow]:
    """Read a price sheet. Raises ValueError when its columns are not COLUMNS."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError(f"{path.name}: expected the columns {', '.join(COLUMNS)}")
        return [_row_from_cells(cells) for cells in reader]


def _row_from_cells(cells: Mapping[str, str]) -> PriceRow:
    key = (
        cells["provider"],
        cells["model"],
        cells["meter"],
        cells["service_tier"],
        int(cells["above_context_tokens"]),
    )
    price = Price(Decimal(cells["usd_per_unit"]), cells["unit"], cells["source"], cells["retrieved_on"])
    until = date.fromisoformat(cells["effective_until"]) if cells["effective_until"] else None
    return PriceRow(key, price, date.fromisoformat(cells["effective_from"]), until)


def sheet_text(rows: Iterable[PriceRow]) -> str:
    """The rows as CSV text, sorted, with '\\n' line ends."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in sorted(rows, key=lambda row: (row.key, row.effective_from)):
        writer.writerow(row.cells())
    return buffer.getvalue()


def is_same(one: Price | None, other: Price | None) -> bool:
    """True when two prices are one figure, whoever states it."""
    if one is None or other is None:
        return one is other
    return (one.usd_per_unit, one.unit) == (other.usd_per_unit, other.unit)


def price_on(rows: Iterable[PriceRow], day: date) -> Price | None:
    """The price that rows of one series state for a day."""
    return next((row.price for row in rows if row.covers(day)), None)


def runs(timeline: Timeline) -> Timeline:
    """The timeline without the days on which nothing changes; a run keeps the source of its first day.

    A price of LiteLLM's and the same price of genai-prices stay two runs: each follows its own source.
    """
    kept: Timeline = []
    for start, price in timeline:
        if not kept or not is_same(kept[-1][1], price) or _is_litellm(kept[-1][1]) != _is_litellm(price):
            kept.append((start, price))
    return kept


def _is_litellm(price: Price | None) -> bool:
    return price is not None and price.is_litellm


def rows_of(key: SeriesKey, timeline: Timeline) -> list[PriceRow]:
    """One row per run of equal prices."""
    changes = runs(timeline)
    ends: list[date | None] = [start for start, _ in changes[1:]]
    return [
        PriceRow(key, price, start, until)
        for (start, price), until in zip(changes, [*ends, None], strict=True)
        if price is not None
    ]


def by_series(rows: Iterable[PriceRow]) -> dict[SeriesKey, list[PriceRow]]:
    """The rows of each series, oldest first."""
    series: dict[SeriesKey, list[PriceRow]] = {}
    for row in sorted(rows, key=lambda row: row.effective_from):
        series.setdefault(row.key, []).append(row)
    return series
