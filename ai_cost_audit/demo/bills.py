"""What the providers export and bill: usage and cost pages, an invoice, a cloud bill.

Everything here is made from sums of the billed attempts by day, provider, project and model. A line is the
exact sum times the price, rounded once to a millionth of a dollar.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from ai_cost_audit.demo.company import POOLS, TEAMS, digest
from ai_cost_audit.demo.defects import Calendar, add_months, utc
from ai_cost_audit.demo.prices import METERS, PriceBook, billed_line_usd, usd

OPENAI_ACCOUNT = "org-demo"
ANTHROPIC_ACCOUNT = "org-demo"
GOOGLE_ACCOUNT = "billing-demo"
AWS_ACCOUNT = "200000000001"
CREDIT_USD = Decimal("-750.00")

_OPENAI_ITEMS = {"input": "input", "cache_read": "cached input", "output": "output"}
_ANTHROPIC_TOKEN_TYPES = {
    "input": "uncached_input_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write_5m": "cache_creation.ephemeral_5m_input_tokens",
    "cache_write_1h": "cache_creation.ephemeral_1h_input_tokens",
    "output": "output_tokens",
}
_ANTHROPIC_WORDS = {
    "input": "Input Tokens",
    "cache_read": "Input Tokens, Cache Read",
    "cache_write_5m": "Input Tokens, Cache Write",
    "cache_write_1h": "Input Tokens, 1h Cache Write",
    "output": "Output Tokens",
}
_BEDROCK_WORDS = {
    "input": "input-tokens",
    "cache_read": "cache-read-input-tokens",
    "cache_write_5m": "cache-write-input-tokens",
    "cache_write_1h": "cache-write-1h-input-tokens",
    "output": "output-tokens",
}
_INVOICE_COLUMNS = (
    "provider", "account_id", "invoice_id", "billing_period_start", "charge_start_at", "charge_end_at",
    "line_type", "model", "meter", "quantity", "unit", "amount", "currency", "key_or_project_id",
    "description",
)  # fmt: skip
_FOCUS_COLUMNS = (
    "AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency",
    "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription",
    "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "CommitmentDiscountCategory",
    "CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountStatus", "CommitmentDiscountType",
    "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "ContractedUnitPrice", "EffectiveCost",
    "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit",
    "ProviderName", "PublisherName", "RegionId", "RegionName", "ResourceId", "ResourceName", "ResourceType",
    "ServiceCategory", "ServiceName", "SkuId", "SkuPriceId", "SubAccountId", "SubAccountName", "Tags",
    "x_UsageType",
)  # fmt: skip


@dataclass
class Usage:
    """Billed tokens by meter, and billed attempts, of one day, provider, project and model."""

    tokens: dict[str, int] = field(default_factory=lambda: dict.fromkeys(METERS, 0))
    requests: int = 0

    def add(self, tokens: Mapping[str, int], requests: int) -> None:
        """Add more of the same."""
        for meter, count in tokens.items():
            self.tokens[meter] += count
        self.requests += requests


@dataclass(frozen=True, order=True)
class UsageKey:
    """What one row of a provider's export is about."""

    day: date
    provider: str
    project: str
    model: str


@dataclass(frozen=True)
class Line:
    """One charge: its exact amount is `usd`, already rounded to a millionth."""

    key: UsageKey
    meter: str
    tokens: int
    price: Decimal
    usd: Decimal


Ledger = dict[UsageKey, Usage]


def new_ledger() -> Ledger:
    """An empty ledger of billed usage."""
    return defaultdict(Usage)


def lines(ledger: Ledger, prices: PriceBook, provider: str) -> list[Line]:
    """The charges of one provider, in order of day, project, model and meter."""
    found = []
    for key in sorted(k for k in ledger if k.provider == provider):
        units = prices.units(provider, key.model, key.day)
        for meter, tokens in ledger[key].tokens.items():
            if tokens:
                amount = billed_line_usd(tokens * units[meter])
                found.append(Line(key, meter, tokens, usd(units[meter]), amount))
    return found


def total(charges: Iterable[Line]) -> Decimal:
    """What charges add up to, in USD."""
    return sum((line.usd for line in charges), Decimal(0))


