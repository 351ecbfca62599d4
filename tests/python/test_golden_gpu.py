"""The method's published GPU pool table comes out of the real models, measured from raw rows, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
from conftest import Dbt, copy_company
from golden.gpu.write_landing import write_landing

GOLDEN = Path(__file__).parent / "golden" / "gpu"
MARTS = ("fct_gpu_hours_classified", "fct_training_jobs", "fct_gpu_pools_monthly")
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
    company = copy_company(folder / "company", gpu_pools=(GOLDEN / "gpu_pools.csv").read_text())
    selection = ["--select", *(f"+{mart}" for mart in MARTS), "--indirect-selection", "cautious"]
    build = dbt.run(folder, "build", *selection, company=company).ok()
    connection = duckdb.connect(str(build.built), read_only=True)
    yield connection
    connection.close()


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
