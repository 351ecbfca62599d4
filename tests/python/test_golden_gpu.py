"""The method's published GPU pool table comes out of the real models, measured from raw rows, to the cent."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
from conftest import Build, Dbt, copy_company
from golden.gpu.write_landing import JOB_COLUMNS, USAGE_COLUMNS, write_landing

GOLDEN = Path(__file__).parent / "golden" / "gpu"
MARTS = (
    "fct_gpu_hours_classified",
    "fct_training_jobs",
    "fct_gpu_pools_monthly",
    "int_training_jobs__monthly",
)
CENT = Decimal("0.01")
PERCENT = Decimal("0.01")


class Pool(NamedTuple):
    """A row of the published table."""

    utilization: str | None
    gpu_hours: str
    cost: str
    driver: str
    share: str
    recoverable: str
    is_rate_outlier: bool


TABLE = {
    "batch-embeddings": Pool("0.22", "720", "2300.00", "no batching, idle nights", "0.55", "1265.00", False),
    "realtime-inference": Pool("0.61", "1440", "9400.00", "oversized for model", "0.30", "2820.00", False),
    "fine-tuning-runs": Pool(None, "96", "3150.00", "orphaned, no auto-stop", "0.70", "2205.00", True),
    "dev-test-endpoint": Pool("0.08", "480", "340.00", "left running 24/7", "0.80", "272.00", False),
}
DRIVERS = {
    "batch-embeddings": "idle_hours",
    "realtime-inference": "oversized_gpu",
    "fine-tuning-runs": "orphaned_no_auto_stop",
    "dev-test-endpoint": "left_running",
}


@pytest.fixture(scope="module")
def warehouse(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The GPU marts, built by dbt from the golden landing zone and pools."""
    folder = tmp_path_factory.mktemp("golden_gpu")
    write_landing(folder / "landing")
    connection = duckdb.connect(str(build_gpu(dbt, folder).built), read_only=True)
    yield connection
    connection.close()


def build_gpu(dbt: Dbt, folder: Path) -> Build:
    """The GPU models and their tests, from `folder`/landing and the golden pools."""
    company = copy_company(folder / "company", gpu_pools=(GOLDEN / "gpu_pools.csv").read_text())
    selection = ["--select", *(f"+{mart}" for mart in MARTS), "--indirect-selection", "cautious"]
    return dbt.run(folder, "build", *selection, company=company).ok()