def write_openai(landing: Path, ledger: Ledger, charges: list[Line], calendar: Calendar) -> None:
    """Usage and cost pages, a file a month, one bucket a UTC day."""
    for first in calendar.month_starts:
        days = _days_of_month(first)
        usage = [_openai_bucket(day, _openai_usage(ledger, day)) for day in days]
        costs = [_openai_bucket(day, _openai_costs(charges, day)) for day in days]
        folder = landing / "provider_usage" / "openai" / OPENAI_ACCOUNT
        _write_json(folder / f"usage_completions_{first:%Y-%m}.json", _openai_page(usage))
        folder = landing / "provider_costs" / "openai" / OPENAI_ACCOUNT
        _write_json(folder / f"costs_{first:%Y-%m}.json", _openai_page(costs))


def _openai_page(buckets: list[dict[str, Any]]) -> dict[str, Any]:
    return {"object": "page", "data": buckets, "has_more": False, "next_page": None}


def _openai_bucket(day: date, results: list[dict[str, Any]]) -> dict[str, Any]:
    start = int(utc(day).timestamp())
    return {"object": "bucket", "start_time": start, "end_time": start + 86_400, "results": results}


def _openai_usage(ledger: Ledger, day: date) -> list[dict[str, Any]]:
    results = []
    for key in sorted(k for k in ledger if k.provider == "openai" and k.day == day):
        usage = ledger[key]
        fresh, cached = usage.tokens["input"], usage.tokens["cache_read"]
        results.append(
            {
                "object": "organization.usage.completions.result",
                "input_tokens": fresh + cached,
                "input_cached_tokens": cached,
                "input_cache_write_tokens": 0,
                "input_uncached_tokens": fresh,
                "output_tokens": usage.tokens["output"],
                "input_audio_tokens": 0,
                "output_audio_tokens": 0,
                "num_model_requests": usage.requests,
                "project_id": key.project,
                "user_id": None,
                "api_key_id": None,
                "model": key.model,
                "batch": False,
                "service_tier": "default",
            }
        )
    return results


def _openai_costs(charges: list[Line], day: date) -> list[dict[str, Any]]:
    return [
        {
            "object": "organization.costs.result",
            "amount": {"value": float(line.usd), "currency": "usd"},
            "line_item": f"{line.key.model}, {_OPENAI_ITEMS[line.meter]}",
            "project_id": line.key.project,
            "api_key_id": None,
            "quantity": line.tokens,
            "quantity_unit": "tokens",
        }
        for line in charges
        if line.key.day == day
    ]


def write_anthropic(landing: Path, ledger: Ledger, charges: list[Line], calendar: Calendar) -> None:
    """Usage and cost reports, a file a month, one bucket a UTC day; amounts are text in cents."""
    for first in calendar.month_starts:
        days = _days_of_month(first)
        usage = [_anthropic_bucket(day, _anthropic_usage(ledger, day)) for day in days]
        costs = [_anthropic_bucket(day, _anthropic_costs(charges, day)) for day in days]
        page = {"has_more": False, "next_page": None}
        folder = landing / "provider_usage" / "anthropic" / ANTHROPIC_ACCOUNT
        _write_json(folder / f"usage_report_{first:%Y-%m}.json", {"data": usage, **page})
        folder = landing / "provider_costs" / "anthropic" / ANTHROPIC_ACCOUNT
        _write_json(folder / f"cost_report_{first:%Y-%m}.json", {"data": costs, **page})


def _anthropic_bucket(day: date, results: list[dict[str, Any]]) -> dict[str, Any]:
    return {"starting_at": _instant(day), "ending_at": _instant(day + timedelta(days=1)), "results": results}


def _anthropic_usage(ledger: Ledger, day: date) -> list[dict[str, Any]]:
    results = []
    for key in sorted(k for k in ledger if k.provider == "anthropic" and k.day == day):
        tokens = ledger[key].tokens
        results.append(
            {
                "uncached_input_tokens": tokens["input"],
                "cache_creation": {
                    "ephemeral_1h_input_tokens": tokens["cache_write_1h"],
                    "ephemeral_5m_input_tokens": tokens["cache_write_5m"],
                },
                "cache_read_input_tokens": tokens["cache_read"],
                "output_tokens": tokens["output"],
                "server_tool_use": {"web_search_requests": 0},
                "api_key_id": None,
                "workspace_id": key.project,
                "model": key.model,
                "service_tier": "standard",
                "context_window": "0-200k",
            }
        )
    return results


