"""Bills as they come: in two currencies, with every line type both ways, with a correction of last month.

Small bills are landed in every format and the books are closed to the last digit. What each line should be is written
down here; nothing is taken from the models.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import Build, Dbt, run_with_rates

pytestmark = pytest.mark.slow

Row = dict[str, Any]
SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)
# Ours: what our treasury says a euro is worth from a day on. The providers take EUR 0.92 for a dollar throughout.
RATES = [
    ("EUR", date(2026, 9, 1), Decimal("1.10")),
    ("EUR", date(2026, 9, 15), Decimal("1.20")),
    ("EUR", OCTOBER, Decimal("1.05")),
]
SELECTION = (
    "build", "--select", "+fct_reconciliation_residuals_monthly", "+fct_flagged_bill_lines", "+fct_rejected_records",
    "+fct_chargeback_monthly", "+focus_cost_and_usage", "assert_residuals_close_the_books",
    "assert_chargeback_adds_up_to_the_invoice", "assert_focus_charges_meet_the_invoice",
    "assert_bill_lines_have_the_sign_of_their_type",
    "--indirect-selection", "empty", "--exclude-resource-type", "unit_test",
)  # fmt: skip


def write_csv(path: Path, rows: Iterable[Row]) -> None:
    rows = list(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)), restval="")
        writer.writeheader()
        writer.writerows(rows)


def write_lines(path: Path, records: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


# ---- two currencies


def used(provider: str, model: str, day: str, output: bool = True) -> Row:
    """A day of 1,000 requests: 100 million tokens in, 50 million out."""
    return {
        "timestamp": f"{day}T12:00:00Z",
        "request_id": f"{provider}-{day}",
        "provider": provider,
        "model": model,
        "team_id": "search",
        "input_tokens": 100_000_000,
        "output_tokens": 50_000_000 if output else 0,
        "request_count": 1000,
        "service_tier": "standard",
        "status_code": 200,
    }


def invoiced(provider: str, month: date, day: str, line_type: str, amount: str, **columns: Any) -> Row:
    return {
        "provider": provider,
        "account_id": "acct",
        "invoice_id": f"INV-{provider}-{month:%m}",
        "billing_period_start": month,
        "charge_start_at": f"{day}T00:00:00Z",
        "charge_end_at": f"{day}T23:59:59Z",
        "line_type": line_type,
        "amount": amount,
        "currency": "EUR",
        "description": columns.get("meter", line_type),
        **columns,
    }


def tokens(
    provider: str, model: str, month: date, day: str, prices: dict[str, tuple[int, str, str]]
) -> list[Row]:
    """Lines of a day: meter to tokens, EUR and, where the bill says it, USD."""
    return [
        invoiced(
            provider, month, day, "usage", eur, model=model, meter=meter, quantity=quantity, unit="token",
            **({"pricing_amount": usd, "pricing_currency": "USD"} if usd else {}),
        )
        for meter, (quantity, eur, usd) in prices.items()
    ]  # fmt: skip


def land_two_currencies(landing: Path) -> None:
    model = "gpt-4.1-mini"  # USD 0.40 and 1.60 a million tokens
    write_lines(
        landing / "gateway_traces" / "generic" / "traces.jsonl",
        [
            used("azure", model, "2026-09-10"),
            used("azure", model, "2026-09-20"),
            used("azure", model, "2026-10-10", output=False),
            used("openai", model, "2026-09-10", output=False),
            used("mistral", "codestral-2508", "2026-09-10"),
        ],
    )
    day = {"input": (100_000_000, "36.80", "40"), "output": (50_000_000, "73.60", "80")}
    folder = landing / "provider_costs" / "generic_invoice"
    write_csv(
        folder / "azure_september.csv",
        [
            *tokens("azure", model, SEPTEMBER, "2026-09-10", day),
            *tokens("azure", model, SEPTEMBER, "2026-09-20", day),
            invoiced(
                "azure",
                SEPTEMBER,
                "2026-09-20",
                "credit",
                "-9.20",
                pricing_amount="-10",
                pricing_currency="USD",
            ),
            invoiced("azure", SEPTEMBER, "2026-09-20", "tax", "10"),
        ],
    )
    write_csv(
        folder / "azure_october.csv",
        [
            *tokens("azure", model, OCTOBER, "2026-10-10", {"input": day["input"]}),
            invoiced(
                "azure",
                OCTOBER,
                "2026-09-20",
                "correction",
                "-4.60",
                pricing_amount="-5",
                pricing_currency="USD",
            ),
        ],
    )
    silent = {"input": (100_000_000, "27.60", ""), "output": (50_000_000, "41.40", "")}  # USD 30 and 45
    write_csv(
        folder / "mistral_september.csv",
        tokens("mistral", "codestral-2508", SEPTEMBER, "2026-09-10", silent),
    )
    write_costs_of_openai(
        landing / "provider_costs" / "openai" / "september.json",
        "2026-09-10",
        [(f"{model}, input", 40.0, 100_000_000)],
    )


def write_costs_of_openai(path: Path, day: str, results: list[tuple[str, float, int | None]]) -> None:
    start = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
    lines = [
        {
            "object": "organization.costs.result",
            "amount": {"value": amount, "currency": "usd"},
            "line_item": line_item,
            "quantity": quantity,
            "quantity_unit": "tokens" if quantity else None,
        }
        for line_item, amount, quantity in results
    ]
    bucket = {"object": "bucket", "start_time": start, "end_time": start + 86_400, "results": lines}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"object": "page", "data": [bucket]}))


# ---- every line type both ways

# By format and amount: the line type, and whether its sign is flagged. In March, away from the rest.
FINE, FLAGGED = False, True
SIGNS: dict[str, dict[str, tuple[str, bool]]] = {
    "provider_costs/generic_invoice": {
        "1.01": ("usage", FINE), "-1.02": ("usage", FLAGGED),
        "1.03": ("fee", FINE), "-1.04": ("fee", FLAGGED),
        "1.05": ("commitment", FINE), "-1.06": ("commitment", FLAGGED),
        "1.07": ("tax", FINE), "-1.08": ("tax", FLAGGED),
        "-1.09": ("credit", FINE), "-1.10": ("refund", FINE),  # above zero they are refused
        "1.11": ("correction", FINE), "-1.12": ("correction", FINE),
    },
    "provider_costs/openai": {"2.01": ("usage", FINE), "-2.02": ("credit", FINE)},
    "provider_costs/anthropic": {"3.01": ("usage", FINE), "-3.02": ("credit", FINE)},
    "cloud_billing/focus": {
        "4.01": ("usage", FINE), "-4.02": ("usage", FLAGGED),
        "4.03": ("commitment", FINE), "-4.04": ("commitment", FLAGGED),
        "4.05": ("tax", FINE), "-4.06": ("tax", FLAGGED),
        "4.07": ("credit", FLAGGED), "-4.08": ("credit", FINE),
        "4.09": ("correction", FINE), "-4.10": ("correction", FINE),  # an adjustment
        "4.11": ("correction", FINE), "-4.12": ("correction", FINE),  # usage of the class Correction
    },
    "cloud_billing/aws_cur2": {
        "5.01": ("usage", FINE), "-5.02": ("usage", FLAGGED),
        "5.03": ("commitment", FINE), "-5.04": ("commitment", FLAGGED),
        "5.05": ("tax", FINE), "-5.06": ("tax", FLAGGED),
        "5.07": ("credit", FLAGGED), "-5.08": ("credit", FINE),
        "5.09": ("correction", FINE), "-5.10": ("correction", FINE),
        "5.11": ("usage", FINE), "-5.11": ("usage", FINE),  # covered by a savings plan, and its negation
    },
    "cloud_billing/gcp_billing": {
        "6.01": ("usage", FINE), "-6.02": ("usage", FLAGGED),
        "6.03": ("commitment", FINE), "-6.04": ("commitment", FLAGGED),
        "6.05": ("tax", FINE), "-6.06": ("tax", FLAGGED),
        "6.07": ("credit", FLAGGED), "-6.08": ("credit", FINE),
        "6.09": ("correction", FINE), "-6.10": ("correction", FINE),
    },
    "cloud_billing/azure_cost": {
        "7.01": ("usage", FINE), "-7.02": ("usage", FLAGGED),
        "7.03": ("commitment", FINE), "-7.04": ("commitment", FLAGGED),
        "7.05": ("tax", FINE), "-7.06": ("tax", FLAGGED),
        "7.07": ("credit", FLAGGED), "-7.08": ("credit", FINE),
        "7.09": ("correction", FINE), "-7.10": ("correction", FINE),
    },
}  # fmt: skip


def land_signs(landing: Path) -> None:
    march = date(2026, 3, 1)
    amounts = {name: list(lines) for name, lines in SIGNS.items()}
    generic = SIGNS["provider_costs/generic_invoice"].items()
    refused = [("1.13", ("credit", FINE)), ("1.14", ("refund", FINE))]
    write_csv(
        landing / "provider_costs" / "generic_invoice" / "signs.csv",
        [
            invoiced("acme", march, "2026-03-05", line_type, amount, description=amount, currency="USD")
            for amount, (line_type, _) in [*generic, *refused]
        ],
    )
    write_costs_of_openai(
        landing / "provider_costs" / "openai" / "signs.json",
        "2026-03-05",
        [(f"charge {amount}", float(amount), None) for amount in amounts["provider_costs/openai"]],
    )
    results = [
        {"currency": "USD", "amount": f"{Decimal(amount) * 100}", "description": f"charge {amount}"}
        for amount in amounts["provider_costs/anthropic"]
    ]
    bucket = {"starting_at": "2026-03-05T00:00:00Z", "ending_at": "2026-03-06T00:00:00Z", "results": results}
    path = landing / "provider_costs" / "anthropic" / "signs.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"data": [bucket], "has_more": False, "next_page": None}))
    land_signs_of_clouds(landing / "cloud_billing", amounts)


def land_signs_of_clouds(landing: Path, amounts: dict[str, list[str]]) -> None:
    def both(format_name: str, kinds: list[Any]) -> Iterable[tuple[str, Any]]:
        """Each kind of line twice, as the amounts come."""
        found = amounts[f"cloud_billing/{format_name}"]
        return zip(found, [kind for kind in kinds for _ in "+-"], strict=True)

    write_csv(
        landing / "focus" / "signs.csv",
        [
            {
                "ProviderName": "Microsoft",
                "BillingAccountId": "focus-1",
                "BillingPeriodStart": "2026-03-01T00:00:00Z",
                "ChargePeriodStart": "2026-03-05T00:00:00Z",
                "ChargePeriodEnd": "2026-03-06T00:00:00Z",
                "ChargeCategory": category,
                "ChargeClass": charge_class,
                "ChargeDescription": f"charge {amount}",
                "ServiceName": "Azure OpenAI",
                "BilledCost": amount,
                "BillingCurrency": "USD",
            }
            for amount, (category, charge_class) in both(
                "focus",
                [(category, "") for category in ("Usage", "Purchase", "Tax", "Credit", "Adjustment")]
                + [("Usage", "Correction")],
            )
        ],
    )
    types = ["Usage", "Fee", "Tax", "Credit", "Refund", ("SavingsPlanCoveredUsage", "SavingsPlanNegation")]
    write_csv(
        landing / "aws_cur2" / "signs.csv",
        [
            {
                "bill_payer_account_id": "111122223333",
                "bill_billing_period_start_date": "2026-03-01T00:00:00Z",
                "line_item_line_item_type": kind if isinstance(kind, str) else kind[amount.startswith("-")],
                "line_item_usage_start_date": "2026-03-05T00:00:00Z",
                "line_item_usage_type": f"charge {amount}" if isinstance(kind, str) else "covered",
                "line_item_product_code": "AmazonBedrock",
                "line_item_unblended_cost": amount,
                "line_item_currency_code": "USD",
            }
            for amount, kind in both("aws_cur2", types)
        ],
    )
    write_lines(
        landing / "gcp_billing" / "signs.jsonl",
        [
            {
                "billing_account_id": "gcp-1",
                "service": {"description": "Compute Engine" if is_bought else "Vertex AI"},
                "sku": {
                    "description": f"Commitment v1: Nvidia A100 {amount}" if is_bought else f"Gemini {amount}"
                },
                "usage_start_time": "2026-03-05T00:00:00Z",
                "usage_end_time": "2026-03-05T01:00:00Z",
                "export_time": "2026-03-06T00:00:00Z",
                "cost": 0 if kind == "credit" else float(amount),
                "currency": "USD",
                "currency_conversion_rate": 1,
                "usage": {"amount": None},
                "credits": [{"type": "PROMOTION", "name": amount, "amount": float(amount)}]
                if kind == "credit"
                else [],
                "invoice": {"month": "202603"},
                "cost_type": kind if kind in {"tax", "adjustment"} else "regular",
            }
            for amount, kind in both("gcp_billing", ["regular", "Commitment", "tax", "credit", "adjustment"])
            for is_bought in [kind == "Commitment"]
        ],
    )
    write_csv(
        landing / "azure_cost" / "signs.csv",
        [
            {
                "BillingAccountId": "azure-1",
                "BillingPeriodStartDate": "03/01/2026",
                "Date": "03/05/2026",
                "Cost": amount,
                "BillingCurrency": "USD",
                "ChargeType": kind,
                "MeterCategory": "Cognitive Services",
                "MeterSubCategory": "Azure OpenAI",
                "MeterName": f"charge {amount}",
            }
            for amount, kind in both("azure_cost", ["Usage", "Purchase", "Tax", "Credit", "Refund"])
        ],
    )


@pytest.fixture(scope="module")
def books(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder = tmp_path_factory.mktemp("bills")
    land_two_currencies(folder / "landing")
    land_signs(folder / "landing")
    return run_with_rates(dbt, folder, RATES, *SELECTION).ok()


def classes(books: Build, provider: str, month: date) -> dict[str, Decimal]:
    """The residuals of a provider's month that are not zero."""
    return dict(
        books.rows(f"""
            select residual_class, residual_usd from marts.fct_reconciliation_residuals_monthly
            where provider = '{provider}' and month = '{month}' and residual_usd != 0
        """)
    )


