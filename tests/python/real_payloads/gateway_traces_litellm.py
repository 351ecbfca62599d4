"""Payload and spend log of LiteLLM's own test fixtures."""

SAMPLES: dict[str, int | None] = {"api-samples/litellm/*.json": 2}