def pools(warehouse: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    cursor = warehouse.execute("select * from marts.fct_gpu_pools_monthly")
    names = [column[0] for column in cursor.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    assert len(rows) == len({row["pool_id"] for row in rows})
    return {row["pool_id"]: row for row in rows}


def cents(usd: Decimal) -> str:
    return str(usd.quantize(CENT))


def percent(share: Decimal | None) -> str | None:
    return None if share is None else str(share.quantize(PERCENT))


def test_every_pool_of_the_table_is_measured(warehouse: duckdb.DuckDBPyConnection) -> None:
    measured = {
        pool_id: Pool(
            utilization=percent(row["utilization_share"]),
            gpu_hours=str(row["gpu_hours"].quantize(Decimal(1))),
            cost=cents(row["cost_usd"]),
            driver=row["waste_driver_text"],
            share=percent(row["recoverable_share"]) or "",
            recoverable=cents(row["recoverable_usd"]),
            is_rate_outlier=row["is_rate_outlier"],
        )
        for pool_id, row in pools(warehouse).items()
    }
    assert measured == TABLE
    assert {pool_id: row["waste_driver"] for pool_id, row in pools(warehouse).items()} == DRIVERS


def test_the_totals_are_those_of_the_table(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = pools(warehouse).values()
    assert cents(sum((row["cost_usd"] for row in rows), Decimal(0))) == "15190.00"
    assert cents(sum((row["recoverable_usd"] for row in rows), Decimal(0))) == "6562.00"


def test_the_shares_are_exact_and_not_only_rounded(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = pools(warehouse)
    assert rows["batch-embeddings"]["utilization_share"] == Decimal("0.220000")
    assert rows["realtime-inference"]["utilization_share"] == Decimal("0.610000")
    assert rows["dev-test-endpoint"]["utilization_share"] == Decimal("0.080000")
    assert rows["batch-embeddings"]["hardware_multiple"] == Decimal("4.545455")


def test_the_waste_lies_where_the_rows_put_it(warehouse: duckdb.DuckDBPyConnection) -> None:
    hours = warehouse.execute("""
        select pool_id, class, sum(gpu_hours) from marts.fct_gpu_hours_classified group by all order by all
    """).fetchall()
    assert hours == [
        ("batch-embeddings", "allocated_idle", Decimal(396)),
        ("batch-embeddings", "productive", Decimal(324)),
        ("dev-test-endpoint", "allocated_idle", Decimal(384)),
        ("dev-test-endpoint", "productive", Decimal(96)),
        ("realtime-inference", "productive", Decimal(1440)),
    ]
    jobs = warehouse.execute("""
        select job_id, gpu_hours, cost_usd, is_orphaned, waste_usd
        from marts.fct_training_jobs
        order by job_id
    """).fetchall()
    assert jobs == [
        ("fine-tune-1", Decimal(24), Decimal("787.5"), False, Decimal(0)),
        ("fine-tune-2", Decimal(72), Decimal("2362.5"), True, Decimal("2205")),
    ]


FAR = "2099-12-31T00:00:00Z"
JOB = {
    "job_id": "1234",
    "pool_id": "fine-tuning-runs",
    "state": "completed",
    "submitted_at": "2026-08-30T00:00:00Z",
    "started_at": "2026-08-31T00:00:00Z",
    "ended_at": "2026-08-31T02:00:00Z",
    "gpu_count": "1",
    "gpu_model": "H100",
    "has_auto_stop": "false",
    "last_progress_at": "2026-08-31T02:00:00Z",
}
ODD_JOBS = (
    JOB,
    JOB | {"pool_id": "batch-embeddings", "ended_at": "2026-08-31T04:00:00Z"},
    JOB | {"job_id": "open", "state": "running", "ended_at": "", "last_progress_at": "2026-08-31T01:00:00Z"},
)
IMPOSSIBLE_JOBS = (
    (JOB | {"ended_at": FAR}, f"ended_at is more than 366 days after started_at: {FAR}"),
    (JOB | {"last_progress_at": FAR}, f"last_progress_at is more than 366 days after started_at: {FAR}"),
    (
        JOB | {"state": "pending", "started_at": "", "ended_at": FAR},
        f"ended_at is more than 366 days after submitted_at: {FAR}",
    ),
    (JOB | {"ended_at": "2026-08-30T23:59:59Z"}, "ended_at is before started_at"),
    (JOB | {"last_progress_at": "2026-08-30T23:59:59Z"}, "last_progress_at is before started_at"),
    (JOB | {"gpu_count": "-8"}, "gpu_count is negative: -8"),
    (JOB | {"gpu_count": "1000000"}, "gpu_count is too large: 1000000"),
)
GPU_HOUR = {"pool_id": "dev-test-endpoint", "gpu_id": "0", "gpu_model": "L4", "utilization_share": "0.9"}
ODD_HOURS = ("2026-03-01T00:00:00Z", "2026-08-31T00:00:00Z", "2026-09-01T01:00:00Z")


@pytest.fixture(scope="module")
def odd(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The GPU models of jobs and hours of the kind that sources deliver by mistake."""
    folder = tmp_path_factory.mktemp("odd_gpu")
    jobs = [*ODD_JOBS, *(job for job, _ in IMPOSSIBLE_JOBS)]
    hours = [GPU_HOUR | {"hour_start_at": hour} for hour in ODD_HOURS]
    write_csv(folder / "landing" / "gpu_jobs" / "generic" / "jobs.csv", JOB_COLUMNS, jobs)
    write_csv(folder / "landing" / "gpu_usage" / "generic" / "hours.csv", USAGE_COLUMNS, hours)
    return build_gpu(dbt, folder)


def write_csv(path: Path, columns: tuple[str, ...], lines: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


def test_a_job_that_cannot_be_true_is_rejected_with_its_reason(odd: Build) -> None:
    reasons = odd.rows("""
        select _reject_reason from staging.stg_gpu_jobs_generic__jobs
        where _reject_reason is not null
        order by _source_row
    """)
    assert reasons == [(reason,) for _, reason in IMPOSSIBLE_JOBS]


def test_a_job_number_of_two_pools_is_two_jobs_and_each_month_has_its_waste(odd: Build) -> None:
    jobs = odd.rows("""
        select month, pool_id, job_id, gpu_hours, waste_usd from ledger.int_training_jobs__monthly
        order by job_id, pool_id, month
    """)
    rate = Decimal("32.8125")
    assert [(str(month), *rest) for month, *rest in jobs] == [
        ("2026-08-01", "batch-embeddings", "1234", Decimal(4), Decimal(0)),
        ("2026-08-01", "fine-tuning-runs", "1234", Decimal(2), Decimal(0)),
        ("2026-08-01", "fine-tuning-runs", "open", Decimal(24), 23 * rate),
        ("2026-09-01", "fine-tuning-runs", "open", Decimal(2), 2 * rate),
    ]


def test_a_gpu_is_charged_for_a_gap_of_a_day_and_not_for_one_of_months(odd: Build) -> None:
    hours = odd.rows("""
        select strftime(hour, '%Y-%m-01'), class, sum(gpu_hours) from marts.fct_gpu_hours_classified
        group by all order by all
    """)
    assert hours == [
        ("2026-03-01", "productive", Decimal(1)),
        ("2026-08-01", "productive", Decimal(1)),
        ("2026-08-01", "stale_telemetry", Decimal(23)),
        ("2026-09-01", "productive", Decimal(1)),
        ("2026-09-01", "stale_telemetry", Decimal(1)),
    ]
