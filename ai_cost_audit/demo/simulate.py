"""Simulate the demo company: write its landing zone, and the answer key of what was planted in it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ai_cost_audit.demo import bills, gpus
from ai_cost_audit.demo.company import POOLS, ROUTES, TEAM_BY_ID, TRAINING_POOL_ID, Route
from ai_cost_audit.demo.defects import (
    ALL_DEFECTS,
    BYPASS,
    BYPASS_PROJECT,
    CACHE_BREAK,
    CACHE_ROUTE,
    CREDIT,
    FINDING_TYPES,
    IDLE_POOL,
    IDLE_POOL_ID,
    LAUNCH,
    LAUNCH_FEATURE,
    LAUNCH_MULTIPLE,
    ORPHANED_JOB,
    ORPHANED_JOB_ID,
    PREMIUM,
    PREMIUM_ROUTE,
    RUNAWAY,
    RUNAWAY_FREE_CALLS,
    Calendar,
)
from ai_cost_audit.demo.prices import PriceBook, cost_units, usd
from ai_cost_audit.demo.traces import TraceWriter
from ai_cost_audit.demo.traffic import DAY_MS, Demand, Ints, Rows, Slice, attempts

PARQUET_ABOVE = 2_000_000  # requests
SLICE_REQUESTS = 200_000  # requests held in memory at once
METER_COLUMNS = {
    "input": "uncached",
    "cache_read": "read",
    "cache_write_5m": "write5",
    "cache_write_1h": "write1",
    "output": "output",
}
_BYPASS_SHARE = Decimal("0.045")  # of what the gateway sends to OpenAI in the audit month
_BYPASS_REQUEST = {"input": 7_400, "cache_read": 2_048, "output": 900}  # tokens

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class DemoReport:
    """What a simulation wrote."""

    landing: Path
    answer_key: Path
    requests: int
    trace_lines: int
    files: int
    size_bytes: int
    billed_usd: Mapping[str, Decimal]
    gpu_usd: Decimal
    planted_usd: Mapping[str, Decimal]


@dataclass
class _Books:
    """What is summed while the days go by: exact integers, so that no order or chunk changes a figure."""

    calendar: Calendar
    prices: PriceBook
    models: dict[str, str]
    ledger: bills.Ledger = field(default_factory=bills.new_ledger)
    pool_tokens: dict[str, Ints] = field(default_factory=dict)
    planted_units: dict[str, int] = field(default_factory=lambda: {PREMIUM: 0, CACHE_BREAK: 0, RUNAWAY: 0})
    runaway_session: str = ""
    requests: int = 0

    def add(self, route: Route, day: date, rows: Rows) -> None:
        """Price a route's attempts of a day (column `cost`), and book what the provider bills for them."""
        rows["cost"] = np.zeros(len(rows["ts"]), np.int64)
        self.requests += int(rows["final"].sum())
        if route.provider == "self_hosted":
            self._add_pool_tokens(route, day, rows)
            return
        model = self.models[route.route_id]
        prices = self.prices.units(route.provider, model, day)
        tokens = {meter: int(rows[column].sum()) for meter, column in METER_COLUMNS.items()}
        cost_units(tokens, prices)  # every meter in use has a price, or this says which has not
        for meter, column in METER_COLUMNS.items():
            rows["cost"] += rows[column] * prices.get(meter, 0)
        billed = int((rows["uncached"] + rows["read"] + rows["write5"] + rows["write1"] > 0).sum())
        project = TEAM_BY_ID[route.team_id].project_at(route.provider)
        if billed:
            self.ledger[bills.UsageKey(day, route.provider, project, model)].add(tokens, billed)
        if day >= self.calendar.audit_month:
            self._add_planted(route, day, rows, tokens, prices)

    def _add_pool_tokens(self, route: Route, day: date, rows: Rows) -> None:
        days = self.calendar.days
        hours = self.pool_tokens.setdefault(route.pool_id, np.zeros(len(days) * 24, np.int64))
        hour = (day - self.calendar.start).days * 24 + rows["ts"] % DAY_MS // 3_600_000
        np.add.at(hours, hour, rows["uncached"] + rows["output"])

    def _add_planted(
        self, route: Route, day: date, rows: Rows, tokens: Mapping[str, int], prices: Mapping[str, int]
    ) -> None:
        if route.route_id == PREMIUM_ROUTE:
            mini = self.prices.units(route.provider, self.prices.tier_default(route.provider, "mini"), day)
            self.planted_units[PREMIUM] += cost_units(tokens, prices) - cost_units(tokens, mini)
        if route.route_id == CACHE_ROUTE:
            lost = int(rows["lost"].sum()) * (prices["input"] - prices["cache_read"])
            self.planted_units[CACHE_BREAK] += lost if self.calendar.is_cache_broken(day) else 0
        loop = np.flatnonzero(rows["is_runaway"])
        if len(loop):
            in_order = loop[np.argsort(rows["ts"][loop], kind="stable")]
            self.planted_units[RUNAWAY] += int(rows["cost"][in_order[RUNAWAY_FREE_CALLS:]].sum())
            self.runaway_session = f"sess_{int(rows['sid'][loop[0]]) % 2**64:016x}"


