"""Google billing export: damaged records and what the published sample must give."""

from __future__ import annotations

import duckdb

FORMAT = ("cloud_billing/gcp_billing", "lines")

RECORD = (
    '{"billing_account_id": "01AAAA", "usage_start_time": "%s", "usage_end_time": "2026-09-02 11:00:00 UTC", '
    '"cost": %s, "currency": "USD", "invoice": {"month": "%s"}, "credits": %s}\n'
)
TIME = "2026-09-02 10:00:00 UTC"

DAMAGED: list[tuple[str, str, dict[int, str]]] = [
    (
        "damaged.jsonl",
        RECORD % (TIME, "1", "202609", "[]")
        + RECORD % ("yesterday", "1", "202609", "[]")
        + RECORD % (TIME, '"much"', "202609", "[]")
        + RECORD % (TIME, "null", "202609", "[]")
        + RECORD % (TIME, "1", "September", "[]")
        + RECORD % (TIME, "1", "202609", '"a credit"')
        + RECORD % (TIME, "1", "202609", '[{"amount": -1}, {"name": "half", "amount": "x"}]')
        + RECORD % (TIME, "1e30", "202609", "[]")
        + '{"billing_account_id": "01AAAA", "cost": 1',
        {
            2: "usage_start_time is not an ISO 8601 time: yesterday",
            3: "cost is not a number: much",
            4: "required field cost is missing; the record has",
            5: "invoice_month is not a month such as 202609: September",
            6: "credits is not a list of credits: a credit",
            7: "a credit has no amount that is a number",
            8: "cost is not a number",
            9: "not a JSON object",
        },
    )
]

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
