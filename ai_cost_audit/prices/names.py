"""Names of models: what the warehouse strips from them, and which are in the default sheet."""

from __future__ import annotations

import re
from collections.abc import Iterator

_REGION = re.compile(r"^(?:us-gov|us|eu|apac|jp|au|ca|in|global|regional)\.")
_VENDOR = re.compile(r"^(?:anthropic|amazon|meta|mistral|cohere|deepseek|openai|qwen|ai21|google)\.")
_VERSION = re.compile(
    r"(?:[@-](?:20\d{6}|20\d{2}-\d{2}-\d{2}))?(?:-v\d+)?(?::\d+)?(?:[@-](?:latest|default))?$"
)

MAJOR: dict[str, str] = {
    # canonical provider: the names, as genai-prices writes them, that the default sheet holds
    "anthropic": r"claude-(?!2|v1|instant|3-sonnet)",
    "bedrock": r"(?:global|regional)\.(?:amazon|anthropic|openai)\.|amazon\.(?:nova|titan-embed)|deepseek\.|"
    r"meta\.llama(?:3-[123]|4)|mistral\.(?!mistral-7b|mixtral|voxtral)|openai\.",
    "azure": r"o\d|text-embedding|phi-4",
    "cohere": r"command-(?:a|r)|embed-v[45]",
    "deepseek": r"deepseek",
    "google": r"claude-(?!3-opus|3-haiku)|gemini-(?:1\.5|[2-9]|embedding|flash-1\.5-8b|live)",
    "groq": r"llama-(?:3\.[13]-|4)|meta-llama/llama-4|openai/gpt-oss|qwen/|moonshotai/",
    "mistral": r"codestral|devstral|magistral|ministral|mistral-(?!7b|tiny|ocr|saba|medium-2312)|pixtral",
    "openai": r"gpt-(?:3\.5-turbo$|4$|4-turbo|4\.|4o|[5-9]|audio|chat|oss|realtime)|chatgpt-4o|codex|"
    r"computer|o\d|text-embedding",
    "openrouter": r"anthropic/claude-(?!2|3-)|openai/(?:gpt-(?:4\.|4o|[5-9]|chat|oss)|chatgpt-4o|codex|o\d)|"
    r"google/gemini-[2-9]|mistralai/(?!mistral-(?:7b|tiny|saba)|mixtral|voxtral)|"
    r"deepseek/deepseek-(?:chat|v\d|r1(?!-distill))|x-ai/grok-(?:[3-9]|build|code)|"
    r"meta-llama/llama-(?:3\.[123]-|4)|qwen/qwen3(?!.*omni)|moonshotai/kimi-k|z-ai/glm-",
    "xai": r"grok-(?:[3-9]|build|code)",
}
_NOT_MAJOR = re.compile(
    r"image|tts|transcribe|whisper|translate|:free|:extended|\.ft-|robotics|safeguard|sonic"
)


def is_major(provider: str, model: str) -> bool:
    """True for a model of the default sheet; `model` as genai-prices names it."""
    return re.match(MAJOR[provider], model) is not None and _NOT_MAJOR.search(model) is None


def normalize_model(model: str) -> str:
    """Strip from a model's name what the warehouse strips too: vendor, region, version and date.

    `us.anthropic.claude-sonnet-4-5-20250929-v1:0` becomes `claude-sonnet-4-5`.
    """
    name = model.lower().rsplit("/", 1)[-1]
    name = _REGION.sub("", name)
    name = re.sub(r"^(?:amazon|anthropic|cohere|deepseek|meta|mistral|openai)\.", "", name)
    name = re.sub(r"(?:-v1)?:0$", "", name)
    name = re.sub(r"@.*$", "", name)
    return re.sub(r"(?:-\d{8}|-\d{4}-\d{2}-\d{2}|-latest)$", "", name)


def name_candidates(model: str) -> Iterator[str]:
    """The names under which the warehouse looks a model up, best first (`int_models__resolved`)."""
    plain = model.lower().rsplit("/", 1)[-1]
    regionless = _REGION.sub("", plain)
    vendorless = _VENDOR.sub("", regionless)
    yield from (model, plain, regionless, vendorless)
    yield _VERSION.sub("", regionless, count=1)
    yield _VERSION.sub("", vendorless, count=1)


def without_version(model: str) -> str:
    """A name without its date, version and `latest`, but with its region and vendor."""
    return _VERSION.sub("", model, count=1)
