"""What a provider answers over HTTP, as its API documents it, with token counts of our choice.

`Counts` are the disjoint counters of one call; each function here states them the way one provider does (cached input
inside or beside the input count, and so on). Nothing here knows a price.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

TEXT = "not read"
CREATED = 1793696400
"""The second (unix) that answers name as their own."""


@dataclass(frozen=True)
class Counts:
    """The disjoint counters of one call: tokens, but for `searches`.

    `uncached` includes `audio_in`; `output` includes `reasoning` and `audio_out`; `write_5m` is a provider's
    default cache write.
    """

    uncached: int
    output: int = 0
    read: int = 0
    write_5m: int = 0
    write_1h: int = 0
    reasoning: int = 0
    audio_in: int = 0
    audio_out: int = 0
    searches: int = 0
    tier: str | None = None
    geo: str | None = None

    @property
    def writes(self) -> int:
        """Cache writes of any lifetime."""
        return self.write_5m + self.write_1h

    @property
    def input(self) -> int:
        """All tokens that went in."""
        return self.uncached + self.read + self.writes


@dataclass(frozen=True)
class Answer:
    """One HTTP response."""

    body: bytes
    content_type: str = "application/json"
    status: int = 200


Shape = Callable[[str, str, Counts], Answer]
"""(model, the provider's response id, counts) to the answer."""


def as_json(body: dict[str, Any], status: int = 200) -> Answer:
    """A JSON document as an answer."""
    return Answer(json.dumps(body).encode(), status=status)


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def failure(status: int) -> Answer:
    """An error in the shape that OpenAI and most others use."""
    error = {"message": TEXT, "type": "server_error", "param": None, "code": None}
    return as_json({"error": error}, status)


# ---- OpenAI, and who speaks like it (Azure)


def _openai_usage(counts: Counts) -> dict[str, Any]:
    prompt = {"cached_tokens": counts.read, "audio_tokens": counts.audio_in}
    if counts.writes:
        prompt["cache_write_tokens"] = counts.writes
    return {
        "prompt_tokens": counts.input,
        "completion_tokens": counts.output,
        "total_tokens": counts.input + counts.output,
        "prompt_tokens_details": prompt,
        "completion_tokens_details": {
            "reasoning_tokens": counts.reasoning,
            "audio_tokens": counts.audio_out,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def openai_chat(model: str, response_id: str, counts: Counts) -> Answer:
    """A chat completion."""
    message = {"role": "assistant", "content": TEXT, "refusal": None, "annotations": []}
    return as_json(
        {
            "id": response_id,
            "object": "chat.completion",
            "created": CREATED,
            "model": model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
            "usage": _openai_usage(counts),
            "service_tier": counts.tier or "default",
            "system_fingerprint": None,
        }
    )


def openai_chat_stream(model: str, response_id: str, counts: Counts) -> Answer:
    """The same as server-sent events; the last one has the usage, as `stream_options` asks for."""
    head = {
        "id": response_id,
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": model,
        "service_tier": counts.tier or "default",
    }
    deltas: list[tuple[dict[str, str], str | None]] = [
        ({"role": "assistant", "content": ""}, None),
        ({"content": TEXT}, None),
        ({}, "stop"),
    ]
    events: list[dict[str, Any]] = [
        head | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}], "usage": None}
        for delta, reason in deltas
    ]
    return _sse([*events, head | {"choices": [], "usage": _openai_usage(counts)}], done=True)


def openai_chat_stream_without_usage(model: str, response_id: str, counts: Counts) -> Answer:
    """The same as server-sent events of a provider that never states the usage."""
    lines = openai_chat_stream(model, response_id, counts).body.decode().split("\n\n")
    return Answer("\n\n".join(line for line in lines if '"choices": []' not in line).encode(), EVENTS)


def openai_responses(model: str, response_id: str, counts: Counts) -> Answer:
    """A response of the Responses API."""
    text = {"type": "output_text", "text": TEXT, "annotations": []}
    searches = [
        {"type": "web_search_call", "id": f"ws_{number}", "status": "completed"}
        for number in range(counts.searches)
    ]
    message = {
        "type": "message",
        "id": "msg_1",
        "status": "completed",
        "role": "assistant",
        "content": [text],
    }
    details = {"cached_tokens": counts.read} | (
        {"cache_write_tokens": counts.writes} if counts.writes else {}
    )
    return as_json(
        {
            "id": response_id,
            "object": "response",
            "created_at": CREATED,
            "status": "completed",
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "model": model,
            "output": [*searches, message],
            "parallel_tool_calls": True,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "service_tier": counts.tier or "default",
            "usage": {
                "input_tokens": counts.input,
                "input_tokens_details": details,
                "output_tokens": counts.output,
                "output_tokens_details": {"reasoning_tokens": counts.reasoning},
                "total_tokens": counts.input + counts.output,
            },
        }
    )


def openai_embedding(model: str, response_id: str, counts: Counts) -> Answer:
    """An embedding; the API gives it no id."""
    return as_json(
        {
            "object": "list",
            "model": model,
            "data": [{"object": "embedding", "index": 0, "embedding": [0.0, 0.5]}],
            "usage": {"prompt_tokens": counts.input, "total_tokens": counts.input},
        }
    )


# ---- Anthropic: its API, Bedrock InvokeModel and Vertex


