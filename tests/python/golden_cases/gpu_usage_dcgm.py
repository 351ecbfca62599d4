"""Cases of `gpu_usage/dcgm`: damaged Prometheus answers, and the published scrape as Prometheus would return it."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

FORMAT = ("gpu_usage/dcgm", "hours")
START = 1788220800  # 2026-09-01T00:00:00Z


def answer(series: list[dict[str, Any]], kind: str = "matrix") -> str:
    """One line: a successful answer of Prometheus that holds these series."""
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": series}}) + "\n"


def gpu(metric: str | None, values: object, **labels: str) -> dict[str, Any]:
    """One series of one GPU, which `labels` add to."""
    name = {"__name__": metric} if metric else {}
    return {"metric": {**name, "gpu": "0", "hostname": "n", "UUID": "GPU-1", **labels}, "values": values}


UTILIZATION = "DCGM_FI_DEV_GPU_UTIL"
DAMAGED = [
    (
        "damaged.jsonl",
        '{"status": "success", "data": {"resultType": "matrix", "result": [{"metr\n'
        + '{"status": "error", "errorType": "bad_data", "error": "parse error"}\n'
        + '{"status": "success", "data": {"resultType": "scalar", "result": [1788220800, "1"]}}\n'
        + answer([])
        + answer([gpu(None, [[START, "1"]])])
        + answer([gpu("DCGM_FI_DEV_GPU_TEMP", [[START, "41"]])])
        + answer([{"metric": {"__name__": UTILIZATION, "gpu": "0"}, "values": [[START, "1"]]}])
        + answer([gpu(UTILIZATION, [])])
        + answer([gpu(UTILIZATION, [["yesterday", "1"]])])
        + answer([gpu(UTILIZATION, [[START, "busy"], [START + 3600, "5"]])])
        + answer([gpu(UTILIZATION, [[START, "-1"]])])
        + answer([gpu(UTILIZATION, [[START, "101"]])])
        + answer([gpu("DCGM_FI_PROF_GR_ENGINE_ACTIVE", [[START, "62"]])])
        + answer([gpu(UTILIZATION, {"a": 1}), gpu(UTILIZATION, [[START, "5"], [START + 60, "5"]])])
        + '{"status": "success", "data": {"resultType": "matrix", "result": [7, null, "x"]}}\n'
        + "[]\n",
        {
            1: "not a JSON object",
            2: "the answer is an error of Prometheus: bad_data",
            3: "not the answer of a Prometheus query",
            4: "the answer holds no series",
            5: "a series does not name its metric",
            6: "the answer holds none of the metrics read here",
            7: "a series of DCGM_FI_DEV_GPU_UTIL names no GPU",
            8: "a series of DCGM_FI_DEV_GPU_UTIL holds no sample",
            9: "a sample of DCGM_FI_DEV_GPU_UTIL has no time in unix seconds",
            10: "a sample of DCGM_FI_DEV_GPU_UTIL is not a number",
            11: "DCGM_FI_DEV_GPU_UTIL is negative: -1",
            12: "DCGM_FI_DEV_GPU_UTIL is not between 0 and 100: 101",
            13: "DCGM_FI_PROF_GR_ENGINE_ACTIVE is not between 0 and 1: 62",
            14: "a series of DCGM_FI_DEV_GPU_UTIL holds no sample",
            15: "the answer holds no series",
            16: "not a JSON object",
        },
    )
]

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
