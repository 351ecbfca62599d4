"""GPU telemetry of the demo company: a row a GPU and hour of its pools, and its training jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ai_cost_audit.demo.bills import write_csv, write_csv_gz
from ai_cost_audit.demo.company import POOLS, TEAM_BY_ID, TRAINING_POOL_ID, Pool
from ai_cost_audit.demo.defects import IDLE_POOL, IDLE_POOL_ID, ORPHANED_JOB, ORPHANED_JOB_ID, Calendar, utc
from ai_cost_audit.demo.prices import COMPANY_SEEDS, read_seed
from ai_cost_audit.demo.traffic import Ints, utc_hour_weights

_USAGE_COLUMNS = (
    "hour_start_at", "pool_id", "node_id", "gpu_id", "gpu_model", "is_allocated", "utilization_share",
    "memory_used_share", "running_requests", "tokens", "team_id", "job_id", "sample_count",
    "expected_sample_count",
)  # fmt: skip
_JOB_COLUMNS = (
    "job_id", "pool_id", "team_id", "user_id", "state", "submitted_at", "started_at", "ended_at", "gpu_count",
    "gpu_model", "time_limit_hours", "has_auto_stop", "last_progress_at",
)  # fmt: skip

IDLE_HOURS = 48
JOBS_PER_MONTH = 19
ORPHAN_GPUS = 8
ORPHAN_PROGRESS_HOURS = 10
ORPHAN_RUN_HOURS = 70


@dataclass(frozen=True)
class PoolTerms:
    """What the company's seed says of a pool."""

    gpu_model: str
    gpus_per_node: int
    usd_per_gpu_hour: Decimal


def pool_terms(company: Path = COMPANY_SEEDS) -> dict[str, PoolTerms]:
    """Model, node size and rate of each pool of the demo company, by pool_id."""
    return {
        row["pool_id"]: PoolTerms(
            row["gpu_model"], int(row["gpus_per_node"]), Decimal(row["usd_per_gpu_hour"])
        )
        for row in read_seed(company, "gpu_pools")
    }


def is_idle_hour(pool: Pool, day: date, calendar: Calendar) -> bool:
    """Whether the planted weekend leaves this pool without work on this day."""
    saturday = calendar.idle_saturday
    is_weekend = saturday <= day < saturday + timedelta(days=2)
    return IDLE_POOL in calendar.plant and pool.pool_id == IDLE_POOL_ID and is_weekend


def idle_weekend_usd(terms: Mapping[str, PoolTerms]) -> Decimal:
    """What the pool costs while it idles: GPU hours times its rate."""
    pool = next(p for p in POOLS if p.pool_id == IDLE_POOL_ID)
    return terms[IDLE_POOL_ID].usd_per_gpu_hour * pool.gpu_count * IDLE_HOURS


def orphaned_job_usd(terms: Mapping[str, PoolTerms]) -> Decimal:
    """What the job costs after its last progress."""
    hours = ORPHAN_RUN_HOURS - ORPHAN_PROGRESS_HOURS
    return terms[TRAINING_POOL_ID].usd_per_gpu_hour * ORPHAN_GPUS * hours


def write_usage(
    landing: Path, calendar: Calendar, seed: int, traced: Mapping[str, Ints], terms: Mapping[str, PoolTerms]
) -> int:
    """Write a file a month; `traced` holds the gateway's tokens of each pool by hour. Returns the GPU hours.

    A pool's tokens are those that the gateway routed to it plus those of callers inside the cluster.
    """
    gpu_hours = 0
    for first in calendar.month_starts:
        rows = [
            row
            for day in calendar.days
            if day.replace(day=1) == first
            for number, pool in enumerate(POOLS)
            for row in _day_rows(
                pool, day, calendar, terms[pool.pool_id], traced[pool.pool_id], (seed, 20_000 + number)
            )
        ]
        rows.sort(key=lambda row: (row["hour_start_at"], row["pool_id"], row["gpu_id"]))
        gpu_hours += len(rows)
        write_csv_gz(
            landing / "gpu_usage" / "generic" / f"gpu_usage_{first:%Y-%m}.csv.gz", _USAGE_COLUMNS, rows
        )
    return gpu_hours


def _utilization(pool: Pool, day: date) -> NDArray[np.float64]:
    """The mean utilization of each UTC hour."""
    weights = utc_hour_weights(pool.rhythm, TEAM_BY_ID[pool.team_id].timezone, day)
    height = (weights - weights.min()) / (weights.max() - weights.min())
    if pool.rhythm == "office" and day.weekday() >= 5:
        height = height * 0.2
    return np.asarray(pool.quiet + (pool.busy - pool.quiet) * height)


