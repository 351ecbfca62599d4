"""Drives the OpenAI and Anthropic SDKs over mocked HTTP, instrumented by OpenLLMetry, and writes OTLP JSON.

    python drive_otel.py OUT.jsonl

One export request a line, as the collector's file exporter writes it: protobuf's JSON mapping with ids in hex. Each
call's span has the attribute `case`, and OUT's sibling `*.cases.json` says what each case counted. The instrumentations
keep no text. Keys are made up, and nothing reaches a network.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ |= {"TRACELOOP_TRACE_CONTENT": "false", "OTEL_SDK_DISABLED": "false"}

import answers
import anthropic
import mock_http
import openai
from answers import Answer, Counts
from google.protobuf.json_format import MessageToDict
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
from opentelemetry.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

RESOURCE = {
    "service.name": "support-bot",
    "deployment.environment.name": "production",
    "team": "support",
    "telemetry.sdk.language": "python",
}
MESSAGES: Any = [{"role": "user", "content": answers.TEXT}]
IDS = ("traceId", "spanId", "parentSpanId")


class Lines(SpanExporter):
    """Keeps each export request as a line of OTLP JSON."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def export(self, spans: Any) -> SpanExportResult:
        """One line for these spans."""
        self.lines.append(json.dumps(otlp_json(spans)))
        return SpanExportResult.SUCCESS


