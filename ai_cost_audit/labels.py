"""The words that readers see for codes, as the site has them: reports/labels.sql is the one place that knows them."""

from __future__ import annotations

import functools

import duckdb

from ai_cost_audit import settings


@functools.cache
def _macros() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute((settings.PROJECT / "reports" / "labels.sql").read_text(encoding="utf-8"))
    return connection


@functools.cache
def label(code: str) -> str:
    """The name of a code: `gpu_cloud` is GPU cloud; one without a name of its own gets its words."""
    found = _macros().execute("select label(?)", [code]).fetchone()
    assert found is not None
    return str(found[0])
