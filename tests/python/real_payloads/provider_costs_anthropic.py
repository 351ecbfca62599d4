"""The cost page of Anthropic's API reference."""

from __future__ import annotations

import duckdb

SAMPLES: dict[str, int | None] = {"api-samples/anthropic/cost_report_response.json": None}


def check_samples(connection: duckdb.DuckDBPyConnection) -> None:
    """The amount is a decimal string in cents: 123.78912 is $1.2378912."""
    cents = connection.sql("select billed_amount from staging.stg_provider_costs_anthropic__lines").fetchone()
    assert cents is not None
    assert str(cents[0]) == "1.237891200000"
