"""The calls that `drive_litellm.py` makes: which model answers what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import answers
from answers import Answer, Counts, Shape


@dataclass(frozen=True)
class Case:
    """One call: the model as LiteLLM is asked for it, and what the provider answers."""

    name: str
    model: str
    counts: Counts
    shape: Shape
    call: str = "completion"  # or responses, embedding, routed
    served: str | None = None  # the model that the answer names, where it is another
    options: dict[str, Any] = field(default_factory=dict)
    before: tuple[Answer, ...] = ()  # failed answers, before the good one
    payloads: int = 1  # how many LiteLLM logs for it

    @property
    def provider(self) -> str:
        """LiteLLM's name of the provider."""
        return self.model.split("/")[0]

    @property
    def model_name(self) -> str:
        """The model as the provider names it."""
        return self.served or self.model.split("/")[-1]

    @property
    def tier(self) -> str:
        """The service tier that served the call, as the ledger names it."""
        if self.options.get("speed") == "fast":
            return "fast"
        named = (self.counts.tier or "standard").lower().removeprefix("on_demand").strip("_")
        return "standard" if named in ("", "default") else named


PLAIN = Counts(uncached=1_234, output=321)
CACHED = Counts(uncached=417, read=8_192, output=655)
REASONED = Counts(uncached=903, read=1_024, output=2_345, reasoning=1_984)
WRITTEN = Counts(uncached=89, read=4_096, write_5m=2_311, output=512)
WRITTEN_1H = Counts(uncached=89, read=4_096, write_5m=2_311, write_1h=7_001, output=512)
ALL_1H = Counts(uncached=89, write_1h=7_001, output=512)
LONG = Counts(uncached=250_003, read=60_000, output=1_111)
HEARD = Counts(uncached=640, audio_in=512, output=400)
SPOKEN = replace(HEARD, audio_out=333)
EMBEDDED = Counts(777)

STREAM: dict[str, Any] = {"stream": True}
STREAM_WITH_USAGE = STREAM | {"stream_options": {"include_usage": True}}


def each(models: str, name: str, counts: Counts, shape: Shape, **fields: Any) -> Iterator[Case]:
    """The same case for each of these models."""
    for model in models.split():
        yield Case(name, model, counts, shape, **fields)


def all_cases() -> list[Case]:
    """Every call, in order."""
    return [*openai(), *openai_tiers(), *anthropic(), *bedrock(), *google(), *azure()]


def openai() -> Iterator[Case]:
    """Chat, reasoning, long context, audio, cache writes, embeddings, the Responses API, retries."""
    chat, stream, responses = answers.openai_chat, answers.openai_chat_stream, answers.openai_responses
    yield from each("openai/gpt-3.5-turbo openai/gpt-4-turbo", "plain", PLAIN, chat)
    # Asked for by its plain name, a model is served as a snapshot.
    for snapshot in ("gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18", "gpt-4.1-2025-04-14"):
        yield Case("cached", f"openai/{snapshot[:-11]}", CACHED, chat, served=snapshot)
    for snapshot in ("gpt-4.1-mini-2025-04-14", "gpt-4.1-nano-2025-04-14"):
        yield Case("cached", f"openai/{snapshot[:-11]}", CACHED, chat, served=snapshot)
    reasoning = (
        "openai/o1 openai/o3 openai/o3-mini openai/o4-mini openai/gpt-5 openai/gpt-5-mini openai/gpt-5-nano "
        "openai/gpt-5.1 openai/gpt-5.2 openai/gpt-5.4 openai/gpt-5.4-mini openai/gpt-5.5"
    )
    yield from each(reasoning, "reasoning", REASONED, chat)
    newest = "openai/gpt-5.6-sol openai/gpt-6-sol openai/gpt-6-luna openai/gpt-6-astra openai/gpt-6.1-sol"
    yield from each(newest, "cache write", WRITTEN, chat)
    long = "openai/gpt-4.1 openai/gpt-5.4 openai/gpt-5.5 openai/gpt-6-sol"
    yield from each(long, "long context", LONG, chat)
    yield from each("openai/gpt-audio openai/gpt-4o-audio-preview-2025-06-03", "audio", SPOKEN, chat)
    streamed = "openai/gpt-4o-mini openai/gpt-5 openai/gpt-6-sol"
    yield from each(streamed, "stream", CACHED, stream, options=STREAM_WITH_USAGE)
    silent = answers.openai_chat_stream_without_usage
    yield Case("stream without usage", "openai/gpt-4o-mini", PLAIN, silent, options=STREAM)
    newer = "openai/gpt-5 openai/gpt-5-pro openai/o3-pro openai/gpt-5.1-codex openai/gpt-6-sol"
    yield from each(newer, "responses", REASONED, responses, call="responses")
    searched, tools = replace(REASONED, searches=2), {"tools": [{"type": "web_search"}]}
    yield Case("web search", "openai/gpt-5", searched, responses, "responses", options=tools)
    embedding = "openai/text-embedding-3-small openai/text-embedding-3-large"
    yield from each(embedding, "embedding", EMBEDDED, answers.openai_embedding, call="embedding")
    # The SDK itself tries again, of which the gateway logs nothing.
    once, never = {"num_retries": 1}, {"max_retries": 0}
    yield Case("retried", "openai/gpt-4o-mini", PLAIN, chat, options=once, before=(answers.failure(500),))
    yield Case("failed", "openai/gpt-4o-mini", PLAIN, lambda *_: answers.failure(500), options=never)


