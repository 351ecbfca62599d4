"""A real usage log, call by call: does the ledger cost what the client reported then, and if not, why?"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

EQUAL_USD = Decimal("1e-9")


@dataclass(frozen=True)
class AiderClass:
    """Calls of the usage log that differ, or agree, for one reason. USD are sums."""

    name: str
    why: str
    calls: int
    ledger_usd: Decimal | None
    reported_usd: Decimal


CALLS = """
    with

    calls as (

        select
            *,
            coalesce(uncached_input_tokens, 0) as tokens_in,
            coalesce(output_tokens, 0) as tokens_out,
            requested_model ilike '%redacted%' or requested_model = 'None' as is_nameless
        from marts.fct_attempts
        where feature_name = 'aider'

    ),

    with_prices as (

        select
            calls.*,
            prices.cache_write_5m_usd as write_rate,
            exists (
                select 1 from ledger.int_prices__in_force as later
                where
                    later.provider = prices.provider
                    and later.model = prices.model
                    and later.service_tier = prices.service_tier
                    and later.effective_from >= prices.effective_until
                    and (later.input_usd, later.output_usd) != (prices.input_usd, prices.output_usd)
            ) as has_changed_since
        from calls
        left join ledger.int_prices__in_force as prices
            on calls.price_id = prices.price_id and prices.above_context_tokens <= 0

    )

    select
        requested_model,
        provider,
        model_resolution,
        pricing_status,
        is_nameless,
        tokens_in,
        tokens_out,
        attempt_cost_usd as ledger_usd,
        reported_cost_usd as reported_usd,
        usd_per_uncached_token as input_rate,
        usd_per_cache_read_token as read_rate,
        write_rate,
        usd_per_output_token as output_rate,
        coalesce(has_changed_since, false) as has_changed_since
    from with_prices
    order by _source_row
"""

OTHER_PRICES = {
    # part of the model's name: USD per million tokens in and out; the longer names first
    "gemini-1.5-pro-latest": ("3.5", "1.05"),
    "gemini-1.5-pro": ("3.5", "10.5"),
    "codestral": ("1", "3"),
}
"""List prices that LiteLLM, and so aider, had at the time, where ours is another."""

HITS_COUNTED_TWICE = Decimal("0.1")
"""aider's price of a cache hit, in parts of the input price, which it adds to the full price of the same tokens."""

WHY = {
    "equal, exact name": "the model's name is that of the price sheet",
    "equal, alias": "snapshot dates, prefixes and aliases lead to the right price",
    "equal, price cut since": "priced as of its own day; today's price is another",
    "another price": "LiteLLM, which aider asked, had another list price then: "
    + ", ".join(f"`{name}` at {usd_in} and {usd_out}" for name, (usd_in, usd_out) in OTHER_PRICES.items())
    + " USD per million tokens",
    "cache read": "reported lower by a whole number of tokens at the discount of a cache read, "
    "of which the log has no count",
    "cache write": "reported higher by a whole number of tokens at the surcharge of a cache write",
    "cache read and write": "both, in whole numbers of tokens",
    "cache hits counted twice": "reported higher by a tenth of the input price for a whole number of tokens: "
    "aider adds cache hits to a count that already holds them",
    "free tier": "reported zero; the ledger states the list price",
    "own machine": "Ollama, LM Studio: a machine has a cost, which nobody states",
    "no token": "nothing was used",
    "no price, redacted": "the publisher of the log took the name away, or the log has none",
    "no price": "no sheet has a price under that name",
    "unexplained": "",
}
"""The classes in the order of the table, each with its reason."""


def rows(sql: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """The rows of a query, each by the names of its columns."""
    found = sql.execute(query)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def classes(sql: duckdb.DuckDBPyConnection) -> list[AiderClass]:
    """Every call of the log, by class; a class without a call is left out."""
    calls: dict[str, list[dict[str, Any]]] = {name: [] for name in WHY}
    for call in rows(sql, CALLS):
        calls[class_of(call)].append(call)
    return [
        AiderClass(
            name,
            WHY[name],
            len(found),
            None
            if any(call["ledger_usd"] is None for call in found)
            else sum((call["ledger_usd"] for call in found), Decimal(0)),
            sum((call["reported_usd"] or Decimal(0) for call in found), Decimal(0)),
        )
        for name, found in calls.items()
        if found
    ]


def class_of(call: dict[str, Any]) -> str:
    """The class of one call; the first that fits."""
    if not call["tokens_in"] and not call["tokens_out"]:
        return "no token"
    if call["provider"] == "self_hosted":
        return "own machine"
    if call["pricing_status"] != "priced":
        return "no price, redacted" if call["is_nameless"] else "no price"
    ledger, reported = call["ledger_usd"], call["reported_usd"]
    if abs(ledger - reported) <= EQUAL_USD:
        if call["has_changed_since"]:
            return "equal, price cut since"
        return "equal, exact name" if call["model_resolution"] == "exact" else "equal, alias"
    if reported == 0:
        return "free tier"
    if _has_other_price(call):
        return "another price"
    more, most, rate = reported - ledger, call["tokens_in"], call["input_rate"]
    discount, surcharge = rate - (call["read_rate"] or rate), (call["write_rate"] or rate) - rate
    if _is_whole(-more, discount, most):
        return "cache read"
    if _is_whole(more, surcharge, most):
        return "cache write"
    if _is_both(more, surcharge, discount, most):
        return "cache read and write"
    is_twice = not discount and _is_whole(more, rate * HITS_COUNTED_TWICE, most)
    return "cache hits counted twice" if is_twice else "unexplained"


def _has_other_price(call: dict[str, Any]) -> bool:
    for name, (usd_in, usd_out) in OTHER_PRICES.items():
        if name in call["requested_model"]:
            usd = (call["tokens_in"] * Decimal(usd_in) + call["tokens_out"] * Decimal(usd_out)) / 1_000_000
            return bool(abs(usd - call["reported_usd"]) <= EQUAL_USD)
    return False


def _is_both(difference: Decimal, surcharge: Decimal, discount: Decimal, most: int) -> bool:
    """Whether some tokens written to a cache and some read from it, `most` together, come to the difference."""
    if surcharge <= 0 or discount <= 0:
        return False
    return any(_is_whole(difference + reads * discount, surcharge, most - reads) for reads in range(1, most))


def _is_whole(difference: Decimal, step: Decimal, most: int) -> bool:
    """Whether the difference is a whole number of tokens, at most `most`, at `step` USD each."""
    if step <= 0:
        return False
    tokens = difference / step
    return bool(abs(tokens - round(tokens)) * step <= EQUAL_USD and 0 < round(tokens) <= most)
