"""Rebuild the list price sheet `seeds/reference/model_prices.csv`, and compare its two sources."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from ai_cost_audit.prices import genai, litellm_map
from ai_cost_audit.prices.litellm_map import LitellmMap, Names, Stated
from ai_cost_audit.prices.merge import fill, merge
from ai_cost_audit.prices.sheet import (
    OPEN_START,
    SMALLEST,
    Price,
    PriceRow,
    SeriesKey,
    Timeline,
    by_series,
    is_same,
    plain_decimal,
    price_on,
    read_sheet,
    series_label,
    sheet_text,
)


@dataclass(frozen=True)
class Disagreement:
    """A series for which the two sources state different prices on a day, and what the sheet has then."""

    key: SeriesKey
    genai: Price
    litellm: Price
    sheet: Price | None = None

    @property
    def ratio(self) -> Decimal:
        """LiteLLM's price over that of genai-prices, to three decimals."""
        return (self.litellm.usd_per_unit / self.genai.usd_per_unit).quantize(Decimal("0.001"))

    def label(self) -> str:
        """Both values in one line."""
        ours, theirs = (plain_decimal(price.usd_per_unit) for price in (self.genai, self.litellm))
        return f"{series_label(self.key)}: {ours} USD (genai-prices), {theirs} USD (LiteLLM)"


@dataclass
class RefreshReport:
    """What a refresh did to the sheet, one line per row; `kept_from_earlier` is a part of `unchanged`."""

    path: Path
    package_version: str
    retrieved_on: date
    litellm: str = ""
    notes: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    kept_from_earlier: list[str] = field(default_factory=list)
    time_of_day_models: list[str] = field(default_factory=list)
    disagreements: list[Disagreement] = field(default_factory=list)
    model_count: int = 0

    def __str__(self) -> str:
        lines = [
            f"{self.path.name}: genai-prices {self.package_version}, as of {self.retrieved_on.isoformat()}"
            + (f"; {self.litellm}" if self.litellm else ""),
            f"  {self.model_count} models; rows: {len(self.added)} added, {len(self.ended)} ended, "
            f"{len(self.unchanged)} unchanged, {len(self.kept_from_earlier)} of them not in the package",
        ]
        lines += [f"  {line}" for line in self.notes]
        lines += [f"  + {line}" for line in self.added]
        lines += [f"  - {line}" for line in self.ended]
        if self.time_of_day_models:
            lines.append("  priced without their time-of-day rates: " + ", ".join(self.time_of_day_models))
        if self.disagreements:
            lines.append(f"  the sources disagree on {len(self.disagreements)} prices; genai-prices counts:")
            lines += [f"  ≠ {one.label()}" for one in self.disagreements]
        return "\n".join(lines)


def refresh(
    seed_path: Path,
    *,
    all_models: bool = False,
    retrieved_on: date | None = None,
    litellm_file: Path | None = None,
    litellm_as_of: date | None = None,
) -> RefreshReport:
    """Rebuild the price sheet at `seed_path` from genai-prices and LiteLLM's map, keeping its history.

    `all_models` takes every provider and model of both, not only the major ones. `retrieved_on` is the day from
    which a price that genai-prices states differently, without a date of its own, replaces the one in the
    sheet; by default the newest day on which the package's authors checked a price. `litellm_file` is LiteLLM's
    map or wheel (by default that of the installed package) and `litellm_as_of` the day from which it counts.
    Raises ValueError on a sheet whose columns or values are not those of the contract, and on a file that is not
    the map.
    """
    as_of = retrieved_on or genai.package_retrieved_on()
    report = RefreshReport(path=seed_path, package_version=genai.package_version(), retrieved_on=as_of)
    before = read_sheet(seed_path) if seed_path.exists() else []
    dated = dict(genai.timelines(all_models, as_of, report.time_of_day_models))
    after = merge(before, dated, as_of)
    edition = _edition(litellm_file, litellm_as_of, report)
    stated: Stated = {}
    if edition:
        stated = litellm_map.stated_prices(edition, _names(after, seed_path), all_models)
        after = _filled(after, stated, edition, report)
    report.disagreements = compare(dated, stated, after, max(as_of, edition.as_of if edition else as_of))
    _fill_report(report, before, after, dated.keys() | stated.keys())
    text = sheet_text(after)
    if not seed_path.exists() or seed_path.read_text(encoding="utf-8") != text:
        seed_path.parent.mkdir(parents=True, exist_ok=True)
        seed_path.write_text(text, encoding="utf-8", newline="\n")
    return report