def _anthropic_costs(charges: list[Line], day: date) -> list[dict[str, Any]]:
    return [
        {
            "currency": "USD",
            "amount": str(line.usd * 100),
            "workspace_id": line.key.project,
            "description": f"{line.key.model} Usage - {_ANTHROPIC_WORDS[line.meter]}",
            "cost_type": "tokens",
            "context_window": "0-200k",
            "model": line.key.model,
            "service_tier": "standard",
            "token_type": _ANTHROPIC_TOKEN_TYPES[line.meter],
        }
        for line in charges
        if line.key.day == day
    ]


def write_google(landing: Path, charges: list[Line], calendar: Calendar, has_credit: bool) -> None:
    """One invoice a month as CSV; the credit, when planted, is a line of the last one."""
    folder = landing / "provider_costs" / "generic_invoice" / GOOGLE_ACCOUNT
    for first in calendar.month_starts:
        rows = [_invoice_row(first, line) for line in charges if _month_of(line.key.day) == first]
        if has_credit and first == calendar.audit_month:
            rows.append(_credit_row(first))
        _write_text(folder / f"google_invoice_{first:%Y-%m}.csv", _csv_text(_INVOICE_COLUMNS, rows).encode())


def _invoice_row(first: date, line: Line) -> dict[str, Any]:
    day = line.key.day
    return {
        "provider": "google",
        "account_id": GOOGLE_ACCOUNT,
        "invoice_id": f"INV-{first:%Y%m}",
        "billing_period_start": first.isoformat(),
        "charge_start_at": _instant(day),
        "charge_end_at": _instant(day + timedelta(days=1)),
        "line_type": "usage",
        "model": line.key.model,
        "meter": line.meter,
        "quantity": line.tokens,
        "unit": "token",
        "amount": line.usd,
        "currency": "USD",
        "key_or_project_id": line.key.project,
        "description": f"{line.key.model} {line.meter} tokens",
    }


def _credit_row(first: date) -> dict[str, Any]:
    last = add_months(first, 1) - timedelta(days=1)
    return {
        "provider": "google",
        "account_id": GOOGLE_ACCOUNT,
        "invoice_id": f"INV-{first:%Y%m}",
        "billing_period_start": first.isoformat(),
        "charge_start_at": _instant(last),
        "charge_end_at": _instant(last + timedelta(days=1)),
        "line_type": "credit",
        "amount": CREDIT_USD,
        "currency": "USD",
        "description": "Promotional credit",
    }


def write_cloud_bill(
    landing: Path, charges: list[Line], calendar: Calendar, gpu_rates: Mapping[str, Decimal]
) -> None:
    """One FOCUS 1.0 file a month: Bedrock tokens, GPU machines, and services that are no spend on AI."""
    folder = landing / "cloud_billing" / "focus" / AWS_ACCOUNT
    for first in calendar.month_starts:
        rows = [_bedrock_row(first, line) for line in charges if _month_of(line.key.day) == first]
        for day in _days_of_month(first):
            rows += _machine_rows(first, day, gpu_rates)
            rows += _other_service_rows(first, day)
        _write_gzip(folder / f"focus_{first:%Y-%m}.csv.gz", _csv_text(_FOCUS_COLUMNS, rows))


def _focus_row(first: date, day: date, amount: Decimal, **columns: Any) -> dict[str, Any]:
    return {
        "BilledCost": amount,
        "EffectiveCost": amount,
        "ListCost": amount,
        "ContractedCost": amount,
        "BillingAccountId": AWS_ACCOUNT,
        "BillingAccountName": "demo-payer",
        "BillingCurrency": "USD",
        "BillingPeriodStart": _instant(first),
        "BillingPeriodEnd": _instant(add_months(first, 1)),
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": _instant(day),
        "ChargePeriodEnd": _instant(day + timedelta(days=1)),
        "InvoiceIssuerName": "Amazon Web Services, Inc.",
        "PricingCategory": "Standard",
        "ProviderName": "AWS",
        "PublisherName": "Amazon Web Services, Inc.",
        "RegionId": "us-east-1",
        "RegionName": "US East (N. Virginia)",
        **columns,
    }


