"""AWS CUR 2.0 and legacy reports: what the published sample must give."""

from __future__ import annotations

import duckdb

SAMPLES: dict[str, int | None] = {"aws-cur-2023-sample/*.csv.gz": 1281}


def check_samples(connection: duckdb.DuckDBPyConnection) -> None:
    """The published legacy report keeps its unblended total; nothing in it is amortised."""
    found = connection.sql(
        "select charge_category, count(*), sum(billed_amount), sum(effective_amount) "
        "from staging.stg_cloud_billing_aws_cur2__lines where _source_file like '%sample%' "
        "group by charge_category order by charge_category"
    ).fetchall()
    assert [(category, count) for category, count, _, _ in found] == [("Tax", 12), ("Usage", 1269)]
    assert round(sum(billed for _, _, billed, _ in found), 4) == round(sum(row[3] for row in found), 4)
    assert str(round(sum(billed for _, _, billed, _ in found), 4)) == "1.6823"
