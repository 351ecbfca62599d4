"""Put one known difference between ledger and invoice into the demo company's files, for each class of residual.

Each fault is one provider's, and says by month how many dollars the invoice then exceeds the ledger (or falls short of
it). Amounts come from the files and the price sheet alone, never from the models that are to find them.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Any

from ai_cost_audit.demo.bills import write_csv_gz
from ai_cost_audit.demo.company import ROUTES, Route
from ai_cost_audit.demo.prices import REFERENCE_SEEDS, PriceBook, billed_line_usd, read_seed, usd

Record = dict[str, Any]
ByMonth = dict[date, Decimal]
CENT = Decimal("0.01")

# What our treasury says a euro is worth from a day on, and what the provider takes for a dollar. Whoever builds the
# company with the fault adds the rates to the seed fx_rates.
EURO_RATES = (
    ("EUR", date(2020, 1, 1), Decimal("1.08")),
    ("EUR", date(2026, 10, 16), Decimal("1.12")),
)
EUROS_FOR_A_DOLLAR = Decimal("0.91")


@dataclass(frozen=True)
class Fault:
    """A difference to inject: `inject(landing)` edits the files and returns the dollars by month.

    `commitment` is the row of the seed commitments that the company then has, '' for none.
    """

    name: str
    residual_class: str
    provider: str
    story: str
    inject: Callable[[Path], ByMonth]
    commitment: str = ""


# ---- traces


@dataclass(frozen=True)
class Call:
    """One traced attempt, as either gateway writes it."""

    gateway: str
    record: Record

    @property
    def _is_litellm(self) -> bool:
        return self.gateway == "litellm"

    @property
    def at(self) -> datetime:
        """When it started, UTC."""
        if self._is_litellm:
            return datetime.fromtimestamp(self.record["startTime"], UTC)
        return datetime.fromisoformat(self.record["timestamp"])

    @property
    def provider(self) -> str:
        """The provider under the price sheet's name."""
        name: str = self.record["custom_llm_provider" if self._is_litellm else "provider"]
        return "google" if name == "gemini" else name

    @property
    def route_id(self) -> str:
        """Feature and workflow."""
        names = self.record["metadata"]["spend_logs_metadata"] if self._is_litellm else self.record
        return f"{names['feature_name']}/{names['workflow_name']}"

    @property
    def key_hash(self) -> str | None:
        """The hash of the gateway key it was called with."""
        found: str | None = (
            self.record["metadata"]["user_api_key_hash"]
            if self._is_litellm
            else self.record.get("api_key_hash")
        )
        return found

    @property
    def is_hidden_when_dropped(self) -> bool:
        """Whether it is a billed retry, of which the final row also tells."""
        return self._is_litellm and bool(self.record["metadata"]["billed_retry_attempt"])

    @property
    def tokens(self) -> dict[str, int]:
        """Tokens by meter of the price sheet."""
        if self._is_litellm:
            usage = self.record["metadata"]["usage_object"]
            details = usage["prompt_tokens_details"]
            written = details["cache_creation_token_details"]
            read, output = details["cached_tokens"], usage["completion_tokens"]
            five, hour = written["ephemeral_5m_input_tokens"], written["ephemeral_1h_input_tokens"]
            whole = usage["prompt_tokens"]
        else:
            record = self.record
            read, output, whole = record["cached_tokens"], record["output_tokens"], record["input_tokens"]
            five, hour = record["cache_write_tokens"], record["cache_write_1h_tokens"]
        plain = whole - read - five - hour
        return {
            "input": plain,
            "cache_read": read,
            "cache_write_5m": five,
            "cache_write_1h": hour,
            "output": output,
        }

    @property
    def event(self) -> tuple[str, str, datetime]:
        """What makes it one event: logged again with the same, it is the same attempt."""
        number = "" if self._is_litellm else str(self.record["attempt"])
        return self.record["id" if self._is_litellm else "request_id"], number, self.at

    def moved(self, by: timedelta) -> Call:
        """The same call at another time."""
        copy = dict(self.record)
        if self._is_litellm:
            for column in ("startTime", "endTime", "completionStartTime"):
                copy[column] = copy[column] + by.total_seconds()
        else:
            copy["timestamp"] = (self.at + by).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        return Call(self.gateway, copy)

    def without_cache_reads(self) -> Call:
        """The same call by a gateway that logs cached tokens as plain ones."""
        copy: Record = json.loads(json.dumps(self.record))
        if self._is_litellm:
            copy["metadata"]["usage_object"]["prompt_tokens_details"]["cached_tokens"] = 0
        else:
            copy["cached_tokens"] = 0
        return Call(self.gateway, copy)

    def without_lifetime(self) -> Call:
        """The same call by a generic gateway that logs hour-long cache writes as ordinary ones."""
        written = self.record["cache_write_tokens"] + self.record["cache_write_1h_tokens"]
        return Call(self.gateway, {**self.record, "cache_write_tokens": written, "cache_write_1h_tokens": 0})

    def renamed(self, model: str) -> Call:
        """The same call of another model."""
        return Call(self.gateway, {**self.record, "model": model})

    def of_tier(self, service_tier: str) -> Call:
        """The same call, served in another tier."""
        if not self._is_litellm:
            return Call(self.gateway, {**self.record, "service_tier": service_tier})
        copy: Record = json.loads(json.dumps(self.record))
        copy["metadata"]["usage_object"]["service_tier"] = service_tier
        return Call(self.gateway, copy)


