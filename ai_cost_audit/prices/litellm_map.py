"""LiteLLM's price map `model_prices_and_context_window_backup.json`, read from a file without importing LiteLLM.

The map states USD for one token and has no dates: what it says holds from the day of the map on. Its keys name
the way to a model (`us.anthropic.…`, `vertex_ai/…@date`), so that several keys can stand for one model of the sheet:
the key without a date counts, then `latest`, then the newest date.

What is left out, on purpose:

- Models whose price depends on the hour (`off_peak_pricing`): genai-prices states those with their hours.
- Prices by character, image, second, page or pixel: the contract has no such meter.
- Zero prices of models that cost nothing else: zero often means that nobody entered a price.
- Long-context prices of a meter that has no price below the threshold (Gemini's cache storage).
- Tiers whose output is cheaper than their input: a slip in the map (gpt-5-nano in priority).
- Web searches priced by size of the search context, unless all sizes cost the same.
"""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ai_cost_audit.prices.names import is_major, name_candidates, normalize_model, without_version
from ai_cost_audit.prices.sheet import LITELLM, SMALLEST, UNITS, Price, SeriesKey

PINNED_VERSION = "1.106.2"
"""The version that the sheet in git was last rebuilt from."""

_RELEASED_ON = {PINNED_VERSION: date(2026, 10, 21)}

MISSING = (
    "LiteLLM's map is not there, so its prices stay as they are: "
    f"pip download --no-deps litellm=={PINNED_VERSION}, then --litellm-map litellm-{PINNED_VERSION}-….whl"
)
"""What to tell somebody without the map."""

_FILE = "model_prices_and_context_window_backup.json"

_PROVIDERS: dict[str, tuple[str, int]] = {
    # LiteLLM's provider: canonical name, and which of two keys for one model counts (lowest)
    "anthropic": ("anthropic", 0),
    "azure": ("azure", 0),
    "azure_ai": ("azure", 1),
    "bedrock": ("bedrock", 0),
    "bedrock_converse": ("bedrock", 0),
    "cohere": ("cohere", 0),
    "cohere_chat": ("cohere", 0),
    "deepseek": ("deepseek", 0),
    "gemini": ("google", 0),
    "vertex_ai": ("google", 2),
    "vertex_ai-anthropic_models": ("google", 0),
    "vertex_ai-language-models": ("google", 1),
    "groq": ("groq", 0),
    "mistral": ("mistral", 0),
    "openai": ("openai", 0),
    "openrouter": ("openrouter", 0),
    "xai": ("xai", 0),
}
_MODES = {"chat", "completion", "embedding", "realtime", "responses"}

_TOKEN_KEYS = {
    "input": "input_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write_5m": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "cache_write_12h": "cache_creation_input_token_cost_above_12hr",
    "output": "output_cost_per_token",
    "input_audio": "input_cost_per_audio_token",
    "output_audio": "output_cost_per_audio_token",
    "input_image": "input_cost_per_image_token",
}
_SEARCHES = ("anthropic", "groq", "openai", "xai")
"""Providers that charge for a search (Google charges for a grounded prompt; clouds resell other tools)."""
_PARTS = {"input_audio": "input", "output_audio": "output", "input_image": "input"}
"""Meters that cost what text costs unless a price says otherwise."""
_TIER_SUFFIXES = {"standard": "", "batch": "_batches", "flex": "_flex", "priority": "_priority"}
_THRESHOLD = re.compile(r"_above_(\d+)(k?)_tokens")
_SKIPPED_KEY = re.compile(r"^ft:|-commitment/|^container$|^sample_spec$|^rules$")
_RETIRED = re.compile(
    r"claude-(?:v\d|instant)|claude-3-sonnet|titan-(?:text|embed-g1)|gemini-1\.5-.*(?:preview|exp)|"
    r"grok-.*(?:beta|gv2)|mistral-(?:code|vibe)|vision-preview|nova-2-pro-preview|sonnet-latest"
)
"""Models of earlier generations, and experiments, which only LiteLLM lists: not in the default sheet."""
_SKIPPED_ROUTE = re.compile(r"^(?:azure|bedrock|bedrock_mantle)/(?!invoke/)[^/]+/")
_PROFILE_RANK = {"us": 0, "eu": 1, "apac": 2, "jp": 3, "au": 3, "ca": 3, "in": 3}


@dataclass(frozen=True)
class LitellmMap:
    """One edition of the map: what it holds, from which day, and what its rows name as their source."""

    models: Mapping[str, Mapping[str, Any]]
    as_of: date
    source: str


Stated = dict[SeriesKey, Price]
"""The price of every series that an edition of the map states."""


def find_map() -> Path | None:
    """The map of the installed LiteLLM package, found without importing it; None when it is not installed."""
    spec = find_spec("litellm")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(folder) / _FILE).is_file():
            return Path(folder) / _FILE
    return None


