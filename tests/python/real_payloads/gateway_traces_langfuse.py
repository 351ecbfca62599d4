"""Langfuse: which published samples must land, and what they must give."""

from __future__ import annotations

import duckdb

# One row a trace and one an observation: 10 traces, 88 observations.
SAMPLES: dict[str, int | None] = {"langfuse-traces/*.trace.json.gz": 98}


def check_samples(connection: duckdb.DuckDBPyConnection) -> None:
    """Ten real agent runs: 22 calls, none counted twice, and the counts that Langfuse itself states."""
    staged = connection.sql(
        "select *, regexp_extract(_source_file, '([a-z-]+)-20[0-9-]+[.]trace[.]json', 1) as framework "
        "from staging.stg_gateway_traces_langfuse__requests where _source_file like '%.trace.json.gz'"
    )
    assert staged.filter("_reject_reason is not null").fetchall() == []
    calls = staged.filter("row_kind = 'request'")
    found = calls.aggregate(
        "framework, count(*)::int, sum(uncached_input_tokens)::int, sum(output_tokens)::int", "framework"
    )
    assert sorted(found.fetchall()) == [
        ("agno", 2, 826, 245),  # of four generations two are the framework's report of the other two
        ("beeai", 5, 5542, None),  # it states no output
        ("crewai", 1, 190, 164),
        ("google-adk", 2, 67, 9),
        ("koog", 2, 215, 125),
        ("langgraph-python", 2, 168, 66),
        ("microsoft-agent", 2, 293, 106),  # the agent's own sum is left out
        ("pydantic-ai", 1, 31, 96),
        ("pydantic-ai-tools", 4, 1315, 209),
        ("vercel-aisdk", 1, 62, 85),
    ]
    assert calls.filter("provider is null or model is null").fetchall() == []
    total = "uncached_input_tokens + cache_read_tokens + cache_write_5m_tokens + output_tokens"
    assert calls.filter(f"reported_total_tokens != {total}").fetchall() == []
    milliseconds = calls.filter("framework = 'pydantic-ai-tools'").order("latency_ms").select("latency_ms")
    assert milliseconds.fetchall() == [(1283,), (1707,), (2050,), (2362,)]
    assert "@" not in " ".join(str(row) for row in staged.fetchall())
