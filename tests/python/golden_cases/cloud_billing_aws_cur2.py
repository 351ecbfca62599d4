"""AWS CUR 2.0 and legacy reports: damaged records and what the published sample must give."""

from __future__ import annotations

import duckdb

FORMAT = ("cloud_billing/aws_cur2", "lines")

HEADER = (
    "bill_payer_account_id,bill_billing_period_start_date,line_item_line_item_type,line_item_usage_start_date,"
    "line_item_unblended_cost,line_item_currency_code,line_item_usage_amount,savings_plan_used_commitment\n"
)
ROW = "111122223333,2026-09-01,%s,%s,%s,USD,%s,%s\n"
TIME = "2026-09-02T00:00:00Z"

DAMAGED: list[tuple[str, str, dict[int, str]]] = [
    (
        "damaged.csv",
        HEADER
        + ROW % ("Usage", TIME, "1", "1", "")
        + ROW % ("Usage", "yesterday", "1", "1", "")
        + ROW % ("", TIME, "1", "1", "")
        + ROW % ("Usage", TIME, "$1.00", "1", "")
        + ROW % ("Usage", TIME, "1", "1e40", "")
        + ROW % ("SavingsPlanRecurringFee", TIME, "1", "1", "much")
        + "111122223333,2026-09-01,Usage\n",
        {
            3: "line_item_usage_start_date is not an ISO 8601 time: yesterday",
            4: "required field line_item_line_item_type is missing; the record has",
            5: "line_item_unblended_cost is not a number: $1.00",
            6: "line_item_usage_amount is not a number: 1e40",
            7: "savings_plan_used_commitment is not a number: much",
            8: "3 fields where the header has 8",
        },
    ),
    (
        "damaged.jsonl",
        '{"bill_payer_account_id": "111122223333", "line_item_unblended_cost": 1\n{"Cost": 1}\n',
        {1: "not a JSON object", 2: "required field bill_payer_account_id is missing; the record has Cost"},
    ),
]

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