def read_map(path: Path, as_of: date | None = None) -> LitellmMap:
    """Read an edition of the map from a .json, .json.gz or the litellm wheel.

    `as_of` is the day from which its prices count: by default the day the wheel was built, the release day of
    the pinned version, or today. Raises ValueError on a file that is not the map.
    """
    text, built_on = _map_text(path)
    try:
        models = json.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise ValueError(f"{path.name}: not LiteLLM's price map ({error})") from None
    if not isinstance(models, dict) or not any(
        isinstance(model, dict) and "litellm_provider" in model for model in models.values()
    ):
        raise ValueError(f"{path.name}: not LiteLLM's price map")
    edition = _edition(path)
    day = as_of or built_on or _RELEASED_ON.get(edition or "") or date.today()
    priced = {name: model for name, model in models.items() if isinstance(model, dict)}
    return LitellmMap(priced, day, f"{LITELLM}{edition or day.isoformat()}")


def _map_text(path: Path) -> tuple[str, date | None]:
    """The map as text, and the day on which it was packed where the file says so."""
    if not path.is_file():
        raise ValueError(f"no file {path}")
    try:
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                entry = wheel.getinfo(f"litellm/{_FILE}")
                built_on = date(*entry.date_time[:3])  # 1980 in a reproducible build: no date
                return wheel.read(entry).decode("utf-8"), built_on if built_on.year > 1980 else None
        if path.suffix == ".gz":
            return gzip.decompress(path.read_bytes()).decode("utf-8"), None
        return path.read_text(encoding="utf-8"), None
    except (OSError, KeyError, UnicodeDecodeError, zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"{path.name}: not LiteLLM's price map ({error})") from None


def _edition(path: Path) -> str | None:
    """The LiteLLM version: in the file's name, or of the installed package."""
    named = re.search(r"(?:litellm-|v)(\d+\.\d+\.\d+)", path.name)
    if named:
        return named.group(1)
    if path == find_map():
        try:
            return version("litellm")
        except PackageNotFoundError:
            return None
    return None


class Names:
    """The names under which the sheet holds models, and the aliases that lead to them."""

    def __init__(self, models: Iterable[tuple[str, str]], aliases: Iterable[tuple[str, str, str]]) -> None:
        """(provider, model) of the sheet and (provider, alias, model)."""
        self._models: dict[str, set[str]] = {}
        for provider, model in models:
            self._models.setdefault(provider, set()).add(model)
        self._aliases = {(provider, alias): model for provider, alias, model in aliases}
        self._globals = {
            (provider, without_version(model)): model
            for provider, names in self._models.items()
            for model in names
            if model.startswith("global.")
        }

    def find(self, provider: str, name: str) -> str | None:
        """The sheet's name for a model as LiteLLM names it, by the rules that requests are resolved with.

        Empty for an alias whose model changes over time (`gemini-flash-latest`): an old map means another one.
        """
        if name.startswith("global."):
            return self._globals.get((provider, without_version(name)))
        for candidate in name_candidates(name):
            if candidate in self._models.get(provider, ()):
                return candidate
            alias = self._aliases.get((provider, candidate))
            if alias in self._models.get(provider, ()):
                return "" if name.endswith("-latest") or not re.search(r"\d", name) else alias
        return None


def stated_prices(edition: LitellmMap, names: Names, all_models: bool) -> Stated:
    """What an edition says of every model of the sheet, and of further models that belong in it."""
    chosen: dict[tuple[str, str], tuple[tuple[Any, ...], str]] = {}
    for key, model in edition.models.items():
        place = _place(key, model, names, all_models)
        if place is None:
            continue
        provider, name, rank = place
        best = chosen.get((provider, name))
        if best is None or rank < best[0]:
            chosen[provider, name] = rank, key
    stated: Stated = {}
    for (provider, name), (_, key) in sorted(chosen.items()):
        for (meter, tier, above), usd in _model_prices(provider, edition.models[key]).items():
            unit = UNITS.get(meter, "token")
            price = Price(usd, unit, edition.source, edition.as_of.isoformat())
            stated[provider, name, meter, tier, above] = price
    return stated


def _place(
    key: str, model: Mapping[str, Any], names: Names, all_models: bool
) -> tuple[str, str, tuple[Any, ...]] | None:
    """(provider, name in the sheet, rank among the keys of that model), None for a key that is left out."""
    theirs = str(model.get("litellm_provider"))
    provider, preference = _PROVIDERS.get(theirs, (theirs, 0))
    if _SKIPPED_KEY.search(key) or _SKIPPED_ROUTE.search(key) or model.get("mode", "chat") not in _MODES:
        return None
    if "off_peak_pricing" in model or (theirs not in _PROVIDERS and not all_models):
        return None
    route, _, rest = key.partition("/")
    bare = rest if rest and route in (theirs, provider, "vertex_ai", "gemini") else key
    bare = bare.removeprefix("invoke/").lower()
    if bare.startswith("us-gov."):
        return None  # a price of its own, above that of the region
    name = names.find(provider, bare)
    if name == "":
        return None
    if name is None:
        name = _new_name(provider, bare)
        if not all_models and (theirs == "azure_ai" or not _is_default(provider, name, bare)):
            return None
    profile, _, after = bare.partition(".")
    region = _PROFILE_RANK.get(profile, 4) if provider == "bedrock" and after else 4
    dated = [int(digits) for digits in re.findall(r"20\d{6}", bare.replace("-", ""))]
    is_plain = without_version(bare) == bare
    rank = (
        preference,
        region,
        bare != name,
        not is_plain,
        not bare.endswith("latest"),
        -max(dated, default=0),
        key,
    )
    return provider, name, rank


