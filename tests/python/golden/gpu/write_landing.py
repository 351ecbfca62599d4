"""GPU telemetry and jobs of a 30-day month whose measures are those of the method's published pool table.

Nothing is looked up: utilization, idle hours and wasted hours come out of the rows; the rates are in
gpu_pools.csv (the table's dollars over its GPU hours). Each pool reports one row a GPU and hour, except the
training pool, which is known from its jobs only.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2026, 9, 1, tzinfo=UTC)

USAGE_COLUMNS = (
    "hour_start_at", "pool_id", "node_id", "gpu_id", "gpu_model", "is_allocated", "utilization_share",
    "memory_used_share", "running_requests", "tokens", "team_id", "job_id", "sample_count",
    "expected_sample_count",
)  # fmt: skip
JOB_COLUMNS = (
    "job_id", "pool_id", "team_id", "user_id", "state", "submitted_at", "started_at", "ended_at", "gpu_count",
    "gpu_model", "time_limit_hours", "has_auto_stop", "last_progress_at",
)  # fmt: skip


def write_landing(landing: Path) -> None:
    """Write one file of telemetry and one of jobs below `landing`."""
    _write(landing / "gpu_usage" / "generic" / "gpu_usage_2026-09.csv", USAGE_COLUMNS, usage_rows())
    _write(landing / "gpu_jobs" / "generic" / "jobs_2026-09.csv", JOB_COLUMNS, job_rows())


def usage_rows() -> Iterator[dict[str, Any]]:
    """The hours of the three pools that have telemetry."""
    yield from _batch_embeddings()
    yield from _realtime_inference()
    yield from _dev_test_endpoint()


def _batch_embeddings() -> Iterator[dict[str, Any]]:
    """720 GPU hours: 396 idle at 0.04 (20:00 to 09:00, on six days to 10:00), the others 0.44 on average."""
    busy = 0
    for hour in range(720):
        day, clock = divmod(hour, 24)
        if clock >= 20 or clock < 9 or (clock == 9 and day < 6):
            yield _hour("batch-embeddings", "A100", hour, 0, utilization="0.04", requests=0)
        else:
            busy += 1
            utilization = "0.40" if busy % 2 else "0.48"
            yield _hour("batch-embeddings", "A100", hour, 0, utilization=utilization, requests=6)


def _realtime_inference() -> Iterator[dict[str, Any]]:
    """1,440 GPU hours on two GPUs, none idle, 0.61 on average."""
    for hour in range(720):
        for gpu, utilization in enumerate(("0.55", "0.67")):
            yield _hour("realtime-inference", "H100", hour, gpu, utilization=utilization, requests=12)


def _dev_test_endpoint() -> Iterator[dict[str, Any]]:
    """480 GPU hours, day and night for twenty days: 96 serve somebody at 0.36, 384 nobody at 0.01."""
    for hour in range(480):
        day, clock = divmod(hour, 24)
        if 10 <= clock < 15 and not (clock == 14 and day >= 16):
            yield _hour("dev-test-endpoint", "L4", hour, 0, utilization="0.36", requests=1)
        else:
            yield _hour("dev-test-endpoint", "L4", hour, 0, utilization="0.01", requests=0)


def job_rows() -> Iterator[dict[str, Any]]:
    """96 GPU hours: a run of 24, and one of 72 that hung after 4.8 of them with nothing to stop it."""
    yield _job("fine-tune-1", start=24.0, hours=12.0, progress=11.9, gpus=2, hung=False)
    yield _job("fine-tune-2", start=240.5, hours=18.0, progress=1.2, gpus=4, hung=True)


def _hour(pool: str, model: str, hour: int, gpu: int, *, utilization: str, requests: int) -> dict[str, Any]:
    return {
        "hour_start_at": _instant(hour),
        "pool_id": pool,
        "node_id": f"{pool}-node-0",
        "gpu_id": f"{pool}-gpu-{gpu}",
        "gpu_model": model,
        "is_allocated": "true",
        "utilization_share": utilization,
        "running_requests": requests,
        "tokens": requests * 50_000,
        "sample_count": 60,
        "expected_sample_count": 60,
    }


def _job(
    job_id: str, *, start: float, hours: float, progress: float, gpus: int, hung: bool
) -> dict[str, Any]:
    return {
        "job_id": job_id,
        "pool_id": "fine-tuning-runs",
        "state": "cancelled" if hung else "completed",
        "submitted_at": _instant(start - 0.25),
        "started_at": _instant(start),
        "ended_at": _instant(start + hours),
        "gpu_count": gpus,
        "gpu_model": "H100",
        "time_limit_hours": 24,
        "has_auto_stop": "false" if hung else "true",
        "last_progress_at": _instant(start + progress),
    }


def _instant(hours: float) -> str:
    return f"{START + timedelta(seconds=round(hours * 3600)):%Y-%m-%dT%H:%M:%SZ}"


def _write(path: Path, columns: Sequence[str], rows: Iterator[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
