"""The requests of one route on one day, as arrays: when, how many tokens of each class, which attempts fail.

Every (seed, route, day) has its own random stream, so a defect planted on one route leaves the others alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ai_cost_audit.demo.company import ROUTE_INDEX, ROUTES, TEAM_BY_ID, Route
from ai_cost_audit.demo.defects import (
    CACHE_ROUTE,
    LAUNCH_FEATURE,
    LAUNCH_MULTIPLE,
    RUNAWAY,
    RUNAWAY_CALLS,
    RUNAWAY_ROUTE,
    Calendar,
    utc,
)

Ints = NDArray[np.int64]
Rows = dict[str, Ints]

DAY_MS = 86_400_000
LONGEST_CONTEXT = 180_000  # tokens; below every provider's long-context price
LONGEST_SMALL_CONTEXT = 60_000  # mini models have a threshold at 100,000
STAMPED, KEY_ONLY, NOBODY = 0, 1, 2
RUNAWAY_SESSION = 1 << 29  # above every number of a session of a day

_WEEKEND_SHARE = {"office": 0.14, "customer": 0.72, "steady": 1.0}
_SESSION_CALLS = (4, 30)
_FAILED_STATUS = np.array([429, 500, 503, 504])
_FAILED_STATUS_SHARE = np.array([0.38, 0.17, 0.2, 0.25])


def hour_weights(rhythm: str) -> NDArray[np.float64]:
    """The share of a day's traffic in each local hour."""
    hours = np.arange(24)
    if rhythm == "office":
        shape = (
            0.03
            + np.exp(-0.5 * ((hours - 10.6) / 1.7) ** 2)
            + 0.9 * np.exp(-0.5 * ((hours - 15.2) / 1.9) ** 2)
        )
    elif rhythm == "customer":
        shape = (
            0.16
            + np.exp(-0.5 * ((hours - 13.5) / 4.2) ** 2)
            + 0.45 * np.exp(-0.5 * ((hours - 20.0) / 1.8) ** 2)
        )
    else:
        shape = 1 + 0.15 * np.sin((hours - 8) / 24 * 2 * np.pi)
    return np.asarray(shape / shape.sum())


def utc_hour_weights(rhythm: str, timezone: str, day: date) -> NDArray[np.float64]:
    """The same in UTC hours, for the offset in force at noon of that day."""
    offset = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(timezone)).utcoffset() or timedelta()
    return np.roll(hour_weights(rhythm), -round(offset.total_seconds() / 3600))


@dataclass(frozen=True)
class Demand:
    """How many requests each route is expected to make on each day, for a wished total."""

    calendar: Calendar
    requests: int

    def expected(self) -> dict[tuple[int, date], float]:
        """Expected requests by (route number, day), summing to `requests` when no launch is planted."""
        days = self.calendar.days
        raw = {(r, day): self._relative(route, day) for r, route in enumerate(ROUTES) for day in days}
        scale = self.requests / math.fsum(raw.values())
        return {
            (r, day): value * scale * self._launch_factor(ROUTES[r], day) for (r, day), value in raw.items()
        }

    def _relative(self, route: Route, day: date) -> float:
        growth = TEAM_BY_ID[route.team_id].monthly_growth
        months_in = ((day - self.calendar.start).days - 15) / 30.5
        weekend = _WEEKEND_SHARE[route.rhythm] if day.weekday() >= 5 else 1.0
        return float(route.weight * weekend * growth**months_in)

    def _launch_factor(self, route: Route, day: date) -> int:
        return LAUNCH_MULTIPLE if route.feature == LAUNCH_FEATURE and self.calendar.is_launch(day) else 1


@dataclass(frozen=True)
class Slice:
    """A day, or one of several equal parts of a day with very many requests: held in memory at once."""

    day: date
    part: int = 0
    parts: int = 1


