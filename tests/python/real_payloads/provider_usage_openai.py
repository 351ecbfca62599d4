"""The usage pages of OpenAI's API reference."""

from __future__ import annotations

import duckdb

SAMPLES: dict[str, int | None] = {"api-samples/openai/organization_usage_*.json": None}


def check_samples(connection: duckdb.DuckDBPyConnection) -> None:
    """The page of completions states 1,000 input tokens, 400 of them cached and 100 written."""
    usage = connection.sql(
        "select uncached_input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens "
        "from staging.stg_provider_usage_openai__buckets where endpoint = 'completions'"
    ).fetchall()
    assert usage == [(500, 400, 100, 0, 500)]
