"""Drives LiteLLM over mocked HTTP and writes what its S3 logger would: one StandardLoggingPayload a line.

    python drive_litellm.py OUT.jsonl

Beside it, in OUT's sibling `*.cases.jsonl`, stands what each payload is about, a line each. Each provider's answer goes
through LiteLLM's own reading of usage and its own pricing. The clock stands at CLOCK, a minute a case, so that the same
prices are in force whenever this runs. Keys are made up, and nothing reaches a network.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

os.environ |= {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_TELEMETRY": "False",
    "LITELLM_LOG": "CRITICAL",
    "AWS_EC2_METADATA_DISABLED": "true",
}

import answers
import litellm
import mock_http
import openai
import time_machine
from cases import BATCHES, Case, all_cases, batch_answers
from litellm.integrations.custom_logger import CustomLogger
from litellm.litellm_core_utils.safe_json_dumps import safe_dumps
from litellm.llms.vertex_ai.vertex_llm_base import VertexBase

CLOCK = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
LONGEST = 20
"""Seconds that LiteLLM may take to log a call."""

AZURE = {"api_base": "https://acme.openai.azure.com", "api_version": "2025-04-01-preview"}
AWS = {"aws_access_key_id": "none", "aws_secret_access_key": "none", "aws_region_name": "us-east-1"}
VERTEX = {"vertex_project": "acme", "vertex_location": "global", "vertex_credentials": "{}"}
KEYS: dict[str, dict[str, Any]] = {
    "openai": {"api_key": "none"},
    "anthropic": {"api_key": "none"},
    "gemini": {"api_key": "none"},
    "azure": {"api_key": "none", **AZURE},
    "bedrock": AWS,
    "vertex_ai": VERTEX,
}


class Recorder(CustomLogger):
    """Keeps each payload that LiteLLM hands to its loggers, as its S3 logger would write it."""

    def __init__(self) -> None:
        super().__init__()
        self.payloads: queue.Queue[str] = queue.Queue()
        self.priced_batches: queue.Queue[str] = queue.Queue()

    def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """A call that ended well."""
        self._keep(kwargs)

    def log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """A call that failed."""
        self._keep(kwargs)

    async def async_log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """A batch that was retrieved and priced, the one asynchronous call here."""
        payload = kwargs["standard_logging_object"]
        if payload["call_type"] == "aretrieve_batch":  # not the read of its output file
            self.priced_batches.put(safe_dumps(payload))

    def _keep(self, kwargs: dict[str, Any]) -> None:
        payload = kwargs["standard_logging_object"]
        if payload["call_type"] != "aretrieve_batch":  # logged twice; only the asynchronous one is priced
            self.payloads.put(safe_dumps(payload))


def main(out: Path) -> None:
    """Drive every case and write the files."""
    mock_http.install()
    VertexBase.get_access_token = lambda self, credentials, project_id: ("none", "acme")
    litellm.disable_aiohttp_transport = True
    litellm.suppress_debug_info = True
    recorder = Recorder()
    litellm.callbacks = [recorder]
    lines: list[str] = []
    about: list[dict[str, Any]] = []
    for number, case in enumerate(all_cases()):
        with time_machine.travel(CLOCK + timedelta(minutes=number)):
            lines += drive(case, number, recorder)
        about += [told(case, has_failed=attempt < case.payloads - 1) for attempt in range(case.payloads)]
    with time_machine.travel(CLOCK + timedelta(hours=10)):
        lines += asyncio.run(asyncio.wait_for(drive_batches(recorder), timeout=3 * LONGEST))
    about += [told(case) | {"requests": 2} for case in BATCHES.values()]
    out.write_text("".join(f"{line}\n" for line in lines))
    out.with_suffix(".cases.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in about))
    print(f"{len(lines)} payloads of {len({one['model'] for one in about})} models in {out.name}")


def drive(case: Case, number: int, recorder: Recorder) -> list[str]:
    """Make one call; its payloads. RuntimeError when LiteLLM logged nothing, or failed where it should not."""
    mock_http.expect(*case.before, case.shape(case.model_name, f"chatcmpl-case{number:04d}", case.counts))
    asked: dict[str, Any] = KEYS[case.provider] | case.options
    if case.call in ("embedding", "responses"):
        asked["input"] = answers.TEXT
    else:
        asked["messages"] = [{"role": "user", "content": answers.TEXT}]
    call = routed if case.call == "routed" else getattr(litellm, case.call)
    try:
        said = call(model=case.model, **asked)
        if case.options.get("stream"):
            list(said)
    except openai.APIError as error:
        if case.name != "failed":
            raise RuntimeError(f"{case.model} {case.name}: {error}") from error
    try:
        return [recorder.payloads.get(timeout=LONGEST) for _ in range(case.payloads)]
    except queue.Empty:
        raise RuntimeError(f"{case.model} {case.name}: LiteLLM logged nothing") from None


def routed(model: str, **options: Any) -> Any:
    """A completion through LiteLLM's router, which tries once more and logs each attempt."""
    deployment = {
        "model_name": "alias",
        "litellm_params": {"model": model, "api_key": options.pop("api_key")},
    }
    router = litellm.Router(model_list=[deployment], num_retries=1, retry_after=0)
    return router.completion(model="alias", **options)


async def drive_batches(recorder: Recorder) -> list[str]:
    """Retrieve each completed batch, which LiteLLM then prices; their payloads."""
    payloads = []
    for batch_id, case in BATCHES.items():
        mock_http.expect(*batch_answers(batch_id, case))
        await litellm.aretrieve_batch(batch_id=batch_id, custom_llm_provider="openai", **KEYS["openai"])
        while recorder.priced_batches.empty():  # priced in the background
            await asyncio.sleep(0.05)
        payloads.append(recorder.priced_batches.get())
    return payloads


def told(case: Case, has_failed: bool = False) -> dict[str, Any]:
    """What a payload is about; its counts are null where the provider stated none."""
    is_unknown = has_failed or case.name in ("failed", "stream without usage")
    return {
        "case": "failed attempt" if has_failed else case.name,
        "model": case.model,
        "served": case.model_name,
        "tier": case.tier,
        "requests": 1,
        "counts": None if is_unknown else asdict(case.counts),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