def attempts(route: Route, piece: Slice, expected: float, seed: int, calendar: Calendar) -> Rows | None:
    """Every attempt of a route in a slice of a UTC day, or None when there is none.

    `expected` is the number of requests expected in the slice.
    """
    day = piece.day
    number = ROUTE_INDEX[route.route_id]
    day_number = (day - calendar.start).days
    rng = np.random.default_rng([seed, number, day_number, piece.part])
    count = int(rng.poisson(expected * math.exp(rng.normal(0, 0.03))))
    loops_here = route.route_id == RUNAWAY_ROUTE and day == calendar.audit_day(9) and piece.part == 0
    parts = []
    if count:
        requests = (
            _session_requests(rng, route, day, count)
            if route.is_session
            else _requests(rng, route, day, count)
        )
        _add_people(rng, route, requests)
        if route.route_id == CACHE_ROUTE and calendar.is_cache_broken(day):
            _strip_cache(requests)
        parts.append(_with_failed_attempts(rng, requests, day))
    if loops_here and RUNAWAY in calendar.plant:
        parts.append(runaway_rows(route, day, seed))
    if not parts:
        return None
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    _add_ids(rows, (day_number << 48) | (number << 40) | (piece.part << 32), seed)
    rows["r"] = np.full(len(rows["ts"]), number, np.int64)
    rows["dup"] = _duplicates(rng, len(rows["ts"])) * (1 - rows["is_runaway"])
    return rows


def _lognormal(rng: np.random.Generator, median: float, sigma: float, count: int, highest: int) -> Ints:
    if median <= 0:
        return np.zeros(count, np.int64)
    return np.clip(rng.lognormal(math.log(median), sigma, count), 1, highest).astype(np.int64)


def _times(rng: np.random.Generator, route: Route, day: date, count: int) -> Ints:
    weights = utc_hour_weights(route.rhythm, TEAM_BY_ID[route.team_id].timezone, day)
    hours = rng.choice(24, size=count, p=weights)
    start = int(utc(day).timestamp()) * 1000
    return np.sort(start + hours * 3_600_000 + rng.integers(0, 3_600_000, count))


def _outputs(rng: np.random.Generator, route: Route, count: int) -> tuple[Ints, Ints]:
    """Output and reasoning tokens; one answer in twelve is several times longer."""
    output = _lognormal(rng, route.output, 0.55, count, 16_000)
    is_long = rng.random(count) < (0.08 if route.output >= 100 else 0)
    output = np.where(is_long, output * 3, output)
    reasoning = (output * route.reasoning_share * rng.random(count)).astype(np.int64)
    return output, reasoning


def _cached_prefix(route: Route, tokens: Ints) -> Ints:
    """What the provider can serve from its cache: OpenAI and Google count in blocks of 128 tokens."""
    return tokens if route.provider == "anthropic" else tokens // 128 * 128


def _split_prefix(route: Route, prefix: Ints, fresh: Ints, is_hit: NDArray[np.bool_], tail: Ints) -> Rows:
    """Input token classes: `prefix` may be in the cache, `fresh` is added to the cache, `tail` never is."""
    writes = route.provider == "anthropic" and route.cache_hit > 0
    read = np.where(is_hit, _cached_prefix(route, prefix), 0)
    rest = prefix - read + fresh
    written = rest if writes else np.zeros_like(rest)
    is_hour = route.cache_lifetime == "1h"
    return {
        "read": read,
        "write5": np.zeros_like(rest) if is_hour else written,
        "write1": written if is_hour else np.zeros_like(rest),
        "uncached": tail + rest - written,
    }


def _requests(rng: np.random.Generator, route: Route, day: date, count: int) -> Rows:
    """Requests that stand alone."""
    longest = LONGEST_SMALL_CONTEXT if route.tier == "mini" else LONGEST_CONTEXT - route.system
    context = _lognormal(rng, route.context, 0.45, count, longest)
    user = _lognormal(rng, route.user, 0.6, count, 4_000)
    system = np.full(count, route.system, np.int64)
    is_hit = rng.random(count) < route.cache_hit
    output, reasoning = _outputs(rng, route, count)
    nothing = np.zeros(count, np.int64)
    return {
        "ts": _times(rng, route, day, count),
        **_split_prefix(route, system, nothing, is_hit, context + user),
        "output": output,
        "reasoning": reasoning,
        "system": system,
        "context": context,
        "session": nothing,
        "group": np.arange(count),
    }