def test_the_effect_of_the_rate_is_a_line_of_its_own_and_no_price(books: Build) -> None:
    # EUR 110.40 a day for USD 120: 121.44 at 1.10 and 132.48 at 1.20; the credit 11.04 for 10.
    assert classes(books, "azure", SEPTEMBER) == {
        "fx": Decimal("1.44") + Decimal("12.48") - Decimal("1.04"),
        "credit": Decimal(-10),
        "tax": Decimal(12),
    }
    # 38.64 for 40. The correction is at the rate of the charge that it corrects: 5.52 for 5.
    assert classes(books, "azure", OCTOBER) == {
        "fx": Decimal("-1.36") - Decimal("0.52"),
        "correction": Decimal(-5),
    }
    assert classes(books, "openai", SEPTEMBER) == {}


def test_a_bill_that_states_one_currency_only_shows_the_rate_as_a_contract(books: Build) -> None:
    # EUR 69 for USD 75: 75.90 at 1.10.
    assert classes(books, "mistral", SEPTEMBER) == {"contract_rate": Decimal("0.9")}


def test_both_amounts_are_kept(books: Build) -> None:
    found = books.rows("""
        select
            charge_date, billed_amount, currency, usd_per_unit, billed_usd,
            pricing_amount, pricing_currency, pricing_usd
        from ledger.int_billing__lines
        where provider = 'azure' and line_type = 'usage' and meter = 'input' and month >= '2026-09-01' order by all
    """)
    eur, usd = Decimal("36.8"), Decimal(40)
    assert found == [
        (date(2026, 9, 10), eur, "EUR", Decimal("1.1"), Decimal("40.48"), usd, "USD", usd),
        (date(2026, 9, 20), eur, "EUR", Decimal("1.2"), Decimal("44.16"), usd, "USD", usd),
        (date(2026, 10, 10), eur, "EUR", Decimal("1.05"), Decimal("38.64"), usd, "USD", usd),
    ]