def openai_tiers() -> Iterator[Case]:
    """Flex and priority, asked for and served or not; data residency."""
    chat = answers.openai_chat
    for tier in ("flex", "priority"):
        tiered, asked = replace(REASONED, tier=tier), {"service_tier": tier}
        models = "openai/gpt-5 openai/gpt-5-mini openai/o3 openai/gpt-5.4 openai/gpt-6-sol"
        yield from each(models, tier, tiered, chat, options=asked)
    # Asked for priority, served at the standard tier: the tier served is what is billed.
    down, asked = replace(REASONED, tier="default"), {"service_tier": "priority"}
    yield Case("downgraded", "openai/gpt-5", down, chat, options=asked)
    flex, asked = replace(LONG, tier="flex"), {"service_tier": "flex"}
    yield Case("long context, flex", "openai/gpt-6-sol", flex, chat, options=asked)
    for place in ("us", "eu"):
        host = {"api_base": f"https://{place}.api.openai.com/v1"}
        yield Case(f"data residency {place}", "openai/gpt-5.4", REASONED, chat, options=host)


def anthropic() -> Iterator[Case]:
    """Cache writes of both lifetimes, thinking, tiers, geography, fast mode, web search, retries."""
    message = answers.anthropic_message
    older = (
        "anthropic/claude-haiku-4-5 anthropic/claude-sonnet-4-5 anthropic/claude-opus-4-5 "
        "anthropic/claude-sonnet-4-6"
    )
    yield from each(older, "cache write", WRITTEN, message)
    snapshots = "claude-haiku-4-5-20251001 claude-sonnet-4-5-20250929 claude-opus-4-5-20251101"
    for snapshot in snapshots.split():
        model = f"anthropic/{snapshot[:-9]}"
        yield Case("cache writes 5m and 1h", model, WRITTEN_1H, message, served=snapshot)
    newer = (
        "anthropic/claude-opus-4-6 anthropic/claude-opus-4-7 anthropic/claude-opus-4-8 anthropic/claude-sonnet-5 "
        "anthropic/claude-opus-5 anthropic/claude-fable-5 anthropic/claude-haiku-5-5 "
        "anthropic/claude-sonnet-5-5 anthropic/claude-opus-5-5"
    )
    yield from each(newer, "cache writes 5m and 1h", WRITTEN_1H, message)
    two = "anthropic/claude-sonnet-4-5 anthropic/claude-opus-5-5"
    yield from each(two, "cache write 1h only", ALL_1H, message)
    yield from each(two, "thinking", replace(PLAIN, reasoning=200), message)
    yield from each(two, "long context", LONG, message)
    yield from each(two, "batch tier", replace(WRITTEN, tier="batch"), message)
    yield from each(two, "priority tier", replace(WRITTEN, tier="priority"), message)
    yield from each(two, "web search", replace(PLAIN, searches=3), message)
    placed = "anthropic/claude-opus-4-6 anthropic/claude-opus-5-5 anthropic/claude-sonnet-5-5"
    yield from each(placed, "us only", replace(WRITTEN_1H, geo="us"), message)
    yield from each(placed, "global", replace(WRITTEN_1H, geo="global"), message)
    fast = "anthropic/claude-opus-4-6 anthropic/claude-opus-5-5"
    yield from each(fast, "fast", WRITTEN, fast_message, options={"speed": "fast"})
    streamed = "anthropic/claude-haiku-4-5 anthropic/claude-opus-5-5"
    yield from each(streamed, "stream", WRITTEN_1H, answers.anthropic_stream, options=STREAM)
    overloaded = answers.failure(529)
    haiku = "anthropic/claude-haiku-4-5"
    yield Case("retried", haiku, PLAIN, message, "routed", before=(overloaded,), payloads=2)
    yield Case("failed", haiku, PLAIN, lambda *_: overloaded)