def _session_requests(rng: np.random.Generator, route: Route, day: date, count: int) -> Rows:
    """Requests in sessions of 4 to 30 calls; each call resends the steps before it."""
    lengths = np.clip(rng.lognormal(math.log(10), 0.5, count), *_SESSION_CALLS).astype(np.int64)
    sessions = int(np.searchsorted(np.cumsum(lengths), count)) + 1
    lengths = lengths[:sessions]
    lengths[-1] -= int(lengths.sum()) - count
    group = np.repeat(np.arange(sessions), lengths)
    step = _lognormal(rng, route.context, 0.5, count, 30_000)
    history = np.minimum(_sum_before(step, lengths), LONGEST_CONTEXT - 60_000)
    gap = _lognormal(rng, 22_000, 0.6, count, 120_000)
    offset = _sum_before(gap, lengths)
    ts = _times(rng, route, day, sessions)[group] + offset
    is_hit = rng.random(count) < route.cache_hit
    fresh = step * 3 // 4
    output, reasoning = _outputs(rng, route, count)
    user = _lognormal(rng, route.user, 0.6, count, 4_000)
    system = np.full(count, route.system, np.int64)
    return {
        "ts": _before_midnight(ts, group, day),
        **_split_prefix(route, system + history, fresh, is_hit, step - fresh + user),
        "output": output,
        "reasoning": reasoning,
        "system": system,
        "context": history + step,
        "session": group + 1,
        "group": group,
    }


def _sum_before(values: Ints, lengths: Ints) -> Ints:
    """For each call, the sum of the earlier values of its session."""
    running = np.cumsum(values) - values
    first = np.cumsum(lengths) - lengths
    return np.asarray(running - np.repeat(running[first], lengths))


def _before_midnight(ts: Ints, group: Ints, day: date) -> Ints:
    """Move a session that would run past midnight to end just before it."""
    end = int(utc(day).timestamp()) * 1000 + DAY_MS - 60_000
    over = np.zeros(int(group[-1]) + 1, np.int64)
    np.maximum.at(over, group, ts - end)
    return np.asarray(ts - over[group])


