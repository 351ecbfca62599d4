"""Prints what `parity` compared, and writes it as `docs/parity.md`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ai_cost_audit.parity import Compared, Parity
from ai_cost_audit.settings import PROJECT

if TYPE_CHECKING:
    from rich.console import Console

PAGE = PROJECT / "docs" / "parity.md"

INTRO = {
    "litellm": (
        "LiteLLM's own cost",
        "LiteLLM 1.106.2 ran over mocked HTTP: each provider's answer went through its own reading of usage and "
        "its own pricing, and it wrote the payloads that its S3 logger writes. The ledger's cost of each request is "
        "compared with the `response_cost` in the payload.",
    ),
    "genai-prices": (
        "The genai-prices package",
        "The same requests, priced by `genai_prices.calc_price` from what the provider's answer counted, the model, "
        "the provider, the tier and the time.",
    ),
    "tokens": (
        "Tokens of real clients",
        "What the ledger counts of each call against what the provider's answer said: uncached input, cache reads, "
        "cache writes of each lifetime, output; for OpenTelemetry the model too. The spans are OpenLLMetry's 0.62.4 "
        "(OpenAI and Anthropic SDKs) and those that Anthropic's SDK writes by itself: a call that both report "
        "counts once.",
    ),
    "usage records": (
        "Real usage objects",
        "The 789 records of `genai-usage-records` (recorded from real APIs), each landed as the response in a "
        "Portkey log, so that our rules for the shape of a usage object read it. Compared with the library's "
        "counters, made disjoint: input, cache reads and writes, output, audio, images, searches. Where the library "
        "gives several readings of a record, one of them must be ours.",
    ),
}
"""Comparison: its title and what it does, in the order of the page."""

GROUPS = {"litellm": "provider", "genai-prices": "provider", "tokens": "client", "usage records": "shape"}

TOP = """# Parity

What others make of the same requests. Written by `ai-cost parity --write`, printed by `ai-cost parity`; a test
asserts that this page is what the command writes, that a difference which is not listed below fails, and that a
listed one which is gone fails too. Equal means within a billionth of a dollar, and for counts the same number.

The clients run in an environment of their own (`make clients`, `tests/clients`), without a network. The list of
differences is `tests/clients/known_differences.csv`.
"""

AIDER_TOP = """## A real usage log

The 4,446 calls of `aider-usage-log` (August 2024 to March 2025, see [real data](real-data.md)), each priced as of
its own day, against the dollars that aider reported then.
"""


@dataclass(frozen=True)
class Table:
    """A table: its header, which columns are numbers, and its rows."""

    header: list[str]
    is_number: list[bool]
    rows: list[list[str]]


def summary(found: Parity, comparison: str) -> Table:
    """Requests of one comparison by group: how many are equal, and how many differ for a listed reason."""
    groups: dict[str, list[Compared]] = {}
    for one in found.compared:
        if one.comparison == comparison:
            groups.setdefault(one.group, []).append(one)
    rows = [_group_row(found, name, ones) for name, ones in sorted(groups.items())]
    rows.append(_group_row(found, "all", [one for ones in groups.values() for one in ones]))
    header = [GROUPS[comparison], "requests", "models", "equal", "listed differences", "not listed"]
    return Table(header, [False, True, True, True, True, True], rows)


def _group_row(found: Parity, name: str, ones: list[Compared]) -> list[str]:
    unlisted = {id(one) for one in found.unlisted()}
    equal = sum(one.is_equal for one in ones)
    open_ones = sum(id(one) in unlisted for one in ones)
    numbers = (len(ones), len({one.model for one in ones}), equal, len(ones) - equal - open_ones, open_ones)
    return [name, *(f"{number:,}" for number in numbers)]


def differences(found: Parity, comparison: str) -> Table:
    """The differences of one comparison, each with its reason."""
    rows = []
    for one in found.compared:
        if one.comparison == comparison and not one.is_equal:
            known = found.reason(one)
            whose, reason = (known.whose, known.reason) if known else ("?", "not listed")
            rows.append([one.model, one.case, one.ours, one.theirs, whose, reason])
    return Table(["model", "case", "ledger", "other", "whose", "why"], [False] * 6, rows)


def aider(found: Parity) -> Table:
    """The usage log by class."""
    rows = [
        [
            one.name,
            f"{one.calls:,}",
            "unknown" if one.ledger_usd is None else f"{one.ledger_usd:.4f}",
            f"{one.reported_usd:.4f}",
            one.why,
        ]
        for one in found.aider
    ]
    calls = sum(one.calls for one in found.aider)
    reported = sum((one.reported_usd for one in found.aider), Decimal(0))
    known = sum((one.ledger_usd for one in found.aider if one.ledger_usd is not None), Decimal(0))
    rows.append(["all", f"{calls:,}", f"{known:.4f} and the unknown", f"{reported:.4f}", ""])
    return Table(
        ["class", "calls", "ledger USD", "reported USD", "why"], [False, True, True, True, False], rows
    )


def markdown(found: Parity) -> str:
    """The page `docs/parity.md`."""
    return "\n".join(_page(found))


def _page(found: Parity) -> Iterator[str]:
    yield TOP
    for comparison, (title, what) in INTRO.items():
        yield f"## {title}\n\n{_wrapped(what)}\n"
        yield _markdown_table(summary(found, comparison))
        listed = differences(found, comparison)
        if listed.rows:
            yield _markdown_table(listed)
    yield AIDER_TOP
    yield _markdown_table(aider(found))


def _wrapped(text: str, width: int = 115) -> str:
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def _markdown_table(table: Table) -> str:
    lines = [table.header, ["---:" if number else "---" for number in table.is_number], *table.rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines) + "\n"


def render(found: Parity, console: Console) -> None:
    """Print every table, then what is open."""
    for comparison, (title, _) in INTRO.items():
        if any(one.comparison == comparison for one in found.compared):
            _print(console, title, summary(found, comparison))
        if (listed := differences(found, comparison)).rows:
            _print(console, f"{title}: differences", listed)
    if found.aider:
        _print(console, "A real usage log (aider)", aider(found))
    for one in found.unlisted():
        console.print(
            f"Not listed: {one.comparison}, {one.model}, {one.case}: {one.ours} here, {one.theirs} there"
        )
    for known in found.gone():
        console.print(f"Listed, but gone: {known.comparison}, {known.model}, {known.case}")


def _print(console: Console, title: str, table: Table) -> None:
    from rich.table import Table as RichTable  # noqa: PLC0415

    shown = RichTable(title=title, title_justify="left", box=None, pad_edge=False)
    for name, is_number in zip(table.header, table.is_number, strict=True):
        shown.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in table.rows:
        shown.add_row(*row)
    console.print(shown)
    console.print()
