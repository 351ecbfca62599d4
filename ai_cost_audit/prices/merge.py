"""How the two sources become one sheet, and how the sheet stays a history.

genai-prices is dated, so it goes first: where it states a price for a day, that is the price. LiteLLM's map is
undated and fills what is left: models, tiers and periods that genai-prices does not state, and audio, images and
searches where it states text only. The text prices of one model, tier and day come from one source, and a price that
genai-prices states for any context is not split by a threshold that only LiteLLM has: mixed, the two would
describe no list price there ever was. For the same reason an edition that disagrees with genai-prices on the price
of text adds nothing to that model.

A row from neither source is somebody's correction, with its proof in `source`: it stands for its period.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ai_cost_audit.prices.sheet import (
    OPEN_START,
    Price,
    PriceRow,
    SeriesKey,
    Timeline,
    by_series,
    is_same,
    price_on,
    rows_of,
    runs,
)

_TEXT = (
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_30m",
    "cache_write_1h",
    "cache_write_12h",
    "output",
)
"""Meters that genai-prices states as one: where it prices input and no cache read, a read costs what input costs."""

_CORRECTION = "correction: "
"""How the source of a correction begins."""


def merge(before: list[PriceRow], stated: Mapping[SeriesKey, Timeline], as_of: date) -> list[PriceRow]:
    """Merge what genai-prices states into the rows of the sheet; a series that it lacks stays as it is.

    From `as_of` on the package's word counts. Before it the sheet's does, except in a dated period of the
    package that the sheet has not heard of (no row of the series starts or ends there): that is news, so it
    counts. Where the package states nothing, a row of LiteLLM's stays.
    """
    known = by_series(before)
    merged: list[PriceRow] = []
    for key in known.keys() | stated.keys():
        rows = known.get(key, [])
        merged += rows_of(key, _merged(rows, stated[key], as_of)) if key in stated else rows
    return merged


def _merged(rows: list[PriceRow], stated: Timeline, as_of: date) -> Timeline:
    stated = runs(stated)
    edges = {day for row in rows for day in (row.effective_from, row.effective_until) if day}
    days = sorted(edges | {start for start, _ in stated} | {as_of, OPEN_START})
    merged: Timeline = []
    for day in days:
        start, new = _at(stated, day)
        old = price_on(rows, day)
        is_news = start != OPEN_START and start not in edges
        is_package_right = day >= as_of or is_news or old is None
        if old is not None and (old.source.startswith(_CORRECTION) or (new is None and old.is_litellm)):
            is_package_right = False
        keeps_old = old is not None and is_same(old, new) and not old.is_litellm
        merged.append((day, new if is_package_right and not keeps_old else old))
    return merged


def _at(timeline: Timeline, day: date) -> tuple[date, Price | None]:
    return next(((start, price) for start, price in reversed(timeline) if start <= day), (OPEN_START, None))


def fill(
    rows: list[PriceRow], stated: Mapping[SeriesKey, Price], as_of: date, listed_since: date
) -> list[PriceRow]:
    """Fill the days that the rows leave without a price with what an edition of LiteLLM's map states.

    A changed price holds from `as_of`, the day of the edition. A new series holds from `listed_since`, the day of
    the edition before: it became known between the two. A series that the edition no longer states, though it
    still lists the model, ends; one that it states again goes on where it ended. The price of a batch, flex or
    priority tier belongs to a standard price: where genai-prices dates a change of that, the tier's price starts
    or ends there too.
    """
    series = by_series(rows)
    models = {key[:2] for key in stated}
    filled: list[PriceRow] = []
    for key in series.keys() | stated.keys():
        known = series.get(key, [])
        if key[:2] not in models:
            filled += known
            continue
        theirs = [row for row in known if row.price.is_litellm]
        others = [row for row in known if not row.price.is_litellm]
        changes = _standard_changes(key, series)
        price = None if _is_another_list(key, stated, series, as_of) else stated.get(key)
        timeline = _with_edition(theirs, price, as_of, listed_since, changes)
        filled += others + rows_of(key, _outside(timeline, _blocking(key, others, series)))
    return filled


def _is_another_list(
    key: SeriesKey, stated: Mapping[SeriesKey, Price], series: Mapping[SeriesKey, list[PriceRow]], as_of: date
) -> bool:
    """True for the price of audio, images or searches from an edition that disagrees on the price of text."""
    text: SeriesKey = (key[0], key[1], "input", key[3], 0)
    ours = price_on([row for row in series.get(text, []) if not row.price.is_litellm], as_of)
    return key[2] not in _TEXT and ours is not None and not is_same(ours, stated.get(text))


def _standard_changes(key: SeriesKey, series: Mapping[SeriesKey, list[PriceRow]]) -> list[date]:
    """The days on which genai-prices changes the standard price of a tier's model; none for that tier itself."""
    provider, model, _, tier, _ = key
    if tier == "standard":
        return []
    standard = [
        row
        for meter in ("input", "output")
        for row in series.get((provider, model, meter, "standard", 0), [])
        if not row.price.is_litellm and row.effective_from != OPEN_START
    ]
    return sorted({row.effective_from for row in standard})


def _with_edition(
    rows: list[PriceRow], price: Price | None, as_of: date, listed_since: date, changes: list[date]
) -> Timeline:
    """LiteLLM's price of a series over time, with an edition that counts from `as_of`."""
    if not rows:
        first = max([min(listed_since, as_of), *(day for day in changes if day <= as_of)])
    else:
        ends = [row.effective_until for row in rows if row.effective_until]
        first = min(max(ends), as_of) if len(ends) == len(rows) else as_of
    last = next((day for day in changes if day > as_of), None)
    edges = {day for row in rows for day in (row.effective_from, row.effective_until) if day}
    timeline: Timeline = []
    for day in sorted(edges | {first, as_of} | ({last} if last else set())):
        old = price_on(rows, day)
        new = price if day >= as_of or (old is None and day >= first) else old
        if last and day >= last:
            new = None
        timeline.append((day, old if is_same(old, new) else new))
    return timeline


def _blocking(
    key: SeriesKey, others: list[PriceRow], series: Mapping[SeriesKey, list[PriceRow]]
) -> list[PriceRow]:
    """The rows whose days LiteLLM's price of a series must leave alone."""
    provider, model, meter, tier, _ = key
    bases = {meter, "input"} if meter in _TEXT else {meter}
    stated = [row for base in sorted(bases) for row in series.get((provider, model, base, tier, 0), [])]
    return others + [row for row in stated if not row.price.is_litellm]


def _outside(timeline: Timeline, blocking: list[PriceRow]) -> Timeline:
    """The timeline without the days of the blocking rows."""
    edges = {day for row in blocking for day in (row.effective_from, row.effective_until) if day}
    days = sorted(edges | {start for start, _ in timeline})
    return [(day, None if price_on(blocking, day) else _at(timeline, day)[1]) for day in days]