def _add_people(rng: np.random.Generator, route: Route, rows: Rows) -> None:
    """User, tenant, environment and who-called, alike for all calls of a session."""
    group = rows["group"]
    groups = int(group[-1]) + 1
    user = np.minimum(rng.exponential(route.users / 4, groups).astype(np.int64), route.users - 1)
    first_user = sum(r.users for r in ROUTES[: ROUTE_INDEX[route.route_id]])
    tenant = (user * 7919) % 40 + 1 if route.has_tenants else np.zeros(groups, np.int64)
    is_staging = rng.random(groups) < 0.05
    draw = rng.random(groups)
    stamp = np.where(draw < 0.95, STAMPED, np.where(draw < 0.975, KEY_ONLY, NOBODY))
    rows["user"] = (first_user + user + 1)[group]
    rows["tenant"] = tenant[group]
    rows["staging"] = is_staging.astype(np.int64)[group]
    rows["stamp"] = stamp[group]
    speed = _lognormal(rng, 1_000, 0.3, len(group), 4_000)
    rows["latency"] = 250 + (rows["output"] * 11 + (rows["read"] + rows["uncached"]) // 60) * speed // 1_000
    rows["lost"] = np.zeros(len(group), np.int64)


def _strip_cache(rows: Rows) -> None:
    """A changing prefix: what the cache read or wrote becomes plain input; `lost` keeps the reads."""
    rows["lost"] = rows["read"]
    rows["uncached"] = rows["uncached"] + rows["read"] + rows["write5"] + rows["write1"]
    for name in ("read", "write5", "write1"):
        rows[name] = np.zeros_like(rows["read"])


def _with_failed_attempts(rng: np.random.Generator, rows: Rows, day: date) -> Rows:
    """Add the failed first attempts of about 1.4 % of the requests; a few requests fail for good."""
    count = len(rows["ts"])
    draw = rng.random(count)
    gives_up = draw < 0.0006
    failures = (draw < 0.0022).astype(np.int64) + (draw < 0.014)
    delay = rng.integers(900, 6_000, count)
    rows["failures"] = failures
    rows["attempt"] = failures + 1
    rows["final"] = np.ones(count, np.int64)
    rows["status"] = np.where(gives_up, 503, 200)
    first = rows["ts"]
    for name in ("uncached", "read", "write5", "write1", "output", "reasoning", "lost"):
        rows[name] = np.where(gives_up, 0, rows[name])
    parts = [{name: values.copy() for name, values in rows.items()}]
    parts[0]["ts"] = first + failures * delay
    parts[0]["request"] = np.arange(count)
    for attempt in (1, 2):
        index = np.flatnonzero(failures >= attempt)
        parts.append(_failed_attempt(rng, rows, index, attempt, first[index] + (attempt - 1) * delay[index]))
    merged = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    end = int(utc(day).timestamp()) * 1000 + DAY_MS - 1
    merged["ts"] = np.minimum(merged["ts"], end)
    return merged


def _failed_attempt(rng: np.random.Generator, rows: Rows, index: Ints, attempt: int, ts: Ints) -> Rows:
    """Failed attempts: a timeout is billed for the tokens made so far, other failures mostly are not."""
    part = {name: values[index] for name, values in rows.items()}
    count = len(index)
    part["ts"] = ts
    part["request"] = index
    part["attempt"] = np.full(count, attempt, np.int64)
    part["final"] = np.zeros(count, np.int64)
    part["status"] = _FAILED_STATUS[rng.choice(4, size=count, p=_FAILED_STATUS_SHARE)]
    is_billed = (part["status"] == 504) | ((part["status"] == 500) & (rng.random(count) < 0.3))
    made = rng.random(count)
    part["output"] = (part["output"] * made).astype(np.int64)
    part["reasoning"] = (part["reasoning"] * made).astype(np.int64)
    for name in ("uncached", "read", "write5", "write1", "output", "reasoning", "lost"):
        part[name] = np.where(is_billed, part[name], 0)
    part["latency"] = np.where(part["status"] == 504, 60_000, 120 + part["latency"] // 10)
    return part


def runaway_rows(route: Route, day: date, seed: int) -> Rows:
    """One session that calls 2,500 times in five hours, its context growing to 160,000 tokens."""
    count = RUNAWAY_CALLS
    rng = np.random.default_rng([seed, 10_001])
    nothing = np.zeros(count, np.int64)
    grown = np.minimum(np.arange(count) * 62, 156_000 - route.system)
    step = _lognormal(rng, 900, 0.3, count, 3_000)
    system = np.full(count, route.system, np.int64)
    is_hit = rng.random(count) < 0.85
    output = _lognormal(rng, 500, 0.4, count, 3_000)
    start = int(utc(day, 12).timestamp()) * 1000
    rows = {
        "ts": start + np.arange(count) * 7_200 + rng.integers(0, 5_000, count),
        **_split_prefix(route, system + grown, step, is_hit, np.full(count, 90, np.int64)),
        "output": output,
        "reasoning": output // 4,
        "system": system,
        "context": grown + step,
        "session": np.full(count, RUNAWAY_SESSION, np.int64),
        "group": nothing,
    }
    _add_people(rng, route, rows)
    rows["stamp"] = nothing
    rows["staging"] = nothing
    rows["failures"] = nothing
    rows["attempt"] = nothing + 1
    rows["final"] = nothing + 1
    rows["status"] = nothing + 200
    rows["request"] = np.arange(count) + (1 << 30)
    return rows


def _mix(values: Ints, seed: int) -> NDArray[np.uint64]:
    """A one-to-one scramble of 64-bit numbers (splitmix64), so that ids are unique but not in order."""
    with np.errstate(over="ignore"):
        z = values.astype(np.uint64) + np.uint64((seed * 0x9E3779B97F4A7C15) % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> np.uint64(31)))


def _add_ids(rows: Rows, base: int, seed: int) -> None:
    """Request and session ids: `base` keeps those of different routes and slices apart."""
    rows["rid"] = _mix(rows.pop("request") + base, seed).view(np.int64)
    session = rows["session"]
    rows["sid"] = np.where(session == 0, 0, _mix(session + base + (1 << 39), seed).view(np.int64))
    rows["is_runaway"] = (session == RUNAWAY_SESSION).astype(np.int64)
    del rows["session"], rows["group"]


def _duplicates(rng: np.random.Generator, count: int) -> Ints:
    """Which rows a gateway logs twice: 1 = in the same file, 2 = again in the next day's file."""
    draw = rng.random(count)
    return np.where(draw < 0.0005, 1, np.where(draw < 0.001, 2, 0))


def prompt_version(route: Route, day: date, calendar: Calendar) -> str:
    """The prompt template version deployed on a day."""
    return calendar.prompt_version(day) if route.route_id == CACHE_ROUTE else route.version