class _Prices:
    """What calls cost, and prices of tiers, from the sheet."""

    def __init__(self) -> None:
        self._book = PriceBook()
        self._tiers = {
            (row["provider"], row["model"], row["meter"], row["service_tier"]): Decimal(row["usd_per_unit"])
            for row in read_seed(REFERENCE_SEEDS, "model_prices")
            if row["above_context_tokens"] in {"", "0"}
        }

    def cost(self, call: Call) -> Decimal:
        """USD of one call at the prices of its day."""
        units = self._book.units(call.provider, call.record["model"], call.at.date())
        return usd(sum(count * units[meter] for meter, count in call.tokens.items() if count))

    def of_tier(self, provider: str, model: str, meter: str, tier: str) -> Decimal:
        """USD a token, the newest row of the tier."""
        return self._tiers[provider, model, meter, tier]


def _edit_traces(landing: Path, change: Callable[[Call], Iterable[Call]]) -> None:
    """Replace each traced call by what `change` makes of it; files that stay the same are not written."""
    for gateway in ("generic", "litellm"):
        for path in sorted((landing / "gateway_traces" / gateway).glob("*.jsonl.gz")):
            with gzip.open(path, "rt", encoding="utf-8") as file:
                calls = [Call(gateway, json.loads(line)) for line in file]
            new = [changed for call in calls for changed in change(call)]
            if new != calls:
                text = "".join(json.dumps(call.record, separators=(",", ":")) + "\n" for call in new)
                path.write_bytes(gzip.compress(text.encode(), mtime=0))


class _Tally:
    """Dollars by month, each event counted once however often a gateway logs it."""

    def __init__(self) -> None:
        self.by_month: ByMonth = defaultdict(Decimal)
        self._seen: set[tuple[str, str, datetime]] = set()

    def add(self, call: Call, amounts: ByMonth) -> None:
        """Add what one call comes to, unless it was added before."""
        if call.event not in self._seen:
            self._seen.add(call.event)
            for month, amount in amounts.items():
                self.by_month[month] += amount


def _month(day: date | datetime) -> date:
    return date(day.year, day.month, 1)


def _route(route_id: str) -> Route:
    return next(route for route in ROUTES if route.route_id == route_id)


# ---- bills and usage exports


def _pages(landing: Path, entity: str, provider: str) -> Iterator[tuple[Path, Record]]:
    for path in sorted((landing / entity / provider).rglob("*.json")):
        yield path, json.loads(path.read_text())


def _bucket_day(bucket: Record) -> date:
    if "start_time" in bucket:
        return datetime.fromtimestamp(bucket["start_time"], UTC).date()
    return date.fromisoformat(bucket["starting_at"][:10])


def _edit_results(
    landing: Path, entity: str, provider: str, change: Callable[[date, Record], Iterable[Record]]
) -> None:
    """Replace each row of a provider's pages by what `change` makes of it."""
    for path, page in _pages(landing, entity, provider):
        for bucket in page["data"]:
            day = _bucket_day(bucket)
            bucket["results"] = [new for row in bucket["results"] for new in change(day, row)]
        path.write_text(json.dumps(page, separators=(",", ":")))