def test_the_books_close_to_the_last_digit(books: Build) -> None:
    invoices = {
        ("azure", SEPTEMBER): Decimal("254.88"),
        ("azure", OCTOBER): Decimal("33.12"),
        ("mistral", SEPTEMBER): Decimal("75.9"),
        ("openai", SEPTEMBER): Decimal(40),
    }
    coverage = books.rows("""
        select provider, month, invoice_usd, ledger_usd from marts.fct_coverage_monthly
        where month >= '2026-09-01' and provider != 'all'
    """)
    residuals = books.rows("""
        select provider, month, sum(residual_usd) from marts.fct_reconciliation_residuals_monthly
        where month >= '2026-09-01' group by all
    """)
    charges = books.rows("""
        select ProviderName, cast(BillingPeriodStart as date), sum(BilledCost) from marts.focus_cost_and_usage
        where BillingPeriodStart >= '2026-09-01' group by all
    """)
    charged = books.rows("""
        select month, sum(total_usd) from marts.fct_chargeback_monthly where month >= '2026-09-01' group by all
    """)
    gaps = {(provider, month): usd for provider, month, usd in residuals}
    assert {(provider, month): usd for provider, month, usd, _ in coverage} == invoices
    assert {(p, m): ledger + gaps[p, m] for p, m, _, ledger in coverage} == invoices
    assert {(provider, month): usd for provider, month, usd in charges} == invoices
    assert dict(charged) == {SEPTEMBER: Decimal("370.78"), OCTOBER: Decimal("33.12")}