def otlp_json(spans: tuple[ReadableSpan, ...]) -> dict[str, Any]:
    """An OTLP export request as its JSON encoding says: ids in hex, not base64, and enums as numbers."""
    request: dict[str, Any] = MessageToDict(encode_spans(spans), use_integers_for_enums=True)
    for resource in request["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for name in IDS:
                    if name in span:
                        span[name] = base64.b64decode(span[name]).hex()
    return request


Calls = dict[str, tuple[Counts, str, Answer, Callable[[], Any]]]
"""Case: what it counts, the model that serves it, the answer, and the call."""


def openai_calls(client: openai.OpenAI) -> Calls:
    """Cached, reasoning, streamed, of both APIs, an embedding and a failure."""
    cached = Counts(uncached=417, read=8_192, output=655)
    reasoned = Counts(uncached=903, read=1_024, output=2_345, reasoning=1_984)
    short = Counts(uncached=1_234, output=321)
    written = Counts(uncached=89, read=4_096, write_5m=2_311, output=512)
    create, respond = client.chat.completions.create, client.responses.create
    stream = {"stream": True, "stream_options": {"include_usage": True}}
    embedded = Counts(uncached=777)
    return {
        "cached": (
            cached,
            "gpt-4o-2024-08-06",
            answers.openai_chat("gpt-4o-2024-08-06", "chatcmpl-case0001", cached),
            lambda: create(model="gpt-4o", messages=MESSAGES),
        ),
        "reasoning": (
            reasoned,
            "gpt-5-2025-08-07",
            answers.openai_chat("gpt-5-2025-08-07", "chatcmpl-case0002", reasoned),
            lambda: create(model="gpt-5", messages=MESSAGES),
        ),
        "cache write": (
            written,
            "gpt-6-sol",
            answers.openai_chat("gpt-6-sol", "chatcmpl-case0006", written),
            lambda: create(model="gpt-6-sol", messages=MESSAGES),
        ),
        "streamed": (
            cached,
            "gpt-4o-mini-2024-07-18",
            answers.openai_chat_stream("gpt-4o-mini-2024-07-18", "chatcmpl-case0003", cached),
            lambda: list(create(model="gpt-4o-mini", messages=MESSAGES, **stream)),
        ),
        "streamed without usage": (
            short,
            "gpt-4o-mini-2024-07-18",
            answers.openai_chat_stream_without_usage("gpt-4o-mini-2024-07-18", "chatcmpl-case0004", short),
            lambda: list(create(model="gpt-4o-mini", messages=MESSAGES, stream=True)),
        ),
        "responses": (
            reasoned,
            "gpt-5-2025-08-07",
            answers.openai_responses("gpt-5-2025-08-07", "resp_case00050000", reasoned),
            lambda: respond(model="gpt-5", input=answers.TEXT),
        ),
        "embedding": (
            embedded,
            "text-embedding-3-small",
            answers.openai_embedding("text-embedding-3-small", "", embedded),
            lambda: client.embeddings.create(model="text-embedding-3-small", input=answers.TEXT),
        ),
        "failed": (
            Counts(0),
            "gpt-4o",
            answers.failure(500),
            lambda: create(model="gpt-4o", messages=MESSAGES),
        ),
    }


def anthropic_calls(client: anthropic.Anthropic) -> Calls:
    """Cache writes of both lifetimes, cached, streamed and a failure."""
    cached = Counts(uncached=417, read=8_192, output=655)
    written = Counts(uncached=89, read=4_096, write_5m=2_311, write_1h=7_001, output=512)
    model, served = "claude-sonnet-4-5", "claude-sonnet-4-5-20250929"
    create: Any = client.messages.create
    asked: dict[str, Any] = {"model": model, "max_tokens": 4_096, "messages": MESSAGES}
    return {
        "claude cached": (
            cached,
            served,
            answers.anthropic_message(served, "msg_01case0001", cached),
            lambda: create(**asked),
        ),
        "claude cache write": (
            written,
            served,
            answers.anthropic_message(served, "msg_01case0002", written),
            lambda: create(**asked),
        ),
        "claude streamed": (
            written,
            served,
            answers.anthropic_stream(served, "msg_01case0003", written),
            lambda: list(create(**asked, stream=True)),
        ),
        "claude failed": (
            Counts(0),
            model,
            answers.failure(529),
            lambda: create(**asked),
        ),
    }


def main(out: Path) -> None:
    """Drive every call below a workflow and an agent, and write the files."""
    mock_http.install()
    lines = Lines()
    provider = TracerProvider(resource=Resource(RESOURCE))
    provider.add_span_processor(SimpleSpanProcessor(lines))
    trace.set_tracer_provider(provider)
    OpenAIInstrumentor().instrument()
    AnthropicInstrumentor().instrument()

    calls = openai_calls(openai.OpenAI(api_key="none", max_retries=0))
    claude = anthropic_calls(anthropic.Anthropic(api_key="none", max_retries=0))
    tracer = trace.get_tracer("support.bot")
    workflow = {"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": "answer-ticket"}
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "writer"}
    with tracer.start_as_current_span("workflow answer-ticket", attributes=workflow):
        run(calls)
        with tracer.start_as_current_span("invoke_agent writer", attributes=agent) as span:
            run(claude)
            # What a framework adds: the tokens of the calls below it, which must not be counted twice.
            used = [counts for counts, *_ in claude.values()]
            span.set_attribute("gen_ai.usage.input_tokens", sum(counts.input for counts in used))
            span.set_attribute("gen_ai.usage.output_tokens", sum(counts.output for counts in used))
    out.write_text("".join(f"{line}\n" for line in lines.lines))
    cases = {
        answer_id(answer) or name: {"case": name, "model": served, **asdict(counts)}
        for name, (counts, served, answer, _) in (calls | claude).items()
    }
    out.with_suffix(".cases.json").write_text(json.dumps(cases, indent=1))
    print(f"{len(lines.lines)} spans, {len(cases)} calls in {out.name}")


def run(calls: Calls) -> None:
    """Make each call; those named failed must fail."""
    for name, (_, _, answer, call) in calls.items():
        mock_http.expect(answer)
        try:
            call()
        except (openai.APIError, anthropic.APIError):
            if "failed" not in name:
                raise


def answer_id(answer: Answer) -> str:
    """The response id within an answer; '' where it has none."""
    return next((one for one in ids(answer.body.decode()) if one), "")


def ids(body: str) -> Iterator[str]:
    """Every value named `id` at the top of the answer, or of its events."""
    texts = (
        [body] if body.startswith("{") else [line[6:] for line in body.splitlines() if line[:7] == "data: {"]
    )
    for text in texts:
        document = json.loads(text)
        yield document.get("id") or document.get("message", {}).get("id", "")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