def fast_message(model: str, response_id: str, counts: Counts) -> Answer:
    """A message of Anthropic's fast mode, which the usage object names."""
    body = json.loads(answers.anthropic_message(model, response_id, counts).body)
    body["usage"]["speed"] = "fast"
    return answers.as_json(body)


def bedrock() -> Iterator[Case]:
    """Converse and InvokeModel; regional and global profiles; tiers."""
    claude = [
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "eu.anthropic.claude-opus-4-5-20251101-v1:0",
        "us.anthropic.claude-opus-4-6-v1",
        "global.anthropic.claude-opus-5-5",
        "us.anthropic.claude-sonnet-5-5",
        "global.anthropic.claude-haiku-5-5",
    ]
    models = " ".join(f"bedrock/converse/{model}" for model in claude)
    yield from each(models, "cache write", WRITTEN, answers.converse)
    yield from each(models, "cache writes 5m and 1h", WRITTEN_1H, answers.converse)
    invoked = " ".join(f"bedrock/invoke/{model}" for model in claude[:2])
    yield from each(invoked, "cache writes 5m and 1h", WRITTEN_1H, answers.anthropic_message)
    nova = "amazon.nova-micro-v1:0 us.amazon.nova-lite-v1:0 us.amazon.nova-pro-v1:0"
    for model in nova.split():
        yield Case("cached", f"bedrock/converse/{model}", CACHED, answers.converse)
    others = (
        "global.amazon.nova-2-lite-v1:0 meta.llama3-3-70b-instruct-v1:0 us.meta.llama4-scout-17b-instruct-v1:0 "
        "us.deepseek.r1-v1:0 openai.gpt-oss-120b-1:0 mistral.mistral-large-3-675b-instruct"
    )
    for model in others.split():
        yield Case("plain", f"bedrock/converse/{model}", PLAIN, answers.converse)
    for tier in ("flex", "priority"):
        tiered, asked = replace(PLAIN, tier=tier), {"serviceTier": {"type": tier}}
        yield Case(tier, "bedrock/converse/amazon.nova-pro-v1:0", tiered, answers.converse, options=asked)
    sonnet = f"bedrock/converse/{claude[1]}"
    yield Case("stream", sonnet, WRITTEN_1H, answers.converse_stream, options=STREAM)
    yield Case("long context", sonnet, LONG, answers.converse)
    titan = "bedrock/amazon.titan-embed-text-v2:0"
    yield Case("embedding", titan, EMBEDDED, answers.titan_embedding, "embedding")


