"""Azure cost details: what the published samples must give."""

from __future__ import annotations

import duckdb

SAMPLES: dict[str, int | None] = {"azure-ea-export/*.csv": 39}


def check_samples(connection: duckdb.DuckDBPyConnection) -> None:
    """The two published views of one month: the actual one is billed, the amortized one is what it really cost."""
    found = connection.sql(
        "select count(*), round(sum(billed_amount), 2), round(sum(effective_amount), 2), count(consumed_quantity) "
        "from staging.stg_cloud_billing_azure_cost__lines where _source_file like '%/EA_%' "
        "group by _source_file order by _source_file"
    ).fetchall()
    assert [tuple(None if value is None else str(value) for value in row) for row in found] == [
        ("11", "8.55", None, "11"),
        ("28", "0.00", "16.30", "0"),
    ]
    machines = connection.sql(
        "select distinct instance_type from staging.stg_cloud_billing_azure_cost__lines "
        "where _source_file like '%/EA_%' and instance_type is not null order by instance_type"
    ).fetchall()
    assert [name for (name,) in machines] == [
        "Standard_B1s",
        "Standard_B2s",
        "Standard_D2s_v3",
        "Standard_DS2_v2",
    ]