def compare(
    dated: Mapping[SeriesKey, Timeline], stated: Stated, rows: list[PriceRow], day: date
) -> list[Disagreement]:
    """The prices in force on a day that both sources state, and differently; `rows` is the sheet."""
    found = []
    series = by_series(rows)
    for key in sorted(dated.keys() & stated.keys()):
        ours = next((price for start, price in reversed(dated[key]) if start <= day), None)
        if ours is not None and ours.usd_per_unit and not is_same(ours, stated[key]):
            found.append(Disagreement(key, ours, stated[key], price_on(series.get(key, []), day)))
    return found


def disagreements(
    seed_path: Path, litellm_file: Path | None = None, litellm_as_of: date | None = None
) -> tuple[list[Disagreement], str]:
    """Where the sources disagree on today's prices of the sheet, the furthest apart first, and which two they are.

    Changes nothing. Raises ValueError without LiteLLM's map.
    """
    as_of = genai.package_retrieved_on()
    edition = _edition(litellm_file, litellm_as_of, None)
    if edition is None:
        raise ValueError(litellm_map.MISSING)
    rows = read_sheet(seed_path)
    dated = dict(genai.timelines(False, as_of, []))
    stated = litellm_map.stated_prices(edition, _names(rows, seed_path), False)
    found = compare(dated, stated, rows, max(as_of, edition.as_of))
    found.sort(key=lambda one: (-max(one.ratio, 1 / (one.ratio or SMALLEST)), one.key))
    both = f"genai-prices {genai.package_version()} (checked {as_of}) and {edition.source} ({edition.as_of})"
    return found, both


def disagreements_page(found: list[Disagreement], sources: str) -> str:
    """The disagreements as a page of Markdown, in USD per million tokens or per thousand of anything else."""
    lines = [
        "# Where the price sources disagree",
        "",
        f"Written by `ai-cost prices disagreements` from {sources}.",
        "",
        f"{len(found)} of today's prices, the furthest apart first. genai-prices counts, unless the sheet holds a",
        "correction; a company that knows better states its price in `own_model_prices`. USD per million tokens; a web",
        "search or a request is per thousand.",
        "",
        "| Provider | Model | Meter | Tier | Above tokens | genai-prices | LiteLLM | In the sheet | Its source |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        scale = 1_000_000 if one.litellm.unit == "token" else 1_000
        prices = [
            plain_decimal(price.usd_per_unit * scale) if price else ""
            for price in (one.genai, one.litellm, one.sheet)
        ]
        source = one.sheet.source if one.sheet else ""
        lines.append("| " + " | ".join([*map(str, one.key), *prices, source]) + " |")
    return "\n".join(lines) + "\n"


def _edition(path: Path | None, as_of: date | None, report: RefreshReport | None) -> LitellmMap | None:
    """The edition of LiteLLM's map to take; None when there is none."""
    found = path or litellm_map.find_map()
    edition = litellm_map.read_map(found, as_of) if found else None
    if report and edition:
        report.litellm = f"{edition.source}, as of {edition.as_of.isoformat()}"
    elif report:
        report.notes.append(litellm_map.MISSING)
    return edition


def _filled(
    rows: list[PriceRow], stated: Stated, edition: LitellmMap, report: RefreshReport
) -> list[PriceRow]:
    earlier = {date.fromisoformat(row.price.retrieved_on) for row in rows if row.price.is_litellm}
    if earlier and max(earlier) > edition.as_of:
        report.notes.append(
            f"the sheet has LiteLLM's prices of {max(earlier)}: nothing is taken from an older map"
        )
        return rows
    listed_since = max((day for day in earlier if day < edition.as_of), default=OPEN_START)
    return fill(rows, stated, edition.as_of, listed_since)


def _names(rows: list[PriceRow], seed_path: Path) -> Names:
    """The models of the sheet, and the aliases from the seed beside it."""
    aliases = seed_path.with_name("model_aliases.csv")
    if not aliases.exists():
        aliases = Path(__file__).resolve().parents[2] / "seeds" / "reference" / "model_aliases.csv"
    with aliases.open(encoding="utf-8", newline="") as file:
        known = [(row["provider"], row["alias"], row["model"]) for row in csv.DictReader(file)]
    return Names({(row.key[0], row.key[1]) for row in rows}, known)


def _fill_report(
    report: RefreshReport, before: list[PriceRow], after: list[PriceRow], stated: set[SeriesKey]
) -> None:
    report.model_count = len({row.key[:2] for row in after})
    old = {(row.key, row.effective_from): row for row in before}
    for row in sorted(after, key=lambda row: (row.key, row.effective_from)):
        was = old.get((row.key, row.effective_from))
        if was is None or not is_same(was.price, row.price):
            report.added.append(row.label())
        elif was.effective_until != row.effective_until:
            report.ended.append(row.label())
        else:
            report.unchanged.append(row.label())
            if row.key not in stated:
                report.kept_from_earlier.append(row.label())
