"""The price sheet and the tier defaults, as the providers of the demo company apply them.

Prices are read from the reference seeds. One USD is 10^12 units here: tokens times price is an exact integer.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REFERENCE_SEEDS = ROOT / "seeds" / "reference"
COMPANY_SEEDS = ROOT / "seeds" / "company"

UNITS_PER_USD = 10**12
METERS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
_STANDARD_TIERS = {"", "standard", "default"}


def usd(units: int) -> Decimal:
    """Integer price units as dollars, exact."""
    return Decimal(units).scaleb(-12)


def billed_line_usd(units: int) -> Decimal:
    """One line of a bill: the exact sum, rounded once to a millionth of a dollar."""
    return usd(units).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)


def read_seed(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of a seed file as text; FileNotFoundError when there is none."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True)
class _Period:
    meter: str
    starts: date
    ends: date
    units: int


class PriceBook:
    """Prices by provider, model, meter and day, and the current default model of each tier."""

    def __init__(self, reference: Path = REFERENCE_SEEDS) -> None:
        """Read `model_prices` and `model_tiers` below a folder of seeds."""
        self._periods: dict[tuple[str, str], list[_Period]] = {}
        for row in read_seed(reference, "model_prices"):
            is_base = row["above_context_tokens"] in {"", "0"} and row["service_tier"] in _STANDARD_TIERS
            if is_base and row["meter"] in METERS:
                key = row["provider"], row["model"]
                self._periods.setdefault(key, []).append(_read_period(row))
        self._defaults = {
            (row["provider"], row["tier"]): row["model"]
            for row in read_seed(reference, "model_tiers")
            if row["is_tier_default"].lower() == "true"
        }

    def tier_default(self, provider: str, tier: str) -> str:
        """The model a provider's users of a tier should be on; LookupError when the seed names none."""
        try:
            return self._defaults[provider, tier]
        except KeyError:
            raise LookupError(f"model_tiers has no default for {provider} {tier}") from None

    def units(self, provider: str, model: str, day: date) -> dict[str, int]:
        """Price units a token for each meter in force on a day; LookupError when input or output has none."""
        periods = self._periods.get((provider, model), [])
        prices = {p.meter: p.units for p in periods if p.starts <= day < p.ends}
        if "input" not in prices or "output" not in prices:
            raise LookupError(f"model_prices has no input or output price for {provider} {model} on {day}")
        return prices


def _read_period(row: Mapping[str, str]) -> _Period:
    units = Decimal(row["usd_per_unit"]) * UNITS_PER_USD
    if units != units.to_integral_value():
        raise ValueError(f"price of {row['provider']} {row['model']} has more than 12 decimals")
    starts = date.fromisoformat(row["effective_from"][:10]) if row["effective_from"] else date.min
    ends = date.fromisoformat(row["effective_until"][:10]) if row["effective_until"] else date.max
    return _Period(row["meter"], starts, ends, int(units))


def cost_units(tokens: Mapping[str, int], prices: Mapping[str, int]) -> int:
    """Exact cost of token counts by meter; LookupError when a used meter has no price."""
    total = 0
    for meter, count in tokens.items():
        if count:
            if meter not in prices:
                raise LookupError(f"no price for meter {meter}")
            total += count * prices[meter]
    return total
