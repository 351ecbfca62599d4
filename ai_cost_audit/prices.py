"""Rebuild the list price sheet `seeds/reference/model_prices.csv` from the installed `genai-prices` package.

No network: the prices are those that the installed version of the package ships. Every row states USD per
ONE unit (a token, a request, a search) as a plain decimal, the half-open period in which it applies, and
its source.

What is left out, on purpose:

- The second price of a model that costs more or less at some hours of the day (DeepSeek). The price that
  holds for most hours is kept, and the report names the models: requests in the other hours are listed too
  high or too low.
- Units that the contract has no meter for: cached audio, output images, video, characters, hours, pages.

The sheet is a history. A price that the package now states differently ends the old row and opens a new
one; rows that the package no longer holds stay. A second refresh from the same package changes no byte.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

from genai_prices.data import providers as _package_providers
from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

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

PROVIDER_NAMES = {
    "anthropic": "anthropic",
    "aws": "bedrock",
    "azure": "azure",
    "deepseek": "deepseek",
    "google": "google",
    "mistral": "mistral",
    "openai": "openai",
}
"""Providers of the default sheet: id in the package -> canonical name."""

_METERS: dict[str, tuple[tuple[str, ...], str, int]] = {
    # meter: (price keys of the package, best first; unit; how many units the package's price is for)
    "input": (("input_mtok",), "token", 1_000_000),
    "cache_read": (("cache_read_mtok",), "token", 1_000_000),
    "cache_write_5m": (("cache_write_5m_mtok", "cache_write_mtok"), "token", 1_000_000),
    "cache_write_30m": (("cache_write_30m_mtok",), "token", 1_000_000),
    "cache_write_1h": (("cache_write_1h_mtok",), "token", 1_000_000),
    "cache_write_12h": (("cache_write_12h_mtok",), "token", 1_000_000),
    "output": (("output_mtok",), "token", 1_000_000),
    "input_audio": (("input_audio_mtok",), "token", 1_000_000),
    "output_audio": (("output_audio_mtok",), "token", 1_000_000),
    "input_image": (("input_image_mtok",), "token", 1_000_000),
    "request": (("requests_kcount",), "request", 1_000),
    "web_search": (("web_searches_kcount",), "search", 1_000),
}

_TIER_CONTEXTS: dict[str, dict[str, str]] = {
    # service tier: what the package calls it in a variant's `when`
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast", "speed": "fast"},
}

_MAJOR: dict[str, str] = {
    "anthropic": r"claude-(?!2|v1|instant|3-sonnet)",
    "aws": r"(?:global|regional)\.(?:amazon|anthropic|openai)\.|amazon\.(?:nova|titan-embed)|deepseek\.|"
    r"meta\.llama(?:3-[123]|4)|mistral\.(?!mistral-7b|mixtral|voxtral)|openai\.",
    "azure": r"o\d|text-embedding|phi-4",
    "deepseek": r"deepseek",
    "google": r"claude-(?!3-opus|3-haiku)|gemini-(?:1\.5|2|3|4|embedding|flash-1\.5-8b|live)",
    "mistral": r"codestral|devstral|magistral|ministral|mistral-(?!7b|tiny|ocr|saba|medium-2312)|pixtral",
    "openai": r"gpt-(?:3\.5-turbo$|4$|4-turbo|4\.|4o|5|6|audio|chat|oss|realtime)|chatgpt-4o|codex|"
    r"computer|o\d|text-embedding",
}
_NOT_MAJOR = re.compile(
    r"image|tts|transcribe|whisper|translate|:free|:extended|\.ft-|robotics|safeguard|sonic"
)

_SMALLEST = Decimal("1e-12")

_CHECKED_ON = re.compile(r"(?:checked|verified)(?: on)? (\d{4}-\d{2}-\d{2})")

SeriesKey = tuple[str, str, str, str, int]
"""provider, model, meter, service_tier, above_context_tokens."""


@dataclass(frozen=True)
class Price:
    """One price and where it came from. `usd_per_unit` is USD for one `unit`."""

    usd_per_unit: Decimal
    unit: str
    source: str
    retrieved_on: str


@dataclass(frozen=True)
class PriceRow:
    """One row of the sheet: a price and the half-open period `effective_from <= day < effective_until`."""

    key: SeriesKey
    price: Price
    effective_from: date
    effective_until: date | None

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
        provider, model, meter, service_tier, above = self.key
        context = f" above {above} tokens" if above else ""
        until = self.effective_until.isoformat() if self.effective_until else "open"
        price = f"{plain_decimal(self.price.usd_per_unit)} USD per {self.price.unit}"
        period = f"{self.effective_from.isoformat()} to {until}"
        return f"{provider} {model} {meter} {service_tier}{context}: {price}, {period}"


Timeline = list[tuple[date, Price | None]]
"""What a price is from each date on, until the next; None = the meter has no price then."""


@dataclass
class RefreshReport:
    """What a refresh did to the sheet, one line per row; `kept_from_earlier` is a part of `unchanged`."""

    path: Path
    package_version: str
    retrieved_on: date
    added: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    kept_from_earlier: list[str] = field(default_factory=list)
    time_of_day_models: list[str] = field(default_factory=list)
    model_count: int = 0

    def __str__(self) -> str:
        lines = [
            f"{self.path.name}: genai-prices {self.package_version}, as of {self.retrieved_on.isoformat()}",
            f"  {self.model_count} models; rows: {len(self.added)} added, {len(self.ended)} ended, "
            f"{len(self.unchanged)} unchanged, {len(self.kept_from_earlier)} of them not in the package",
        ]
        lines += [f"  + {line}" for line in self.added]
        lines += [f"  - {line}" for line in self.ended]
        if self.time_of_day_models:
            lines.append("  priced without their time-of-day rates: " + ", ".join(self.time_of_day_models))
        return "\n".join(lines)


def plain_decimal(value: Decimal) -> str:
    """Write a decimal with no exponent and no trailing zeros. Raises ValueError beyond 12 decimals."""
    if value != value.quantize(_SMALLEST):
        raise ValueError(f"{value} has more than 12 decimals")
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def normalize_model(model: str) -> str:
    """Strip from a model's name what the warehouse strips too: vendor, region, version and date.

    `us.anthropic.claude-sonnet-4-5-20250929-v1:0` becomes `claude-sonnet-4-5`.
    """
    name = model.lower().rsplit("/", 1)[-1]
    name = re.sub(r"^(?:us-gov|us|eu|apac|jp|au|ca|in|global|regional)\.", "", name)
    name = re.sub(r"^(?:amazon|anthropic|cohere|deepseek|meta|mistral|openai)\.", "", name)
    name = re.sub(r"(?:-v1)?:0$", "", name)
    name = re.sub(r"@.*$", "", name)
    return re.sub(r"(?:-\d{8}|-\d{4}-\d{2}-\d{2}|-latest)$", "", name)


def package_retrieved_on() -> date:
    """The newest day on which the package's authors say they checked a price: never today's clock."""
    comments = (
        text or ""
        for provider in _package_providers
        for text in (provider.price_comments, *(model.price_comments for model in provider.models))
    )
    days = [date.fromisoformat(day) for text in comments for day in _CHECKED_ON.findall(text)]
    if not days:
        raise ValueError("genai-prices does not say when its prices were checked: pass retrieved_on")
    return max(days)


def refresh(seed_path: Path, *, all_models: bool = False, retrieved_on: date | None = None) -> RefreshReport:
    """Rebuild the price sheet at `seed_path` from the installed package, keeping its history.

    `all_models` takes every provider and model of the package, not only the major ones. `retrieved_on` is
    the day from which a price that the package states differently, without a date of its own, replaces the
    one in the sheet; by default the newest day on which the package's authors checked a price. Raises
    ValueError on a sheet whose columns or values are not those of the contract.
    """
    package_version = version("genai-prices")
    as_of = retrieved_on or package_retrieved_on()
    report = RefreshReport(path=seed_path, package_version=package_version, retrieved_on=as_of)
    before = read_sheet(seed_path) if seed_path.exists() else []
    stated = dict(_package_timelines(all_models, as_of, package_version, report.time_of_day_models))
    after = merge(before, stated, as_of)
    _fill_report(report, before, after, stated)
    text = sheet_text(after)
    if not seed_path.exists() or seed_path.read_text(encoding="utf-8") != text:
        seed_path.parent.mkdir(parents=True, exist_ok=True)
        seed_path.write_text(text, encoding="utf-8", newline="\n")
    return report


def read_sheet(path: Path) -> list[PriceRow]:
    """Read a price sheet. Raises ValueError when its columns are not COLUMNS."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError(f"{path.name}: expected the columns {', '.join(COLUMNS)}")
        return [_row_from_cells(cells) for cells in reader]