def simulate(
    landing: Path,
    answer_key: Path,
    *,
    seed: int = 7,
    requests: int = 300_000,
    plant: Collection[str] = ALL_DEFECTS,
    start: date = date(2026, 9, 1),
    months: int = 2,
    scale_format: Literal["jsonl", "parquet"] | None = None,
    progress: Progress | None = None,
) -> DemoReport:
    """Write the landing zone and the answer key; the same arguments give the same bytes.

    `plant` names the defects to plant (see ALL_DEFECTS); with none, the company is clean. `requests` is the
    expected total before a planned launch or a runaway session adds to it. Without `scale_format`, traces are
    gzipped JSON lines, and Parquet above two million requests. `progress(what, done, total)` is called after
    each day. Raises ValueError for arguments that make no sense, FileExistsError when the landing zone holds
    files already, and LookupError when the reference seeds lack a price or a tier default.
    """
    calendar = Calendar.of(start, months, plant)
    _check(landing, answer_key, requests)
    prices = PriceBook()
    models = _models(prices, calendar)
    books = _Books(calendar, prices, models)
    expected = Demand(calendar, requests).expected()
    as_parquet = (scale_format or ("parquet" if requests > PARQUET_ABOVE else "jsonl")) == "parquet"
    trace_lines = 0
    with TraceWriter(landing, calendar, models, as_parquet) as writer:
        for number, day in enumerate(calendar.days, start=1):
            for piece in _slices(day, expected):
                rows = _rows(books, expected, piece, seed)
                trace_lines += writer.write(piece, rows) if rows else 0
            if progress:
                progress("days of traces", number, len(calendar.days))
    if BYPASS in calendar.plant:
        _add_bypass(books)
    return _finish(landing, answer_key, books, seed=seed, requests=requests, trace_lines=trace_lines)


def _check(landing: Path, answer_key: Path, requests: int) -> None:
    if requests < 1:
        raise ValueError("requests must be at least 1")
    if answer_key.resolve().is_relative_to(landing.resolve()):
        raise ValueError("the answer key must not be inside the landing zone")
    held = next((p for p in landing.rglob("*") if p.is_file() and not p.name.startswith(".")), None)
    if held is not None:
        raise FileExistsError(f"the landing zone is not empty: it holds {held.relative_to(landing)}")


def _models(prices: PriceBook, calendar: Calendar) -> dict[str, str]:
    """The model behind each route, by route_id."""
    models = {}
    for route in ROUTES:
        is_premium = PREMIUM in calendar.plant and route.route_id == PREMIUM_ROUTE
        tier = "frontier" if is_premium else route.tier
        models[route.route_id] = route.self_hosted_model or prices.tier_default(route.provider, tier)
    return models