def _day_rows(  # noqa: PLR0917
    pool: Pool, day: date, calendar: Calendar, terms: PoolTerms, traced: Ints, stream: tuple[int, int]
) -> Iterator[dict[str, Any]]:
    day_number = (day - calendar.start).days
    rng = np.random.default_rng([*stream, day_number])
    shape = (24, pool.gpu_count)
    utilization = np.clip(_utilization(pool, day)[:, None] + rng.normal(0, 0.03, shape), 0.17, 0.97)
    requests = 1 + np.floor(utilization * rng.integers(6, 14, shape)).astype(np.int64)
    tokens = np.round(utilization * pool.tokens_per_busy_hour).astype(np.int64)
    routed = traced[day_number * 24 : day_number * 24 + 24, None]
    tokens = tokens + routed // pool.gpu_count + (np.arange(pool.gpu_count) < routed % pool.gpu_count)
    memory = np.clip(0.71 + rng.normal(0, 0.02, shape), 0.5, 0.95)
    samples = 60 - (rng.random(shape) < 0.03)
    if is_idle_hour(pool, day, calendar):
        utilization, requests, tokens = utilization * 0, requests * 0, tokens * 0
    for hour in range(24):
        for gpu in range(pool.gpu_count):
            yield {
                "hour_start_at": f"{day}T{hour:02d}:00:00Z",
                "pool_id": pool.pool_id,
                "node_id": f"{pool.pool_id}-node-{gpu // terms.gpus_per_node}",
                "gpu_id": f"{pool.pool_id}-gpu-{gpu:02d}",
                "gpu_model": terms.gpu_model,
                "is_allocated": "true",
                "utilization_share": f"{utilization[hour, gpu]:.4f}",
                "memory_used_share": f"{memory[hour, gpu]:.4f}",
                "running_requests": int(requests[hour, gpu]),
                "tokens": int(tokens[hour, gpu]),
                "team_id": pool.team_id,
                "sample_count": int(samples[hour, gpu]),
                "expected_sample_count": 60,
            }


def write_jobs(landing: Path, calendar: Calendar, seed: int, terms: Mapping[str, PoolTerms]) -> Decimal:
    """Write the jobs of each month of submission; returns their GPU hours."""
    gpu_hours = Decimal(0)
    for number, first in enumerate(calendar.month_starts):
        jobs = list(_month_jobs(first, number, seed))
        if first == calendar.audit_month:
            jobs.append(_orphan(calendar))
        rows = [_job_row(job, terms[TRAINING_POOL_ID].gpu_model) for job in jobs]
        rows.sort(key=lambda row: (row["submitted_at"], row["job_id"]))
        gpu_hours += sum((_hours(job) * job.gpu_count for job in jobs), Decimal(0))
        write_csv(landing / "gpu_jobs" / "generic" / f"jobs_{first:%Y-%m}.csv", _JOB_COLUMNS, rows)
    return gpu_hours


@dataclass(frozen=True)
class _Job:
    job_id: str
    user: int
    submitted: datetime
    started: datetime
    ended: datetime
    progressed: datetime
    gpu_count: int
    time_limit_hours: int
    state: str = "COMPLETED"
    has_auto_stop: bool = True


def _month_jobs(first: date, month_number: int, seed: int) -> Iterator[_Job]:
    rng = np.random.default_rng([seed, 30_000, month_number])
    for number in range(JOBS_PER_MONTH):
        submitted = utc(first + timedelta(days=1 + number * 25 // JOBS_PER_MONTH)) + timedelta(
            minutes=int(rng.integers(7 * 60, 19 * 60))
        )
        started = submitted + timedelta(minutes=int(rng.integers(1, 40)))
        ended = started + timedelta(minutes=int(rng.integers(3 * 60, 26 * 60)))
        yield _Job(
            job_id=f"job-train-{month_number * JOBS_PER_MONTH + number + 1:04d}",
            user=int(rng.integers(1, 12)),
            submitted=submitted,
            started=started,
            ended=ended,
            progressed=ended - timedelta(minutes=int(rng.integers(1, 9))),
            gpu_count=int(rng.choice([2, 4, 8, 8])),
            time_limit_hours=48,
        )


def _orphan(calendar: Calendar) -> _Job:
    """A fine-tuning job; planted, it hangs after its tenth hour and nothing stops it for sixty more."""
    is_planted = ORPHANED_JOB in calendar.plant
    started = utc(calendar.audit_day(11), 6)
    progressed = started + timedelta(hours=ORPHAN_PROGRESS_HOURS)
    return _Job(
        job_id=ORPHANED_JOB_ID,
        user=7,
        submitted=started - timedelta(minutes=12),
        started=started,
        ended=started + timedelta(hours=ORPHAN_RUN_HOURS)
        if is_planted
        else progressed + timedelta(minutes=4),
        progressed=progressed,
        gpu_count=ORPHAN_GPUS,
        time_limit_hours=72,
        state="CANCELLED" if is_planted else "COMPLETED",
        has_auto_stop=not is_planted,
    )


def _hours(job: _Job) -> Decimal:
    return Decimal(int((job.ended - job.started).total_seconds())) / 3600


def _job_row(job: _Job, gpu_model: str) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "pool_id": TRAINING_POOL_ID,
        "team_id": "research",
        "user_id": f"user_9{job.user:03d}",
        "state": job.state,
        "submitted_at": _instant(job.submitted),
        "started_at": _instant(job.started),
        "ended_at": _instant(job.ended),
        "gpu_count": job.gpu_count,
        "gpu_model": gpu_model,
        "time_limit_hours": job.time_limit_hours,
        "has_auto_stop": str(job.has_auto_stop).lower(),
        "last_progress_at": _instant(job.progressed),
    }


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
