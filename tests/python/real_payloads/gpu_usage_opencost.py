"""Cases of `gpu_usage/opencost`: damaged allocation responses, and the published one, which holds no GPU."""

from __future__ import annotations

import duckdb

SAMPLES = {"opencost/*.json": None}


def check_samples(connection: duckdb.DuckDBPyConnection) -> None:
    """The published response has allocations and no GPU hour: each is one row that stands for no GPU."""
    found = connection.execute("""
        select count(*) > 2, count(_reject_reason), sum(gpu_count), sum(reported_cost_usd), min(hour_start_at)::varchar
        from staging.stg_gpu_usage_opencost__hours where _source_file like '%allocation-example-output.json'
    """).fetchone()
    assert found == (True, 0, 0, 0, "2023-07-12 11:00:00")