@pytest.mark.parametrize("format_name", SIGNS)
def test_each_line_type_both_ways(books: Build, format_name: str) -> None:
    found = books.rows(f"""
        select lines.billed_amount, lines.line_type, flagged.problem is not null
        from ledger.int_billing__lines as lines
        left join marts.fct_flagged_bill_lines as flagged using (_source_file, _source_row, _source_item)
        where lines._source_file like '{format_name}/signs.%'
    """)
    expected = {Decimal(amount): outcome for amount, outcome in SIGNS[format_name].items()}
    assert {amount: (line_type, flagged) for amount, line_type, flagged in found} == expected
    assert len(found) == len(expected)


def test_a_flagged_line_counts_and_says_where_it_is_and_what_to_do(books: Build) -> None:
    ((problem, look_first, file, line),) = books.rows("""
        select problem, look_first, _source_file, _source_row from marts.fct_flagged_bill_lines
        where billed_amount = 4.07
    """)
    assert (problem, file, line) == ("a credit above zero", "cloud_billing/focus/signs.csv", 8)
    assert "check that it was granted before" in look_first
    ((invoice,),) = books.rows("""
        select sum(invoice_usd) from marts.fct_coverage_monthly where month = '2026-03-01' and provider = 'all'
    """)
    assert invoice == sum(Decimal(amount) for lines in SIGNS.values() for amount in lines)
    assert "assert_bill_lines_have_the_sign_of_their_type" in books.output
    assert "WARN" in books.output


def test_a_typed_credit_without_its_minus_is_refused_with_its_line(books: Build) -> None:
    refused = books.rows("""
        select _source_row, reason from marts.fct_rejected_records
        where _source_file = 'provider_costs/generic_invoice/signs.csv' order by 1
    """)
    assert refused == [
        (
            14,
            "a credit lowers the bill: its amount must not be above zero (one that is withdrawn is a correction)",
        ),
        (
            15,
            "a refund lowers the bill: its amount must not be above zero (one that is withdrawn is a correction)",
        ),
    ]
