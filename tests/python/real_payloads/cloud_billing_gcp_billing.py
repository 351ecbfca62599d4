"""Google billing export: what the published sample must give."""

from __future__ import annotations

import duckdb

SAMPLES: dict[str, int | None] = {"gcp-billing-export/*.csv": 33}  # 25 charges and 8 credits


def check_samples(connection: duckdb.DuckDBPyConnection) -> None:
    """The published export: each free-trial credit takes back its charge, and none multiplies it."""
    found = connection.sql(
        "select charge_category, count(*), count(distinct _source_row), sum(billed_amount) "
        "from staging.stg_cloud_billing_gcp_billing__lines where _source_file like '%/202011_%' "
        "group by charge_category order by charge_category"
    ).fetchall()
    assert [(*row[:3], f"{row[3]:.6f}") for row in found] == [
        ("Credit", 8, 8, "-0.000032"),
        ("Usage", 25, 25, "0.000032"),
    ]
