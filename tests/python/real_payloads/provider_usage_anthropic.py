"""The usage page of Anthropic's API reference."""

from __future__ import annotations

import duckdb

SAMPLES: dict[str, int | None] = {"api-samples/anthropic/usage_report_messages_response.json": 1}


def check_samples(connection: duckdb.DuckDBPyConnection) -> None:
    """The four input counters are disjoint."""
    usage = connection.sql(
        "select uncached_input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens "
        "from staging.stg_provider_usage_anthropic__buckets"
    ).fetchall()
    assert usage == [(1500, 200, 500, 1000, 500)]