def _anthropic_usage(counts: Counts) -> dict[str, Any]:
    return _present(
        {
            "input_tokens": counts.uncached,
            "cache_creation_input_tokens": counts.writes,
            "cache_read_input_tokens": counts.read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": counts.write_5m,
                "ephemeral_1h_input_tokens": counts.write_1h,
            },
            "output_tokens": counts.output,
            "service_tier": counts.tier or "standard",
            "inference_geo": counts.geo,
            "server_tool_use": {"web_search_requests": counts.searches} if counts.searches else None,
        }
    )


def anthropic_message(model: str, response_id: str, counts: Counts) -> Answer:
    """A message; thinking is part of its output tokens and has no counter."""
    content = [{"type": "text", "text": TEXT}]
    if counts.reasoning:
        content.insert(0, {"type": "thinking", "thinking": TEXT, "signature": "c2ln"})
    return as_json(
        {
            "id": response_id,
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": content,
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": _anthropic_usage(counts),
        }
    )


def anthropic_stream(model: str, response_id: str, counts: Counts) -> Answer:
    """The same as server-sent events: input tokens come first, output tokens last."""
    message = json.loads(anthropic_message(model, response_id, counts).body)
    usage = message["usage"]
    message |= {"content": [], "stop_reason": None, "usage": usage | {"output_tokens": 1}}
    events = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": TEXT}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": counts.output},
        },
        {"type": "message_stop"},
    ]
    return _sse(events, named=True)


# ---- Bedrock


def converse(model: str, response_id: str, counts: Counts) -> Answer:
    """A Converse response; it names no model and no id."""
    return as_json(
        {
            "metrics": {"latencyMs": 120},
            "output": {"message": {"role": "assistant", "content": [{"text": TEXT}]}},
            "stopReason": "end_turn",
        }
        | _converse_end(counts)
    )


def _converse_end(counts: Counts) -> dict[str, Any]:
    details = [{"ttl": "5m", "inputTokens": counts.write_5m}, {"ttl": "1h", "inputTokens": counts.write_1h}]
    usage = {
        "inputTokens": counts.uncached,
        "outputTokens": counts.output,
        "totalTokens": counts.input + counts.output,
        "cacheReadInputTokens": counts.read,
        "cacheWriteInputTokens": counts.writes,
        "cacheDetails": [detail for detail in details if detail["inputTokens"]] if counts.write_1h else None,
    }
    tier = {"type": counts.tier} if counts.tier else None
    return _present({"usage": _present(usage), "serviceTier": tier})


def converse_stream(model: str, response_id: str, counts: Counts) -> Answer:
    """The same as an AWS event stream; its metadata event has the usage."""
    events: list[tuple[str, dict[str, Any]]] = [
        ("messageStart", {"role": "assistant"}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": TEXT}}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("messageStop", {"stopReason": "end_turn"}),
        ("metadata", {"metrics": {"latencyMs": 120}} | _converse_end(counts)),
    ]
    return Answer(b"".join(_aws_event(*event) for event in events), "application/vnd.amazon.eventstream")


def _aws_event(kind: str, payload: dict[str, Any]) -> bytes:
    names = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in names.items()
    )
    body = json.dumps(payload).encode()
    start = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    message = start + struct.pack(">I", crc32(start)) + headers + body
    return message + struct.pack(">I", crc32(message))


def titan_embedding(model: str, response_id: str, counts: Counts) -> Answer:
    """An embedding of Amazon Titan."""
    return as_json(
        {
            "embedding": [0.0, 0.5],
            "embeddingsByType": {"float": [0.0, 0.5]},
            "inputTextTokenCount": counts.input,
        }
    )


# ---- Google: Vertex and AI Studio


def _gemini_body(model: str, response_id: str, counts: Counts) -> dict[str, Any]:
    prompt = {"TEXT": counts.input - counts.audio_in, "AUDIO": counts.audio_in}
    usage = {
        "promptTokenCount": counts.input,
        "candidatesTokenCount": counts.output - counts.reasoning,
        "totalTokenCount": counts.input + counts.output,
        "cachedContentTokenCount": counts.read or None,
        "thoughtsTokenCount": counts.reasoning or None,
        "promptTokensDetails": [
            {"modality": modality, "tokenCount": tokens} for modality, tokens in prompt.items() if tokens
        ],
        "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": counts.read}] if counts.read else None,
        "trafficType": counts.tier,
    }
    return {
        "candidates": [
            {"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [{"text": TEXT}]}}
        ],
        "usageMetadata": _present(usage),
        "modelVersion": model,
        "responseId": response_id,
    }


def gemini(model: str, response_id: str, counts: Counts) -> Answer:
    """A generateContent response; thoughts are counted beside the candidates."""
    return as_json(_gemini_body(model, response_id, counts))


def gemini_stream(model: str, response_id: str, counts: Counts) -> Answer:
    """The same as server-sent events."""
    return _sse([_gemini_body(model, response_id, counts)])


# ---- events


EVENTS = "text/event-stream"


def _sse(events: list[dict[str, Any]], done: bool = False, named: bool = False) -> Answer:
    def lines() -> Iterator[str]:
        for event in events:
            yield (f"event: {event['type']}\n" if named else "") + f"data: {json.dumps(event)}\n\n"
        if done:
            yield "data: [DONE]\n\n"

    return Answer("".join(lines()).encode(), EVENTS)
