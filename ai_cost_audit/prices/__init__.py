"""The list price sheet `seeds/reference/model_prices.csv`: what it holds, and how it is rebuilt.

Two sources, no network: the installed `genai-prices` package, which dates its prices, and LiteLLM's price map,
which fills what the first does not state. Every row states USD per ONE unit (a token, a request, a search) as a
plain decimal, the half-open period in which it applies, and its source.

The sheet is a history. A price that a source now states differently ends the old row and opens a new one; rows
that a source no longer holds stay. A second refresh from the same sources changes no byte.
"""

from __future__ import annotations

from ai_cost_audit.prices.genai import PROVIDER_NAMES, package_retrieved_on
from ai_cost_audit.prices.litellm_map import LitellmMap, read_map
from ai_cost_audit.prices.merge import fill, merge
from ai_cost_audit.prices.names import name_candidates, normalize_model
from ai_cost_audit.prices.rebuild import (
    Disagreement,
    RefreshReport,
    compare,
    disagreements,
    disagreements_page,
    refresh,
)
from ai_cost_audit.prices.sheet import (
    COLUMNS,
    OPEN_START,
    Price,
    PriceRow,
    SeriesKey,
    Timeline,
    plain_decimal,
    read_sheet,
    sheet_text,
)

__all__ = [
    "COLUMNS",
    "OPEN_START",
    "PROVIDER_NAMES",
    "Disagreement",
    "LitellmMap",
    "Price",
    "PriceRow",
    "RefreshReport",
    "SeriesKey",
    "Timeline",
    "compare",
    "disagreements",
    "disagreements_page",
    "fill",
    "merge",
    "name_candidates",
    "normalize_model",
    "package_retrieved_on",
    "plain_decimal",
    "read_map",
    "read_sheet",
    "refresh",
    "sheet_text",
]
