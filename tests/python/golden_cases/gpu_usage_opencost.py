"""Cases of `gpu_usage/opencost`: damaged allocation responses, and the published one, which holds no GPU."""

from __future__ import annotations

import json
from typing import Any

import duckdb

FORMAT = ("gpu_usage/opencost", "hours")
GOOD: dict[str, Any] = {
    "name": "a",
    "properties": {"cluster": "c", "namespace": "n"},
    "window": {"start": "2026-09-01T00:00:00Z", "end": "2026-09-01T01:00:00Z"},
    "start": "2026-09-01T00:00:00Z",
    "end": "2026-09-01T01:00:00Z",
    "gpuHours": 1,
    "gpuCost": 3,
}


def response(*allocations: object) -> str:
    """One line: a response of one step with these allocations, named a, b, c."""
    return json.dumps({"code": 200, "data": [dict(zip("abc", allocations, strict=False))]}) + "\n"


def without(name: str) -> dict[str, Any]:
    """The good allocation less one field."""
    return {key: value for key, value in GOOD.items() if key != name}


DAMAGED = [
    (
        "damaged.jsonl",
        '{"code": 200, "data": [{"a": {"name"\n'
        + '{"code": 400, "message": "Invalid window", "data": null}\n'
        + '{"code": 200, "data": []}\n'
        + response(7)
        + response(GOOD | {"gpuHours": "some"})
        + response(GOOD | {"gpuHours": -1})
        + response(GOOD | {"gpuHours": 1e11})
        + response(without("gpuHours"))
        + response(GOOD | {"end": "2026-08-31T00:00:00Z"})
        + response(GOOD | {"start": "yesterday"}, GOOD)
        + response(GOOD | {"end": "2029-01-01T00:00:00Z"})
        + response({"name": "a", "gpuHours": 1})
        + response(GOOD | {"gpuAllocation": {"gpuUsageAverage": -0.5}})
        + response(GOOD | {"gpuCost": "much"}, GOOD | {"gpuAllocation": {"gpuUsageAverage": 62}}),
        {
            1: "not a JSON object",
            2: "the response is an error of code 400",
            3: "the response holds no allocation",
            4: "the allocation is not a JSON object",
            5: "gpu_hours_text is not a number: some",
            6: "gpuHours is negative: -1",
            7: "gpuHours is too large",
            8: "required field gpuHours is missing",
            9: "the allocation ends before it starts",
            10: "started is not an ISO 8601 time: yesterday",
            11: "the allocation is longer than 366 days",
            12: "the allocation has neither start and end nor window",
            13: "gpuUsageAverage is negative: -0.5",
            14: "gpu_cost_text is not a number: much",
        },
    )
]

SAMPLES = {"opencost/*.json": None}


def check_samples(connection: duckdb.DuckDBPyConnection) -> None:
    """The published response has allocations and no GPU hour: each is one row that stands for no GPU."""
    found = connection.execute("""
        select count(*) > 2, count(_reject_reason), sum(gpu_count), sum(reported_cost_usd), min(hour_start_at)::varchar
        from staging.stg_gpu_usage_opencost__hours where _source_file like '%allocation-example-output.json'
    """).fetchone()
    assert found == (True, 0, 0, 0, "2023-07-12 11:00:00")
