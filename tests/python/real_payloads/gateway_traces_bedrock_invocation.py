"""Bedrock model-invocation logs: what the published samples must give."""

from __future__ import annotations

import duckdb

SAMPLES: dict[str, int | None] = {"api-samples/bedrock/model_invocation_log.jsonl": 2}


def check_samples(connection: duckdb.DuckDBPyConnection) -> None:
    """The two published records keep their counts, and name model and owner."""
    found = connection.sql(
        "select model, api_key_hash, inference_geo, uncached_input_tokens, output_tokens, reported_total_tokens, "
        "latency_ms from staging.stg_gateway_traces_bedrock_invocation__requests "
        "where _source_file like '%model_invocation_log.jsonl' order by _source_row"
    ).fetchall()
    role = "arn:aws:sts::123456789012:assumed-role/DUMMYROLE"
    haiku = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
    user = "arn:aws:iam::111122223333:user/bedrock-test"
    assert found == [
        ("dummy-model-v1", role, "us-west-2", 320, 300, 620, 5561.0),
        (haiku, user, "us-east-1", 62, 36, 98, 1134.0),
    ]
