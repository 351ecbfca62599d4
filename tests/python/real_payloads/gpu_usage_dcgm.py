"""Cases of `gpu_usage/dcgm`: damaged Prometheus answers, and the published scrape as Prometheus would return it."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

START = 1788220800  # 2026-09-01T00:00:00Z


def answer(series: list[dict[str, Any]], kind: str = "matrix") -> str:
    """One line: a successful answer of Prometheus that holds these series."""
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": series}}) + "\n"


SAMPLES = {"dcgm-exporter-t4/metrics.prom": 4}
LINE = re.compile(r"^(\w+)\{(.*)\} (\S+)$")
LABEL = re.compile(r'(\w+)="([^"]*)"')


def prepare_sample(path: Path) -> tuple[str, str]:
    """The published scrape (text exposition) as the answer of an instant query: its file name and text.

    The format is what Prometheus returns, not what the exporter prints; only the wrapping is made here.
    """
    result = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if found := LINE.match(line.strip()):
            name, labels, value = found.groups()
            result.append(
                {"metric": {"__name__": name, **dict(LABEL.findall(labels))}, "value": [START, value]}
            )
    return "metrics.json", answer(result, "vector")


def check_samples(connection: duckdb.DuckDBPyConnection) -> None:
    """Idle T4 of two captures: one tells use and memory, the other (patched in by its author) the reserved memory."""
    rows = connection.execute("""
        select gpu_id[1:12], gpu_model, measure, utilization_share, memory_mib, is_allocated, expected_sample_count
        from staging.stg_gpu_usage_dcgm__hours where _source_file like '%metrics.json'
        order by _source_item
    """).fetchall()
    assert rows == [
        ("GPU-20c56d28", "Tesla T4", "gpu_utilization", Decimal(0), None, None, None),
        ("GPU-20c56d28", "Tesla T4", "memory_free", None, Decimal(15109), None, None),
        ("GPU-20c56d28", "Tesla T4", "memory_used", None, Decimal(0), None, None),
        ("GPU-9ef1b6d0", "Tesla T4", "memory_reserved", None, Decimal(15109), None, None),
    ]
