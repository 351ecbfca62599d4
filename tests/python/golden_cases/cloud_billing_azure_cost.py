"""Azure cost details: damaged records and what the published samples must give."""

from __future__ import annotations

import duckdb

FORMAT = ("cloud_billing/azure_cost", "lines")

HEADER = (
    "BillingAccountId,BillingPeriodStartDate,Date,Cost,BillingCurrency,ChargeType,Quantity,UnitOfMeasure\n"
)
ROW = "8600001,%s,%s,%s,USD,%s,%s,1 Hour\n"

DAMAGED: list[tuple[str, str, dict[int, str]]] = [
    (
        "damaged.csv",
        HEADER
        + ROW % ("09/01/2026", "09/04/2026", "1", "Usage", "1")
        + ROW % ("09/01/2026", "13/25/2026", "1", "Usage", "1")
        + ROW % ("09/01/0206", "09/04/2026", "1", "Usage", "1")
        + ROW % ("09/01/2026", "09/04/2026", "one", "Usage", "1")
        + ROW % ("09/01/2026", "09/04/2026", "1", "", "1")
        + ROW % ("09/01/2026", "09/04/2026", "1", "Usage", "1e40")
        + "8600001,09/01/2026\n",
        {
            3: "Date is neither a date month/day/year nor an ISO 8601 date: 13/25/2026",
            4: "BillingPeriodStartDate is neither a date",
            5: "Cost is not a number: one",
            6: "required field ChargeType is missing; the record has",
            7: "Quantity is not a number: 1e40",
            8: "2 fields where the header has 8",
        },
    )
]

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