def _new_name(provider: str, bare: str) -> str:
    """What a model that the sheet lacks is to be called: as short as the warehouse's rules make it."""
    if provider == "openrouter" or (provider == "bedrock" and bare.startswith("global.")):
        return bare
    candidates = list(name_candidates(bare))
    if re.match(r"deepseek\.v\d", candidates[4]):  # `v3` alone would not say whose
        return candidates[4]
    short = normalize_model(bare)
    return short if short in candidates else candidates[-1] or bare


def _is_default(provider: str, name: str, bare: str) -> bool:
    """True when a model that genai-prices does not know belongs in the default sheet."""
    maker = {"azure": "openai"}.get(provider, provider)
    asked = bare if provider in ("bedrock", "groq") else name
    asked = re.sub(r"^(?:us|eu|apac|jp|au|ca|in)\.", "regional.", asked)
    asked = re.sub(r"^(?=anthropic\.|amazon\.)", "regional.", asked)
    return not _RETIRED.search(bare) and (is_major(maker, asked) or is_major(provider, asked))


def _model_prices(provider: str, model: Mapping[str, Any]) -> dict[tuple[str, str, int], Decimal]:
    """{(meter, service tier, above_context_tokens): USD for one unit} of one key of the map."""
    found: dict[tuple[str, str, int], Decimal] = {}
    for tier, suffix in _TIER_SUFFIXES.items():
        if _usd(model, _TOKEN_KEYS["input"] + suffix) is not None or tier == "standard":
            found.update(_tier_prices(provider, model, tier))
    if not any(found.values()) or ("input", "standard", 0) not in found:
        return {}
    if model.get("mode") == "embedding":
        return {key: usd for key, usd in found.items() if key[0] != "output"}
    complete = {
        tier
        for meter, tier, above in found
        if (meter, above) == ("output", 0) and found["output", tier, 0] >= found["input", tier, 0]
    }
    return {
        (meter, tier, above): usd
        for (meter, tier, above), usd in found.items()
        if tier in complete and (meter, tier, 0) in found
    }


def _tier_prices(
    provider: str, model: Mapping[str, Any], tier: str
) -> Iterator[tuple[tuple[str, str, int], Decimal]]:
    """The prices of one tier. Flex and priority take what they do not state from the standard tier, as
    LiteLLM's own calculator does; a batch does not: its cached tokens then cost what its input costs."""
    suffix = _TIER_SUFFIXES[tier]
    falls_back = tier in ("flex", "priority")
    if isinstance(model.get("tiered_pricing"), list):
        if tier == "standard":
            yield from _ranged_prices(model["tiered_pricing"])
        return
    spans = {match.group(0) for key in model if (match := _THRESHOLD.search(key))}
    for meter, base in _TOKEN_KEYS.items():
        for span in ("", *sorted(spans)):
            usd = _usd(model, f"{base}{span}{suffix}")
            if usd is None and falls_back:
                usd = _usd(model, f"{base}{span}")
            is_as_text = meter in _PARTS and usd in (
                0,
                _usd(model, f"{_TOKEN_KEYS[_PARTS[meter]]}{span}{suffix}"),
            )
            if usd is not None and not is_as_text:
                yield (meter, tier, _threshold(span)), usd
    if (usd := _usd(model, "input_cost_per_request")) is not None:
        yield ("request", tier, 0), usd
    searches = model.get("search_context_cost_per_query")
    if isinstance(searches, dict) and provider in _SEARCHES:
        costs = {_decimal(cost) for cost in searches.values()}
        if len(costs) == 1 and (usd := costs.pop()):
            yield ("web_search", tier, 0), usd


def _ranged_prices(ranges: Iterable[Any]) -> Iterator[tuple[tuple[str, str, int], Decimal]]:
    """`tiered_pricing`: one range is chosen by the whole input, and it prices the whole request."""
    for one in ranges:
        span = one.get("range") if isinstance(one, dict) else None
        if not isinstance(span, list) or len(span) != 2:
            continue
        for meter, base in _TOKEN_KEYS.items():
            if (usd := _usd(one, base)) is not None:
                yield (meter, "standard", int(span[0])), usd


def _threshold(span: str) -> int:
    match = _THRESHOLD.search(span)
    if match is None:
        return 0
    return int(match.group(1)) * (1_000 if match.group(2) else 1)


def _usd(model: Mapping[str, Any], key: str) -> Decimal | None:
    return _decimal(model.get(key))


def _decimal(value: Any) -> Decimal | None:
    """A price rounded to 12 decimals; None for what is no price."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        return None
    try:
        usd = Decimal(value).quantize(SMALLEST)
    except InvalidOperation:
        return None
    return usd if usd >= 0 else None