def _edit_invoice(landing: Path, change: Callable[[Record], Record]) -> None:
    """Replace each line of the generic invoices."""
    for path in sorted((landing / "provider_costs" / "generic_invoice").rglob("*.csv")):
        with path.open(newline="") as file:
            reader = csv.DictReader(file)
            rows = [change(dict(row)) for row in reader]
            columns: Sequence[str] = reader.fieldnames or []
        _write_invoice(path, list(dict.fromkeys([*columns, *(key for row in rows for key in row)])), rows)


def _write_invoice(path: Path, columns: Sequence[str], rows: Iterable[Record]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(rows)


def _anthropic_lines(landing: Path, price: Callable[[date, Record], Decimal]) -> ByMonth:
    """Give each cost row of Anthropic its dollars again; the difference by month."""
    changed: ByMonth = defaultdict(Decimal)

    def change(day: date, row: Record) -> list[Record]:
        before = Decimal(row["amount"]) / 100
        after = price(day, row)
        changed[_month(day)] += after - before
        return [{**row, "amount": f"{after * 100:f}"}]

    _edit_results(landing, "provider_costs", "anthropic", change)
    return dict(changed)


def _google_lines(landing: Path, price: Callable[[Record], Decimal]) -> ByMonth:
    """The same for the lines of Google's invoice."""
    changed: ByMonth = defaultdict(Decimal)

    def change(row: Record) -> Record:
        after = price(row)
        changed[date.fromisoformat(row["billing_period_start"])] += after - Decimal(row["amount"])
        return {**row, "amount": after}

    _edit_invoice(landing, change)
    return dict(changed)


def _add_line(landing: Path, provider: str, line_type: str, amount: Decimal, description: str) -> ByMonth:
    """One more line for a provider in the last month, on an invoice of its own."""
    day = _last_month(landing) + timedelta(days=19)
    row = {
        "provider": provider,
        "account_id": "invoice-demo",
        "invoice_id": f"INV-{line_type}-{provider}",
        "billing_period_start": _month(day).isoformat(),
        "charge_start_at": f"{day}T00:00:00Z",
        "charge_end_at": f"{day + timedelta(days=1)}T00:00:00Z",
        "line_type": line_type,
        "amount": amount,
        "currency": "USD",
        "description": description,
    }
    path = landing / "provider_costs" / "generic_invoice" / "invoice-demo" / f"{line_type}_{provider}.csv"
    _write_invoice(path, list(row), [row])
    return {_month(day): amount}


def _last_month(landing: Path) -> date:
    names = sorted(path.name[:7] for path in (landing / "gateway_traces" / "generic").glob("*.jsonl.gz"))
    return date.fromisoformat(names[-1] + "-01")


# ---- the faults


def _drop_key(landing: Path) -> ByMonth:
    prices, lost = _Prices(), _Tally()
    month, key = _last_month(landing), _route("contract_review/review_clauses").api_key_hash

    def change(call: Call) -> list[Call]:
        if call.key_hash != key or _month(call.at) != month:
            return [call]
        lost.add(call, {month: prices.cost(call)})
        return []

    _edit_traces(landing, change)
    return lost.by_month


def _lose_hours(landing: Path) -> ByMonth:
    prices, lost = _Prices(), _Tally()
    first = _last_month(landing) + timedelta(days=13)
    start = datetime(first.year, first.month, first.day, 13, tzinfo=UTC)

    def change(call: Call) -> list[Call]:
        if call.provider != "anthropic" or not start <= call.at < start + timedelta(hours=4):
            return [call]
        lost.add(call, {_month(first): prices.cost(call)})
        return []

    _edit_traces(landing, change)
    return lost.by_month


def _add_unknown_key(landing: Path) -> ByMonth:
    book, added = PriceBook(), defaultdict[date, Decimal](Decimal)
    model, month = book.tier_default("openai", "mid"), _last_month(landing)
    tokens = {"input": 740_000, "cache_read": 204_800, "output": 90_000}
    words = {"input": "input", "cache_read": "cached input", "output": "output"}
    for path, page in [
        *_pages(landing, "provider_usage", "openai"),
        *_pages(landing, "provider_costs", "openai"),
    ]:
        for bucket in page["data"]:
            day = _bucket_day(bucket)
            if _month(day) != month:
                continue
            if "provider_usage" in str(path.relative_to(landing)):
                bucket["results"].append(
                    {
                        "object": "organization.usage.completions.result",
                        "input_tokens": tokens["input"] + tokens["cache_read"],
                        "input_cached_tokens": tokens["cache_read"],
                        "output_tokens": tokens["output"],
                        "num_model_requests": 100,
                        "project_id": "proj_nobody_knows",
                        "model": model,
                        "batch": False,
                        "service_tier": "default",
                    }
                )
                continue
            for meter, count in tokens.items():
                amount = billed_line_usd(count * book.units("openai", model, day)[meter])
                added[month] += amount
                bucket["results"].append(
                    {
                        "object": "organization.costs.result",
                        "amount": {"value": float(amount), "currency": "usd"},
                        "line_item": f"{model}, {words[meter]}",
                        "project_id": "proj_nobody_knows",
                        "quantity": count,
                        "quantity_unit": "tokens",
                    }
                )
        path.write_text(json.dumps(page, separators=(",", ":")))
    return dict(added)


def _lose_a_route(landing: Path) -> ByMonth:
    prices, lost = _Prices(), _Tally()

    def change(call: Call) -> list[Call]:
        if call.route_id != "paper_digest/analyse_paper":
            return [call]
        lost.add(call, {_month(call.at): prices.cost(call)})
        return []

    _edit_traces(landing, change)
    return lost.by_month


def _log_twice(landing: Path) -> ByMonth:
    prices, doubled = _Prices(), _Tally()

    def change(call: Call) -> list[Call]:
        again = call.moved(timedelta(minutes=7))
        is_doubled = (
            call.route_id == "onboarding_guide/guided_chat"
            and sum(call.tokens.values()) > 0
            and again.at.date() == call.at.date()
        )
        if not is_doubled:
            return [call]
        doubled.add(call, {_month(call.at): -prices.cost(call)})
        return [call, again]

    _edit_traces(landing, change)
    return doubled.by_month


def _hide_retries(landing: Path) -> ByMonth:
    prices, hidden = _Prices(), _Tally()

    def change(call: Call) -> list[Call]:
        if call.provider != "openai" or not call.is_hidden_when_dropped:
            return [call]
        hidden.add(call, {_month(call.at): prices.cost(call)})
        return []

    _edit_traces(landing, change)
    return hidden.by_month


def _forget_cache_reads(landing: Path) -> ByMonth:
    return _log_otherwise(landing, "code_review/review_pull_request", Call.without_cache_reads)


def _forget_the_lifetime(landing: Path) -> ByMonth:
    return _log_otherwise(landing, "support_chat/customer_chat", Call.without_lifetime)


def _log_otherwise(landing: Path, route_id: str, logged: Callable[[Call], Call]) -> ByMonth:
    """The gateway logs a route's calls otherwise than they were; the bill does not change."""
    prices, changed = _Prices(), _Tally()

    def change(call: Call) -> list[Call]:
        if call.route_id != route_id:
            return [call]
        other = logged(call)
        changed.add(call, {_month(call.at): prices.cost(call) - prices.cost(other)})
        return [other]

    _edit_traces(landing, change)
    return changed.by_month


def _cut_a_price(landing: Path) -> ByMonth:
    first = _last_month(landing) + timedelta(days=14)
    model = PriceBook().tier_default("anthropic", "frontier")

    def price(day: date, row: Record) -> Decimal:
        before = Decimal(row["amount"]) / 100
        is_cut = row["model"] == model and day >= first
        return billed_line_usd(int(before * Decimal("0.7") * 10**12)) if is_cut else before

    return _anthropic_lines(landing, price)


def _cut_a_price_on_the_invoice(landing: Path) -> ByMonth:
    first = _last_month(landing) + timedelta(days=9)
    model = PriceBook().tier_default("google", "frontier")

    def price(row: Record) -> Decimal:
        before = Decimal(row["amount"])
        is_cut = row["model"] == model and row["charge_start_at"][:10] >= first.isoformat()
        return billed_line_usd(int(before * Decimal("0.8") * 10**12)) if is_cut else before

    return _google_lines(landing, price)


def _serve_flex(landing: Path) -> ByMonth:
    return _openai_tier(landing, "proj_analytics", "flex", {"service_tier": "flex"})


def _serve_batch(landing: Path) -> ByMonth:
    return _openai_tier(landing, "proj_research", "batch", {"batch": True})


def _openai_tier(landing: Path, project: str, tier: str, told: Record) -> ByMonth:
    """A project's usage is exported and billed at another tier; the gateway goes on to say standard."""
    prices, changed = _Prices(), defaultdict[date, Decimal](Decimal)
    meters = {"input": "input", "cached input": "cache_read", "output": "output"}

    def export(_day: date, row: Record) -> list[Record]:
        return [{**row, **told} if row["project_id"] == project else row]

    def bill(day: date, row: Record) -> list[Record]:
        if row["project_id"] != project:
            return [row]
        model, words = row["line_item"].split(", ")
        rate = prices.of_tier("openai", model, meters[words], tier)
        after = billed_line_usd(int(row["quantity"] * rate * 10**12))
        changed[_month(day)] += after - Decimal(str(row["amount"]["value"]))
        return [{**row, "amount": {"value": float(after), "currency": "usd"}}]

    _edit_results(landing, "provider_usage", "openai", export)
    _edit_results(landing, "provider_costs", "openai", bill)
    return dict(changed)


def _bill_batch(landing: Path) -> ByMonth:
    book, month = PriceBook(), _last_month(landing)

    def price(row: Record) -> Decimal:
        if row["key_or_project_id"] != "gcp-research" or row["billing_period_start"] != month.isoformat():
            return Decimal(row["amount"])
        units = book.units("google", row["model"], date.fromisoformat(row["charge_start_at"][:10]))
        return billed_line_usd(int(row["quantity"]) * units[row["meter"]] // 2)

    return _google_lines(landing, price)


def _bill_a_place(landing: Path) -> ByMonth:
    first = _last_month(landing) + timedelta(days=4)

    def price(day: date, row: Record) -> Decimal:
        before = Decimal(row["amount"]) / 100
        is_there = row["workspace_id"] is not None and row["model"].startswith("claude-opus") and day >= first
        return billed_line_usd(int(before * Decimal("1.1") * 10**12)) if is_there else before

    return _anthropic_lines(landing, price)


def _discount_all(landing: Path) -> ByMonth:
    return _anthropic_lines(
        landing,
        lambda _day, row: billed_line_usd(int(Decimal(row["amount"]) / 100 * Decimal("0.88") * 10**12)),
    )


def _discount_the_invoice(landing: Path) -> ByMonth:
    first = _last_month(landing) + timedelta(days=7)

    def price(row: Record) -> Decimal:
        before = Decimal(row["amount"])
        is_new = row["charge_start_at"][:10] >= first.isoformat()
        return billed_line_usd(int(before * Decimal("0.85") * 10**12)) if is_new else before

    return _google_lines(landing, price)


def _move_the_last_hours(landing: Path) -> ByMonth:
    prices, moved = _Prices(), _Tally()
    first = _last_month(landing)
    midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)

    def change(call: Call) -> list[Call]:
        if call.provider != "openai" or not midnight - timedelta(hours=6) <= call.at < midnight:
            return [call]
        cost = prices.cost(call)
        moved.add(call, {_month(call.at): cost, first: -cost})
        return [call.moved(timedelta(hours=6))]

    _edit_traces(landing, change)
    return moved.by_month


def _round_up_to_cents(landing: Path) -> ByMonth:
    return _google_lines(landing, lambda row: Decimal(row["amount"]).quantize(CENT, ROUND_CEILING))


def _bill_in_euros(landing: Path) -> ByMonth:
    """The invoice is in euros, at the provider's rate, and states the dollars too."""
    effect: ByMonth = defaultdict(Decimal)

    def change(row: Record) -> Record:
        dollars, day = Decimal(row["amount"]), date.fromisoformat(row["charge_start_at"][:10])
        euros = dollars * EUROS_FOR_A_DOLLAR
        rate = max((since, usd_per_euro) for _, since, usd_per_euro in EURO_RATES if since <= day)[1]
        effect[date.fromisoformat(row["billing_period_start"])] += euros * rate - dollars
        return {
            **row,
            "amount": euros,
            "currency": "EUR",
            "pricing_amount": dollars,
            "pricing_currency": "USD",
        }

    _edit_invoice(landing, change)
    return dict(effect)


def _use_an_unlisted_model(landing: Path) -> ByMonth:
    listed, unlisted = PriceBook().tier_default("google", "frontier"), "gemini-of-next-year"
    billed: ByMonth = defaultdict(Decimal)

    def change(row: Record) -> Record:
        if row["model"] != listed:
            return row
        billed[date.fromisoformat(row["billing_period_start"])] += Decimal(row["amount"])
        return {**row, "model": unlisted, "description": row["description"].replace(listed, unlisted)}

    _edit_invoice(landing, change)
    _edit_traces(
        landing,
        lambda call: [call.renamed(unlisted) if call.record["model"] == listed else call],
    )
    return dict(billed)


def _provision_a_model(landing: Path) -> ByMonth:
    """A model's last month moves to a deployment that is billed by the hour."""
    model, month = PriceBook().tier_default("google", "frontier"), _last_month(landing)
    dropped = Decimal(0)
    for path in sorted((landing / "provider_costs" / "generic_invoice").rglob("*.csv")):
        with path.open(newline="") as file:
            reader = csv.DictReader(file)
            rows = [dict(row) for row in reader]
        kept = [r for r in rows if r["model"] != model or r["billing_period_start"] != month.isoformat()]
        dropped += sum(Decimal(row["amount"]) for row in rows) - sum(Decimal(row["amount"]) for row in kept)
        _write_invoice(path, reader.fieldnames or (), kept)
    _edit_traces(
        landing,
        lambda call: [
            call.renamed(_DEPLOYMENT) if call.record["model"] == model and _month(call.at) == month else call
        ],
    )
    fee = _add_line(landing, "google", "usage", Decimal("60.00"), "Provisioned throughput, hours")
    return {month: fee[month] - dropped}


def _buy_a_priority_tier(landing: Path) -> ByMonth:
    """A model's last month is served by a priority tier, whose tokens no report bills."""
    model, month = PriceBook().tier_default("anthropic", "mid"), _last_month(landing)
    dropped: ByMonth = defaultdict(Decimal)

    def is_moved(day: date, name: str) -> bool:
        return name == model and _month(day) == month

    def export(day: date, row: Record) -> list[Record]:
        return [{**row, "service_tier": "priority"} if is_moved(day, row["model"]) else row]

    def bill(day: date, row: Record) -> list[Record]:
        if not is_moved(day, row["model"]):
            return [row]
        dropped[month] -= Decimal(row["amount"]) / 100
        return []

    _edit_results(landing, "provider_usage", "anthropic", export)
    _edit_results(landing, "provider_costs", "anthropic", bill)
    _edit_traces(
        landing,
        lambda call: [
            call.of_tier("priority") if is_moved(call.at.date(), call.record["model"]) else call,
        ],
    )
    return dict(dropped)


def _discount_the_cloud_bill(landing: Path) -> ByMonth:
    changed: ByMonth = defaultdict(Decimal)
    for path in sorted((landing / "cloud_billing" / "focus").rglob("*.csv.gz")):
        with gzip.open(path, "rt", newline="") as file:
            reader = csv.DictReader(file)
            rows = [dict(row) for row in reader]
        for row in rows:
            if row["ServiceName"] == "Amazon Bedrock":
                before = Decimal(row["BilledCost"])
                after = billed_line_usd(int(before * Decimal("0.92") * 10**12))
                changed[date.fromisoformat(row["BillingPeriodStart"][:10])] += after - before
                row["BilledCost"] = f"{after:f}"
        write_csv_gz(path, tuple(reader.fieldnames or ()), rows)
    return dict(changed)


def _line(provider: str, line_type: str, amount: str, description: str) -> Callable[[Path], ByMonth]:
    return lambda landing: _add_line(landing, provider, line_type, Decimal(amount), description)


_DEPLOYMENT = "projects/demo/endpoints/provisioned"
_BOOK = PriceBook()
_FRONTIER, _MID = _BOOK.tier_default("google", "frontier"), _BOOK.tier_default("anthropic", "mid")

FAULTS = (
    Fault("key_without_traces", "not_captured", "openai",
          "the gateway loses all traces of one known key for a month", _drop_key),
    Fault("unknown_key", "not_captured", "openai",
          "a project that nobody registered calls the provider without the gateway", _add_unknown_key),
    Fault("outage", "not_captured", "anthropic",
          "the gateway logs nothing of any key for four hours", _lose_hours),
    Fault("route_on_a_cloud_bill", "not_captured", "bedrock",
          "one route loses its traces, at a provider whose bill names no models", _lose_a_route),
    Fault("logged_twice", "duplicate_capture", "anthropic",
          "one route's requests are logged again seven minutes later", _log_twice),
    Fault("hidden_retries", "billed_retry", "openai",
          "failed attempts are billed; the gateway tells their number and not their tokens", _hide_retries),
    Fault("cache_reads_as_input", "token_class", "anthropic",
          "the gateway logs one route's cached tokens as plain input", _forget_cache_reads),
    Fault("hour_long_writes", "token_class", "anthropic",
          "the gateway logs hour-long cache writes as five-minute ones", _forget_the_lifetime),
    Fault("price_cut", "stale_price", "anthropic",
          "one model costs 30% less from the 15th on, and the sheet does not know", _cut_a_price),
    Fault("price_cut_on_an_invoice", "stale_price", "google",
          "the same by 20% from the 10th on, at a provider that exports no usage", _cut_a_price_on_the_invoice),
    Fault("flex_served", "service_tier", "openai",
          "one project is served and billed as flex; the gateway says standard", _serve_flex),
    Fault("batch_served", "batch", "openai",
          "one project runs as a batch; the gateway says standard", _serve_batch),
    Fault("batch_on_an_invoice", "batch", "google",
          "the invoice prices one project at half, and no export says why", _bill_batch),
    Fault("regional_price", "region", "anthropic",
          "one model is billed with the 10% of a place from the 5th on", _bill_a_place),
    Fault("discount_on_everything", "contract_rate", "anthropic",
          "12% off every line, and contract_rates does not say so", _discount_all),
    Fault("discount_from_a_day_on", "contract_rate", "google",
          "15% off every line from the 8th on", _discount_the_invoice),
    Fault("discount_on_a_cloud_bill", "contract_rate", "bedrock",
          "8% off every line, on a bill that names no models", _discount_the_cloud_bill),
    Fault("bill_in_euros", "fx", "google",
          "the invoice is in euros at the provider's rate, ours changes on the 16th", _bill_in_euros),
    Fault("credit_line", "credit", "google",
          "a promotional credit", _line("google", "credit", "-40.00", "Promotional credit")),
    Fault("refund_line", "credit", "bedrock",
          "a refund", _line("bedrock", "refund", "-7.77", "Refund for an outage")),
    Fault("tax_line", "tax", "bedrock",
          "sales tax", _line("bedrock", "tax", "21.35", "Sales tax")),
    Fault("minimum_line", "minimum_or_commitment", "google",
          "the difference to a monthly minimum", _line("google", "commitment", "55.50", "Monthly minimum")),
    Fault("fee_line", "minimum_or_commitment", "bedrock",
          "a support fee", _line("bedrock", "fee", "12.00", "Support plan")),
    Fault("correction_line", "correction", "bedrock",
          "last month is corrected", _line("bedrock", "correction", "-3.21", "Correction of September")),
    Fault("hours_after_midnight", "day_boundary", "openai",
          "requests of the month's last six hours are logged in the next month", _move_the_last_hours),
    Fault("cents", "rounding", "google",
          "every line is rounded up to a cent", _round_up_to_cents),
    Fault("unlisted_model", "unpriced", "google",
          "a model that the price sheet does not have", _use_an_unlisted_model),
    Fault("unreadable_charge", "unknown", "bedrock",
          "usage that names no model and no tokens", _line("bedrock", "usage", "9.99", "Platform usage")),
    Fault("provisioned_throughput", "minimum_or_commitment", "google",
          "a model moves to provisioned throughput: hours are billed, and no tokens", _provision_a_model,
          f"ptu,google,provisioned_throughput,{_DEPLOYMENT},,{_FRONTIER},provisioned throughput%,1,,,,,2020-01-01,,"),
    Fault("priority_tier", "minimum_or_commitment", "anthropic",
          "a model moves to a priority tier, whose tokens no report bills", _buy_a_priority_tier,
          f"tier,anthropic,priority_tier,{_MID},priority,,,1,,,,,2020-01-01,,"),
)  # fmt: skip


def rounds(faults: Sequence[Fault] = FAULTS) -> list[list[Fault]]:
    """The faults in groups that hold one of a provider each: such a group is injected and found in one build."""
    groups: list[list[Fault]] = []
    for fault in faults:
        free = next((g for g in groups if all(fault.provider != other.provider for other in g)), None)
        if free is None:
            groups.append([fault])
        else:
            free.append(fault)
    return groups
