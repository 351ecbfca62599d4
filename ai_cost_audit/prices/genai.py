"""The prices that the installed `genai-prices` package ships: dated, and therefore the preferred source.

What is left out, on purpose:

- The second price of a model that costs more or less at some hours of the day (DeepSeek). The price that
  holds for most hours is kept, and the report names the models: requests in the other hours are listed too
  high or too low.
- OpenRouter's `:free` models: the package lists them without a price, not at zero.
- Units that the contract has no meter for: cached audio, output images, video, characters, hours, pages.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version

from genai_prices.data import providers as package_providers
from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from ai_cost_audit.prices.names import is_major, normalize_model
from ai_cost_audit.prices.sheet import AT_OR_ABOVE, OPEN_START, SMALLEST, UNITS, Price, SeriesKey, Timeline

PROVIDER_NAMES = {
    "anthropic": "anthropic",
    "aws": "bedrock",
    "azure": "azure",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "google": "google",
    "groq": "groq",
    "mistral": "mistral",
    "openai": "openai",
    "openrouter": "openrouter",
    "x-ai": "xai",
}
"""Providers of the default sheet: id in the package -> canonical name."""

_METERS: dict[str, tuple[str, ...]] = {
    # meter: price keys of the package, best first
    "input": ("input_mtok",),
    "cache_read": ("cache_read_mtok",),
    "cache_write_5m": ("cache_write_5m_mtok", "cache_write_mtok"),
    "cache_write_30m": ("cache_write_30m_mtok",),
    "cache_write_1h": ("cache_write_1h_mtok",),
    "cache_write_12h": ("cache_write_12h_mtok",),
    "output": ("output_mtok",),
    "input_audio": ("input_audio_mtok",),
    "output_audio": ("output_audio_mtok",),
    "input_image": ("input_image_mtok",),
    "request": ("requests_kcount",),
    "web_search": ("web_searches_kcount",),
}
_UNITS_PER_PRICE = {"token": 1_000_000, "request": 1_000, "search": 1_000}

_TIER_CONTEXTS: dict[str, dict[str, str]] = {
    # service tier: what the package calls it in a variant's `when`
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast", "speed": "fast"},
}

_CHECKED_ON = re.compile(r"(?:checked|verified)(?: on)? (\d{4}-\d{2}-\d{2})")


def package_version() -> str:
    """The installed version."""
    return version("genai-prices")


def package_retrieved_on() -> date:
    """The newest day on which the package's authors say they checked a price: never today's clock."""
    comments = (
        text or ""
        for provider in package_providers
        for text in (provider.price_comments, *(model.price_comments for model in provider.models))
    )
    days = [date.fromisoformat(day) for text in comments for day in _CHECKED_ON.findall(text)]
    if not days:
        raise ValueError("genai-prices does not say when its prices were checked: pass retrieved_on")
    return max(days)


def timelines(
    all_models: bool, as_of: date, time_of_day_models: list[str]
) -> Iterator[tuple[SeriesKey, Timeline]]:
    """Every price series that the package states. Adds to `time_of_day_models` as it goes."""
    seen: set[tuple[str, str]] = set()
    for provider, listing, model in listed_models(all_models):
        name = PROVIDER_NAMES.get(provider.id, provider.id)
        model_name = sheet_name(listing, model)
        if (name, model_name) in seen:
            raise ValueError(f"two models of the package are named {name} {model_name}")
        seen.add((name, model_name))
        dated, had_time_of_day = _without_time_of_day(model)
        if had_time_of_day:
            time_of_day_models.append(f"{name} {model_name}")
        own = listing.id == provider.id
        source = f"genai-prices {package_version()}" + ("" if own else f" ({listing.id} list price)")
        tiers = ("standard", *_TIER_CONTEXTS) if own else ("standard",)
        for tier in tiers:
            for meter, above, timeline in _model_timelines(dated, tier, source, as_of.isoformat()):
                # The package writes "from 200,000 on" as above 199,999; the sheet has the provider's figure.
                start = above + 1 if above and name in AT_OR_ABOVE else above
                yield (name, model_name, meter, tier, start), timeline


def listed_models(all_models: bool) -> Iterator[tuple[Provider, Provider, ModelInfo]]:
    """(provider, the provider whose list holds the price, model).

    Azure sells OpenAI's and Anthropic's models and Google sells Anthropic's at the maker's list price, so a
    model that their own lists lack is taken from the maker's, as the package itself does (standard tier
    only).
    """
    by_id = {provider.id: provider for provider in package_providers}
    for provider in package_providers:
        name = PROVIDER_NAMES.get(provider.id)
        if not all_models and name is None:
            continue
        own = [model for model in provider.models if all_models or (name and is_major(name, model.id))]
        yield from ((provider, provider, model) for model in own if _has_meter(model))
        if provider.id not in ("azure", "google"):
            continue
        for maker_id in provider.fallback_model_providers or ():
            maker = by_id[maker_id]
            for model in maker.models:
                is_wanted = maker_id in ("openai", "anthropic") and is_major(maker_id, model.id)
                if is_wanted and provider.find_model(model.id) is None:
                    yield provider, maker, model


def _has_meter(model: ModelInfo) -> bool:
    """False for a model that is priced only in units without a meter (seconds of audio, characters)."""
    alternatives = (
        [model.prices] if isinstance(model.prices, ModelPrice) else [p.prices for p in model.prices]
    )
    keys = {key for names in _METERS.values() for key in names}
    return any(price.__dict__.get(key) is not None for price in alternatives for key in keys)


def sheet_name(listing: Provider, model: ModelInfo) -> str:
    """The model's name in the sheet: the package's id, made findable by the warehouse's name rules.

    Bedrock prices a model twice: `global.` profiles keep their full id (an exact match), everything in a
    region goes by the bare name that stripping `us.anthropic.` and the version leaves. Elsewhere only an id
    that the stripping would change into a name no other model has is shortened (`claude-3-opus-latest`).
    """
    if listing.id == "aws":
        return model.id if model.id.startswith("global.") else normalize_model(model.id)
    short = normalize_model(model.id)
    is_unique = all(other.id != short for other in listing.models)
    is_shortened = listing.id in ("anthropic", "azure", "groq") and is_unique
    return short if is_shortened else model.id.lower()


def _without_time_of_day(model: ModelInfo) -> tuple[ModelInfo, bool]:
    if isinstance(model.prices, ModelPrice):
        return model, False
    kept = [price for price in model.prices if not isinstance(price.constraint, TimeOfDateConstraint)]
    timed = [price for price in model.prices if isinstance(price.constraint, TimeOfDateConstraint)]
    if not timed:
        return model, False
    if sum(_hours(price.constraint) for price in timed) > 12:  # the price without hours is the exception
        kept = [*kept, ConditionalPrice(constraint=None, prices=timed[0].prices)]
    return dataclasses.replace(model, prices=kept), True


def _hours(constraint: object) -> float:
    """Hours of the day in which a time-of-day price holds; a window may run over midnight."""
    assert isinstance(constraint, TimeOfDateConstraint)
    start, end = constraint.start_time, constraint.end_time
    hours = end.hour + end.minute / 60 - start.hour - start.minute / 60
    return hours if hours > 0 else hours + 24


def _model_timelines(
    model: ModelInfo, tier: str, source: str, retrieved_on: str
) -> Iterator[tuple[str, int, Timeline]]:
    """(meter, above_context_tokens, timeline) of a model in a service tier, rounded to 12 decimals."""
    starts = sorted({OPEN_START, *_start_dates(model)})
    prices = {start: _tier_prices(model, tier, start) for start in starts}
    series = sorted({key for by_meter in prices.values() for key in by_meter})
    for meter, above in series:
        unit = UNITS.get(meter, "token")
        timeline: Timeline = []
        for start in starts:
            stated = prices[start].get((meter, above))
            usd = None if stated is None else (stated / _UNITS_PER_PRICE[unit]).quantize(SMALLEST)
            timeline.append((start, None if usd is None else Price(usd, unit, source, retrieved_on)))
        yield meter, above, timeline


def _start_dates(model: ModelInfo) -> Iterator[date]:
    conditions: list[ConditionalPrice | PriceVariant] = list(model.price_variants or ())
    if not isinstance(model.prices, ModelPrice):
        conditions += model.prices
    for condition in conditions:
        if isinstance(condition.constraint, StartDateConstraint):
            yield condition.constraint.start_date


def _tier_prices(model: ModelInfo, tier: str, day: date) -> dict[tuple[str, int], Decimal]:
    """{(meter, above_context_tokens): price in the package's unit} on a day; empty without such a tier."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    context = _TIER_CONTEXTS.get(tier, {})
    if context and not any(_applies(variant, context, noon) for variant in model.price_variants or ()):
        return {}
    price = model.get_prices(noon, context)
    found: dict[tuple[str, int], Decimal] = {}
    for meter, keys in _METERS.items():
        value = next((price.__dict__[key] for key in keys if price.__dict__.get(key) is not None), None)
        if isinstance(value, TieredPrices):
            found[meter, 0] = value.base
            found.update({(meter, step.start): step.price for step in value.tiers})
        elif value is not None:
            found[meter, 0] = value
    return found


def _applies(variant: PriceVariant, context: Mapping[str, str], moment: datetime) -> bool:
    is_asked = all(context.get(key) == value for key, value in variant.when.items())
    return is_asked and (variant.constraint is None or variant.constraint.active(moment))