def sheet_text(rows: Iterable[PriceRow]) -> str:
    """The rows as CSV text, sorted, with '\\n' line ends."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in sorted(rows, key=lambda row: (row.key, row.effective_from)):
        writer.writerow(row.cells())
    return buffer.getvalue()


def merge(before: list[PriceRow], stated: Mapping[SeriesKey, Timeline], as_of: date) -> list[PriceRow]:
    """Merge what the package states into the rows of the sheet; a series that it lacks stays as it is.

    From `as_of` on the package's word counts. Before it the sheet's does, except in a dated period of the
    package that the sheet has not heard of (no row of the series starts or ends there): that is news, so it
    counts.
    """
    known: dict[SeriesKey, list[PriceRow]] = {}
    for row in before:
        known.setdefault(row.key, []).append(row)
    merged: list[PriceRow] = []
    for key in known.keys() | stated.keys():
        rows = known.get(key, [])
        merged += _rows(key, _merge_timeline(rows, stated[key], as_of)) if key in stated else rows
    return merged


def _merge_timeline(rows: list[PriceRow], stated: Timeline, as_of: date) -> Timeline:
    stated = _runs(stated)
    edges = {day for row in rows for day in (row.effective_from, row.effective_until) if day}
    days = sorted(edges | {start for start, _ in stated} | {as_of, OPEN_START})
    merged: Timeline = []
    for day in days:
        start, new = _at(stated, day)
        old = next((row.price for row in rows if _covers(row, day)), None)
        is_news = start != OPEN_START and start not in edges
        is_package_right = day >= as_of or is_news or old is None
        merged.append((day, new if is_package_right and not _same(old, new) else old))
    return merged


def _at(timeline: Timeline, day: date) -> tuple[date, Price | None]:
    return next(((start, price) for start, price in reversed(timeline) if start <= day), (OPEN_START, None))


def _covers(row: PriceRow, day: date) -> bool:
    return row.effective_from <= day and (row.effective_until is None or day < row.effective_until)


def _same(one: Price | None, other: Price | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.usd_per_unit, one.unit) == (other.usd_per_unit, other.unit)


def _runs(timeline: Timeline) -> Timeline:
    """The timeline without the days on which nothing changes; a run keeps the source of its first day."""
    runs: Timeline = []
    for start, price in timeline:
        if not runs or not _same(runs[-1][1], price):
            runs.append((start, price))
    return runs


def _rows(key: SeriesKey, timeline: Timeline) -> list[PriceRow]:
    """One row per run of equal prices."""
    runs = _runs(timeline)
    ends: list[date | None] = [start for start, _ in runs[1:]]
    return [
        PriceRow(key, price, start, until)
        for (start, price), until in zip(runs, [*ends, None], strict=True)
        if price is not None
    ]


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


def _package_timelines(
    all_models: bool, as_of: date, package_version: str, time_of_day_models: list[str]
) -> Iterator[tuple[SeriesKey, Timeline]]:
    """Every price series that the package states. Adds to `time_of_day_models` as it goes."""
    seen: set[tuple[str, str]] = set()
    for provider, listing, model in _listed_models(all_models):
        name = PROVIDER_NAMES.get(provider.id, provider.id)
        model_name = _model_name(listing, model)
        if (name, model_name) in seen:
            raise ValueError(f"two models of the package are named {name} {model_name}")
        seen.add((name, model_name))
        dated, had_time_of_day = _without_time_of_day(model)
        if had_time_of_day:
            time_of_day_models.append(f"{name} {model_name}")
        own = listing.id == provider.id
        source = f"genai-prices {package_version}" + ("" if own else f" ({listing.id} list price)")
        tiers = ("standard", *_TIER_CONTEXTS) if own else ("standard",)
        for tier in tiers:
            for meter, above, timeline in _model_timelines(dated, tier, source, as_of.isoformat()):
                yield (name, model_name, meter, tier, above), timeline


def _listed_models(all_models: bool) -> Iterator[tuple[Provider, Provider, ModelInfo]]:
    """(provider, the provider whose list holds the price, model).

    Azure sells OpenAI's and Anthropic's models and Google sells Anthropic's at the maker's list price, so a
    model that their own lists lack is taken from the maker's, as the package itself does (standard tier
    only).
    """
    by_id = {provider.id: provider for provider in _package_providers}
    for provider in _package_providers:
        if not all_models and provider.id not in PROVIDER_NAMES:
            continue
        own = [model for model in provider.models if all_models or _is_major(provider.id, model.id)]
        yield from ((provider, provider, model) for model in own)
        if provider.id not in ("azure", "google"):
            continue
        for maker_id in provider.fallback_model_providers or ():
            maker = by_id[maker_id]
            for model in maker.models:
                is_wanted = maker_id in ("openai", "anthropic") and _is_major(maker_id, model.id)
                if is_wanted and provider.find_model(model.id) is None:
                    yield provider, maker, model


def _is_major(provider_id: str, model_id: str) -> bool:
    return re.match(_MAJOR[provider_id], model_id) is not None and _NOT_MAJOR.search(model_id) is None


def _model_name(listing: Provider, model: ModelInfo) -> str:
    """The model's name in the sheet: the package's id, made findable by the warehouse's name rules.

    Bedrock prices a model twice: `global.` profiles keep their full id (an exact match), everything in a
    region goes by the bare name that stripping `us.anthropic.` and the version leaves. Elsewhere only an id
    that the stripping would change into a name no other model has is shortened (`claude-3-opus-latest`).
    """
    if listing.id == "aws":
        return model.id if model.id.startswith("global.") else normalize_model(model.id)
    short = normalize_model(model.id)
    is_unique = all(other.id != short for other in listing.models)
    return short if listing.id in ("anthropic", "azure") and is_unique else model.id.lower()


def _without_time_of_day(model: ModelInfo) -> tuple[ModelInfo, bool]:
    if isinstance(model.prices, ModelPrice):
        return model, False
    kept = [price for price in model.prices if not isinstance(price.constraint, TimeOfDateConstraint)]
    timed = [price for price in model.prices if isinstance(price.constraint, TimeOfDateConstraint)]
    if not timed:
        return model, False
    if sum(_hours(price.constraint) for price in timed) > 12:  # the price without hours is the exception
        kept = [*kept, ConditionalPrice(constraint=None, prices=timed[0].prices)]
    return dataclasses.replace(model, prices=kept), True


def _hours(constraint: object) -> float:
    """Hours of the day in which a time-of-day price holds; a window may run over midnight."""
    assert isinstance(constraint, TimeOfDateConstraint)
    start, end = constraint.start_time, constraint.end_time
    hours = end.hour + end.minute / 60 - start.hour - start.minute / 60
    return hours if hours > 0 else hours + 24


def _model_timelines(
    model: ModelInfo, tier: str, source: str, retrieved_on: str
) -> Iterator[tuple[str, int, Timeline]]:
    """(meter, above_context_tokens, timeline) of a model in a service tier, rounded to 12 decimals."""
    starts = sorted({OPEN_START, *_start_dates(model)})
    prices = {start: _tier_prices(model, tier, start) for start in starts}
    series = sorted({key for by_meter in prices.values() for key in by_meter})
    for meter, above in series:
        _, unit, per = _METERS[meter]
        timeline: Timeline = []
        for start in starts:
            usd = prices[start].get((meter, above))
            price = (
                None if usd is None else Price((usd / per).quantize(_SMALLEST), unit, source, retrieved_on)
            )
            timeline.append((start, price))
        yield meter, above, timeline


def _start_dates(model: ModelInfo) -> Iterator[date]:
    conditions: list[ConditionalPrice | PriceVariant] = list(model.price_variants or ())
    if not isinstance(model.prices, ModelPrice):
        conditions += model.prices
    for condition in conditions:
        if isinstance(condition.constraint, StartDateConstraint):
            yield condition.constraint.start_date


def _tier_prices(model: ModelInfo, tier: str, day: date) -> dict[tuple[str, int], Decimal]:
    """{(meter, above_context_tokens): price in the package's unit} on a day; empty without such a tier."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    context = _TIER_CONTEXTS.get(tier, {})
    if context and not any(_applies(variant, context, noon) for variant in model.price_variants or ()):
        return {}
    price = model.get_prices(noon, context)
    found: dict[tuple[str, int], Decimal] = {}
    for meter, (keys, _, _) in _METERS.items():
        value = next((price.__dict__[key] for key in keys if price.__dict__.get(key) is not None), None)
        if isinstance(value, TieredPrices):
            found[meter, 0] = value.base
            found.update({(meter, step.start): step.price for step in value.tiers})
        elif value is not None:
            found[meter, 0] = value
    return found


def _applies(variant: PriceVariant, context: Mapping[str, str], moment: datetime) -> bool:
    is_asked = all(context.get(key) == value for key, value in variant.when.items())
    return is_asked and (variant.constraint is None or variant.constraint.active(moment))


def _fill_report(
    report: RefreshReport, before: list[PriceRow], after: list[PriceRow], stated: Mapping[SeriesKey, Timeline]
) -> None:
    report.model_count = len({row.key[:2] for row in after})
    old = {(row.key, row.effective_from): row for row in before}
    for row in sorted(after, key=lambda row: (row.key, row.effective_from)):
        was = old.get((row.key, row.effective_from))
        if was is None or not _same(was.price, row.price):
            report.added.append(row.label())
        elif was.effective_until != row.effective_until:
            report.ended.append(row.label())
        else:
            report.unchanged.append(row.label())
            if row.key not in stated:
                report.kept_from_earlier.append(row.label())