def google() -> Iterator[Case]:
    """Gemini on Vertex and AI Studio, Claude on Vertex; tiers, long context, a regional endpoint."""
    gemini = (
        "gemini-2.5-flash-lite gemini-2.5-flash gemini-2.5-pro gemini-3.1-pro-preview gemini-3-flash-preview "
        "gemini-3.1-flash-lite gemini-3.5-flash gemini-3.7-flash gemini-3.8-flash"
    )
    for route in ("vertex_ai", "gemini"):
        models = " ".join(f"{route}/{model}" for model in gemini.split())
        yield from each(models, "reasoning", REASONED, answers.gemini)
        long = f"{route}/gemini-2.5-pro {route}/gemini-3.1-pro-preview"
        yield from each(long, "long context", LONG, answers.gemini)
    for traffic in ("ON_DEMAND", "ON_DEMAND_PRIORITY", "ON_DEMAND_FLEX"):
        tiered = replace(CACHED, tier=traffic)
        yield Case(traffic.lower(), "vertex_ai/gemini-2.5-flash", tiered, answers.gemini)
    yield Case("audio", "gemini/gemini-2.5-flash", HEARD, answers.gemini)
    yield Case("stream", "gemini/gemini-2.5-flash", REASONED, answers.gemini_stream, options=STREAM)
    sonnet = "vertex_ai/claude-sonnet-4-5@20250929"
    claude = f"{sonnet} vertex_ai/claude-opus-4-6 vertex_ai/claude-haiku-5-5"
    yield from each(claude, "cache writes 5m and 1h", WRITTEN_1H, answers.anthropic_message)
    region = {"vertex_location": "us-east5"}
    yield Case("regional endpoint", sonnet, WRITTEN_1H, answers.anthropic_message, options=region)


def azure() -> Iterator[Case]:
    """Deployments that are named like their model, and others, with and without a stated `base_model`."""
    chat = answers.openai_chat
    plain = "azure/gpt-4o azure/gpt-4o-mini azure/gpt-4.1 azure/gpt-4.1-mini azure/gpt-4.1-nano"
    yield from each(plain, "cached", CACHED, chat)
    reasoning = (
        "azure/o1 azure/o3-mini azure/o4-mini azure/gpt-5 azure/gpt-5-mini azure/gpt-5.1 azure/gpt-5.4"
    )
    yield from each(reasoning, "reasoning", REASONED, chat)
    yield from each("azure/gpt-5.6-sol azure/gpt-6-sol", "cache write", WRITTEN, chat)
    stream = answers.openai_chat_stream
    yield Case("stream", "azure/gpt-4o", CACHED, stream, options=STREAM_WITH_USAGE)
    tiered, asked = replace(REASONED, tier="priority"), {"service_tier": "priority"}
    yield Case("priority", "azure/gpt-5", tiered, chat, options=asked)
    embedding = "azure/text-embedding-3-small"
    yield Case("embedding", embedding, EMBEDDED, answers.openai_embedding, "embedding")
    zone, own = {"base_model": "azure/us/gpt-4.1-2025-04-14"}, {"base_model": "azure/gpt-4.1-mini"}
    yield Case("data zone", "azure/prod-chat", CACHED, chat, served="gpt-4.1-2025-04-14", options=zone)
    yield Case("own deployment name", "azure/prod-small", CACHED, chat, served="gpt-4.1-mini", options=own)
    nano = "gpt-4.1-nano-2025-04-14"
    yield Case("unnamed deployment", "azure/prod-tiny", CACHED, chat, served=nano)


BATCHES = {
    "batch_1": Case("batch", "openai/gpt-5", replace(REASONED, tier="batch"), answers.openai_chat),
    "batch_2": Case("batch", "openai/gpt-6-sol", replace(LONG, tier="batch"), answers.openai_chat),
}
"""Batches of OpenAI by id, each of two equal requests."""


def batch_answers(batch_id: str, case: Case) -> Iterator[Answer]:
    """What OpenAI answers when a completed batch is retrieved: the batch, then its output file."""
    yield answers.as_json(
        {
            "id": batch_id,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "input_file_id": "file-1",
            "output_file_id": "file-2",
            "completion_window": "24h",
            "status": "completed",
            "created_at": answers.CREATED,
            "completed_at": answers.CREATED + 3600,
            "request_counts": {"total": 2, "completed": 2, "failed": 0},
            "metadata": {},
            "model": case.model_name,
        }
    )
    lines = []
    for number in ("1", "2"):
        body = json.loads(case.shape(case.model_name, f"chatcmpl-{batch_id}-{number}", case.counts).body)
        response = {"status_code": 200, "request_id": f"request-{number}", "body": body}
        lines.append({"id": f"line-{number}", "custom_id": number, "response": response, "error": None})
    yield Answer("".join(f"{json.dumps(line)}\n" for line in lines).encode(), "application/octet-stream")