def _bedrock_row(first: date, line: Line) -> dict[str, Any]:
    key = line.key
    team = next(team for team in TEAMS if team.aws_account == key.project)
    words = _BEDROCK_WORDS[line.meter]
    return _focus_row(
        first, key.day, line.usd,
        ChargeDescription=f"{key.model} {words.replace('-', ' ')}",
        ConsumedQuantity=line.tokens,
        ConsumedUnit="Tokens",
        PricingQuantity=line.tokens,
        PricingUnit="Tokens",
        ListUnitPrice=f"{line.price:f}",
        ContractedUnitPrice=f"{line.price:f}",
        ResourceId=f"arn:aws:bedrock:us-east-1::foundation-model/{key.model}",
        ResourceName=key.model,
        ResourceType="foundation-model",
        ServiceCategory="AI and Machine Learning",
        ServiceName="Amazon Bedrock",
        SkuId=digest(f"sku/{key.model}/{line.meter}")[:16].upper(),
        SubAccountId=key.project,
        SubAccountName=f"demo-{team.team_id}",
        Tags=json.dumps({"team_id": team.team_id}),
        x_UsageType=f"USE1-{key.model}-{words}",
    )  # fmt: skip


def _machine_rows(first: date, day: date, gpu_rates: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    """The rented machines of the GPU pools: one GPU each, all day."""
    machines = [
        _Machine(
            f"{pool.pool_id}-{number}",
            pool.instance_type,
            gpu_rates[pool.pool_id],
            {"team_id": pool.team_id, "pool_id": pool.pool_id},
        )
        for pool in POOLS
        if pool.instance_type
        for number in range(pool.gpu_count)
    ]
    return [_machine_row(first, day, machine) for machine in machines]


@dataclass(frozen=True)
class _Machine:
    name: str
    instance_type: str
    usd_per_hour: Decimal
    tags: dict[str, str]


def _machine_row(first: date, day: date, machine: _Machine) -> dict[str, Any]:
    rate = machine.usd_per_hour
    return _focus_row(
        first, day, rate * 24,
        AvailabilityZone="us-east-1b",
        ChargeDescription=f"${rate} per On Demand Linux {machine.instance_type} Instance Hour",
        ConsumedQuantity=24,
        ConsumedUnit="Hours",
        PricingQuantity=24,
        PricingUnit="Hours",
        ListUnitPrice=rate,
        ContractedUnitPrice=rate,
        ResourceId="i-0" + digest(f"machine/{machine.name}")[:16],
        ResourceName=machine.name,
        ResourceType="instance",
        ServiceCategory="Compute",
        ServiceName="Amazon Elastic Compute Cloud",
        SkuId=digest(f"sku/{machine.instance_type}")[:16].upper(),
        SubAccountId=AWS_ACCOUNT,
        SubAccountName="demo-shared",
        Tags=json.dumps(machine.tags),
        x_UsageType=f"BoxUsage:{machine.instance_type}",
    )  # fmt: skip


def _other_service_rows(first: date, day: date) -> list[dict[str, Any]]:
    """Web servers and object storage: charges that must not count as spend on AI."""
    tags = {"team_id": "platform"}
    servers = [_Machine(f"web-{number}", "m5.2xlarge", Decimal("0.384"), tags) for number in range(3)]
    storage = _focus_row(
        first, day, Decimal("6.210000"),
        ChargeDescription="$0.023 per GB - first 50 TB / month of storage used",
        ConsumedQuantity=270,
        ConsumedUnit="GB-Mo",
        PricingQuantity=270,
        PricingUnit="GB-Mo",
        ListUnitPrice="0.023",
        ContractedUnitPrice="0.023",
        ResourceId="demo-archive",
        ResourceType="bucket",
        ServiceCategory="Storage",
        ServiceName="Amazon Simple Storage Service",
        SkuId=digest("sku/s3")[:16].upper(),
        SubAccountId=AWS_ACCOUNT,
        SubAccountName="demo-shared",
        Tags=json.dumps(tags),
        x_UsageType="TimedStorage-ByteHrs",
    )  # fmt: skip
    return [*(_machine_row(first, day, server) for server in servers), storage]


def _month_of(day: date) -> date:
    return day.replace(day=1)


def _days_of_month(first: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((add_months(first, 1) - first).days)]


def _instant(day: date) -> str:
    return f"{day}T00:00:00Z"


def _write_json(path: Path, page: Mapping[str, Any]) -> None:
    _write_text(path, json.dumps(page, separators=(",", ":")).encode())


def _write_text(path: Path, text: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)


def _csv_text(columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _write_gzip(path: Path, text: str) -> None:
    _write_text(path, gzip.compress(text.encode(), mtime=0))


def write_csv_gz(path: Path, columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> None:
    """A gzipped CSV without a time stamp in its header, so that the same rows are the same bytes."""
    _write_gzip(path, _csv_text(columns, rows))


def write_csv(path: Path, columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> None:
    """A plain CSV."""
    _write_text(path, _csv_text(columns, rows).encode())