def _slices(day: date, expected: Mapping[tuple[int, date], float]) -> list[Slice]:
    """One slice for a day, or several when it has very many requests."""
    requests = sum(expected[number, day] for number in range(len(ROUTES)))
    parts = math.ceil(requests / SLICE_REQUESTS)
    return [Slice(day, part, parts) for part in range(parts)]


def _rows(books: _Books, expected: Mapping[tuple[int, date], float], piece: Slice, seed: int) -> Rows | None:
    """All attempts of a slice, priced and in order of time."""
    parts = []
    for number, route in enumerate(ROUTES):
        share = expected[number, piece.day] / piece.parts
        rows = attempts(route, piece, share, seed, books.calendar)
        if rows is not None:
            books.add(route, piece.day, rows)
            parts.append(rows)
    if not parts:
        return None
    merged = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((merged["attempt"], merged["rid"], merged["ts"]))
    return {name: values[order] for name, values in merged.items()}


def _add_bypass(books: _Books) -> None:
    """A project that calls OpenAI without the gateway from the third day of the audit month on."""
    calendar, prices = books.calendar, books.prices
    model = prices.tier_default("openai", "mid")
    days = [day for day in calendar.days if day >= calendar.audit_day(3)]
    traced = sum(
        (
            cost_units(usage.tokens, prices.units("openai", key.model, key.day))
            for key, usage in books.ledger.items()
            if key.provider == "openai" and key.day >= calendar.audit_month
        ),
        0,
    )
    shape = {day: 0.4 if day.weekday() >= 5 else 1.0 + 0.01 * (day.day % 7) for day in days}
    one_request = cost_units(_BYPASS_REQUEST, prices.units("openai", model, days[0]))
    per_unit_of_shape = float(_BYPASS_SHARE) * traced / one_request / sum(shape.values())
    for day in days:
        count = max(1, round(per_unit_of_shape * shape[day]))
        tokens = {meter: tokens * count for meter, tokens in _BYPASS_REQUEST.items()}
        books.ledger[bills.UsageKey(day, "openai", BYPASS_PROJECT, model)].add(tokens, count)


def _finish(
    landing: Path, answer_key: Path, books: _Books, *, seed: int, requests: int, trace_lines: int
) -> DemoReport:
    """Write what providers and machines export, then the answer key."""
    calendar = books.calendar
    terms = gpus.pool_terms()
    charges = {
        provider: bills.lines(books.ledger, books.prices, provider)
        for provider in ("openai", "anthropic", "google", "bedrock")
    }
    bills.write_openai(landing, books.ledger, charges["openai"], calendar)
    bills.write_anthropic(landing, books.ledger, charges["anthropic"], calendar)
    bills.write_google(landing, charges["google"], calendar, CREDIT in calendar.plant)
    rates = {pool_id: term.usd_per_gpu_hour for pool_id, term in terms.items()}
    bills.write_cloud_bill(landing, charges["bedrock"], calendar, rates)
    nothing = np.zeros(len(calendar.days) * 24, np.int64)
    traced = {pool.pool_id: books.pool_tokens.get(pool.pool_id, nothing) for pool in POOLS}
    gpus.write_usage(landing, calendar, seed, traced, terms)
    training_hours = gpus.write_jobs(landing, calendar, seed, terms)

    billed = {provider: bills.total(lines) for provider, lines in charges.items()}
    if CREDIT in calendar.plant:
        billed["google"] += bills.CREDIT_USD
    hours = len(calendar.days) * 24
    gpu_usd = sum((rates[p.pool_id] * p.gpu_count * hours for p in POOLS), Decimal(0))
    gpu_usd = (gpu_usd + training_hours * rates[TRAINING_POOL_ID]).quantize(Decimal("0.01"))
    findings = [
        _finding(name, books, charges["openai"], terms) for name in ALL_DEFECTS if name in calendar.plant
    ]
    planted = [finding for finding in findings if finding["defect"] != LAUNCH]
    key = {
        "seed": seed,
        "requests_wished": requests,
        "requests_written": books.requests,
        "start": calendar.start.isoformat(),
        "end": calendar.end.isoformat(),
        "audit_month": calendar.audit_month.isoformat(),
        "defects": planted,
        "planned": [finding for finding in findings if finding["defect"] == LAUNCH],
        "billed_usd": {provider: f"{amount:f}" for provider, amount in billed.items()},
        "gpu_usd": f"{gpu_usd:f}",
    }
    answer_key.parent.mkdir(parents=True, exist_ok=True)
    answer_key.write_text(json.dumps(key, indent=2) + "\n", encoding="utf-8")
    files = [path for path in landing.rglob("*") if path.is_file()]
    return DemoReport(
        landing=landing,
        answer_key=answer_key,
        requests=books.requests,
        trace_lines=trace_lines,
        files=len(files),
        size_bytes=sum(path.stat().st_size for path in files),
        billed_usd=billed,
        gpu_usd=gpu_usd,
        planted_usd={finding["defect"]: Decimal(finding["amount_usd"]) for finding in planted},
    )


