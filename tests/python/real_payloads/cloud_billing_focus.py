"""The FOCUS project's sample of real, anonymised bills."""

from __future__ import annotations

import duckdb

SAMPLES: dict[str, int | None] = {"focus-1.0-sample/*.csv": 670}


def check_samples(connection: duckdb.DuckDBPyConnection) -> None:
    """Billed and list cost of all rows, and the GPU instances among them."""
    totals = connection.sql(
        "select count(*), round(sum(billed_amount), 4), round(sum(list_amount), 4), "
        "count(*) filter (instance_type = 'g5.4xlarge') from staging.stg_cloud_billing_focus__lines"
    ).fetchone()
    assert totals is not None
    assert [str(value) for value in totals] == ["670", "11.6176", "11.4883", "4"]