def _finding(
    name: str, books: _Books, openai: list[bills.Line], terms: Mapping[str, gpus.PoolTerms]
) -> dict[str, Any]:
    """One entry of the answer key: what a finding should name, its exact amount, and how that came about."""
    calendar = books.calendar
    model = books.models[PREMIUM_ROUTE]
    mini = books.prices.tier_default("openai", "mini")
    first_broken, fixed = calendar.audit_day(14), calendar.audit_day(24)
    saturday = calendar.idle_saturday
    bypass = [line for line in openai if line.key.project == BYPASS_PROJECT]
    units = books.planted_units
    entries: dict[str, tuple[str, Decimal, str]] = {
        PREMIUM: (
            PREMIUM_ROUTE,
            usd(units[PREMIUM]),
            f"billed traffic of the route in the month on {model}, less the same tokens priced at {mini}",
        ),
        CACHE_BREAK: (
            CACHE_ROUTE,
            usd(units[CACHE_BREAK]),
            f"prompt v13, {first_broken} to {fixed} UTC: tokens that would have been cache reads, times the "
            "input price less the cache_read price",
        ),
        RUNAWAY: (
            books.runaway_session,
            usd(units[RUNAWAY]),
            f"cost of the calls of the session after call {RUNAWAY_FREE_CALLS}, in order of time",
        ),
        BYPASS: (
            "openai",
            bills.total(bypass),
            f"cost lines of project {BYPASS_PROJECT}, from {calendar.audit_day(3)}, of which no trace exists",
        ),
        CREDIT: ("google", -bills.CREDIT_USD, "the credit line of the month's invoice"),
        IDLE_POOL: (
            IDLE_POOL_ID,
            gpus.idle_weekend_usd(terms),
            f"{gpus.IDLE_HOURS} hours from {saturday}T00:00Z, all GPUs of the pool, times its rate",
        ),
        ORPHANED_JOB: (
            ORPHANED_JOB_ID,
            gpus.orphaned_job_usd(terms),
            "ended_at less last_progress_at, times its GPUs, times the pool's rate",
        ),
        LAUNCH: (
            LAUNCH_FEATURE,
            Decimal(0),
            f"traffic times {LAUNCH_MULTIPLE} from {calendar.audit_day(20)} to {calendar.audit_day(23)}, "
            "announced in planned_events: no finding",
        ),
    }
    subject, amount, how = entries[name]
    return {
        "defect": name,
        "finding_type": FINDING_TYPES.get(name),
        "subject": subject,
        "month": calendar.audit_month.isoformat(),
        "amount_usd": f"{amount:f}",
        "how": how,
    }
