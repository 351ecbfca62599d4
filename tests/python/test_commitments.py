"""A small company with commitments at three providers: what they serve and cost, and what it does to the books.

September has 30 days, thus 720 hours; every token costs USD 0.00001 on demand. All figures are worked out by hand.
"""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import COMPANY, PROMISES_ONLY, Build, Dbt, copy_company

CHECKS = (
    "assert_commitments_do_not_overlap",
    "assert_residuals_close_the_books",
    "assert_savings_never_exceed_cost",
)
DAYS = range(1, 31)
PTU = "/subscriptions/s1/deployments/ptu-chat"
COMMITMENTS = """
chat-ptu,azure,provisioned_throughput,PTU-Chat,,gpt-scene,%/ptu-chat,2,1000,2,,,2026-09-01,2026-10-01,order 7
claude-priority,anthropic,priority_tier,claude-scene,priority,,,1,5000,,,0.125,2026-09-01,,order 8
asleep,google,provisioned_throughput,gemini-scene,provisioned_throughput,,,1,,,,2,2026-09-01,,order 9
""".strip()
PRICES = "".join(
    f"{provider},{model},{meter},standard,0,0.00001,token,2026-01-01,,so that tokens are dollars,2026-01-01\n"
    for provider, model in [
        ("azure", "gpt-scene"), ("anthropic", "claude-scene"), ("google", "gemini-scene"),
    ]
    for meter in ("input", "output")
)  # fmt: skip

# provider, model, tier, input and output tokens a day.
TRAFFIC = [
    ("azure", "ptu-chat", None, 1_000_000, 200_000),
    ("azure", "gpt-scene", None, 900_000, 100_000),
    ("anthropic", "claude-scene", "priority", 90_000, 10_000),
    ("anthropic", "claude-scene", "standard", 500_000, 0),
    ("google", "gemini-scene", None, 100_000, 0),
]
# What is billed by the token: not what the commitments serve.
BILLED = [traffic for traffic in TRAFFIC if traffic[1] != "ptu-chat" and traffic[2] != "priority"]


def _day(day: int) -> str:
    return f"2026-09-{day:02d}" if day <= 30 else "2026-10-01"


def _invoice_lines() -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for day in DAYS:
        times = {"charge_start_at": f"{_day(day)}T00:00:00Z", "charge_end_at": f"{_day(day + 1)}T00:00:00Z"}
        for provider, model, _, *counts in BILLED:
            for meter, tokens in zip(("input", "output"), counts, strict=True):
                if tokens:
                    lines.append({
                        **times, "provider": provider, "line_type": "usage", "model": model, "meter": meter,
                        "quantity": tokens, "unit": "tokens", "amount": Decimal(tokens) / 100_000,
                    })  # fmt: skip
        lines.append({
            **times, "provider": "azure", "line_type": "usage", "quantity": 48, "unit": "hours",
            "amount": 10, "key_or_project_id": PTU, "description": "Provisioned Managed Global Unit",
        })  # fmt: skip
    return lines


def write_landing(landing: Path) -> None:
    traces = landing / "gateway_traces" / "generic" / "september.jsonl"
    traces.parent.mkdir(parents=True)
    records = [
        {
            "timestamp": f"{_day(day)}T12:00:00Z",
            "request_id": f"{model}-{tier}-{day}",
            "team_id": "search",
            "provider": provider,
            "model": model,
            "service_tier": tier,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
        }
        for day in DAYS
        for provider, model, tier, input_tokens, output_tokens in TRAFFIC
    ]
    traces.write_text("".join(json.dumps(record) + "\n" for record in records))

    export = landing / "provider_usage" / "anthropic" / "september.json"
    export.parent.mkdir(parents=True)
    buckets = [
        {
            "starting_at": f"{_day(day)}T00:00:00Z",
            "ending_at": f"{_day(day + 1)}T00:00:00Z",
            "results": [
                {
                    "uncached_input_tokens": input_tokens,
                    "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 0},
                    "cache_read_input_tokens": 0,
                    "output_tokens": output_tokens,
                    "model": model,
                    "service_tier": tier,
                }
                for provider, model, tier, input_tokens, output_tokens in TRAFFIC
                if provider == "anthropic"
            ],
        }
        for day in DAYS
    ]
    export.write_text(json.dumps({"data": buckets, "has_more": False}))

    invoice = landing / "provider_costs" / "generic_invoice" / "invoice.csv"
    invoice.parent.mkdir(parents=True)
    columns = [
        "provider", "invoice_id", "billing_period_start", "charge_start_at", "charge_end_at", "line_type", "model",
        "meter", "quantity", "unit", "amount", "currency", "key_or_project_id", "description",
    ]  # fmt: skip
    with invoice.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        for line in _invoice_lines():
            own = {"invoice_id": line["provider"], "billing_period_start": "2026-09-01", "currency": "USD"}
            writer.writerow({**own, **line})

    cloud = landing / "cloud_billing" / "focus" / "september.csv"
    cloud.parent.mkdir(parents=True)
    line = {
        "BilledCost": "50", "EffectiveCost": "50", "ListCost": "50", "ContractedCost": "50",
        "BillingAccountId": "1", "BillingCurrency": "USD", "ChargeCategory": "Usage",
        "BillingPeriodStart": "2026-09-01 00:00:00", "BillingPeriodEnd": "2026-10-01 00:00:00",
        "ChargePeriodStart": "2026-09-05 00:00:00", "ChargePeriodEnd": "2026-09-06 00:00:00",
        "ConsumedQuantity": "24", "ConsumedUnit": "Hours", "PricingQuantity": "24", "PricingUnit": "Hours",
        "ProviderName": "AWS", "ServiceCategory": "AI and Machine Learning", "ServiceName": "Amazon Bedrock",
        "ResourceId": "arn:aws:bedrock:us-east-1:1:provisioned-model/abc", "ResourceType": "",
        "ChargeDescription": "", "ChargeClass": "", "RegionId": "us-east-1", "SkuId": "S", "SubAccountId": "1",
        "Tags": "", "x_UsageType": "USE1-ProvisionedThroughput-ModelUnits",
    }  # fmt: skip
    with cloud.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(line), lineterminator="\n")
        writer.writeheader()
        writer.writerow(line)


def _build(dbt: Dbt, folder: Path, rows: str) -> Build:
    write_landing(folder / "landing")
    header = (COMPANY / "commitments.csv").read_text().splitlines()[0]
    prices = (COMPANY / "own_model_prices.csv").read_text().splitlines()[0]
    company = copy_company(
        folder / "company", commitments=f"{header}\n{rows}\n", own_model_prices=f"{prices}\n{PRICES}"
    )
    marts = ("fct_findings", "fct_reconciliation_residuals_monthly", "fct_reconciliation_daily")
    select = [f"+{mart}" for mart in marts]
    return dbt.run(
        folder,
        *("build", "--select", *select, *(f"+{check}" for check in CHECKS), "--indirect-selection", "empty"),
        *PROMISES_ONLY,
        company=company,
    ).ok()


@pytest.fixture(scope="module")
def build(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Build:
    return _build(dbt, tmp_path_factory.mktemp("commitments"), COMMITMENTS)


def test_the_promises_hold_for_it(build: Build) -> None:
    assert [check for check in CHECKS if f"PASS {check}" not in build.output] == []


def test_each_commitment_states_use_cost_and_break_even(build: Build) -> None:
    found = build.rows("""
        select provider, commitment_id, cast(unit_hours as integer), cast(capacity_tokens as integer), served_tokens,
            used_share, commitment_cost_usd, cost_source, used_cost_usd, unused_cost_usd, on_demand_cost_usd,
            saving_usd, effective_usd_per_1k_tokens, break_even_used_share, verdict
        from marts.fct_commitments_monthly order by all
    """)
    stated = [tuple(round(float(v), 6) if isinstance(v, Decimal) else v for v in row) for row in found]
    assert stated == [
        # 5,000 tokens a minute for 720 hours, of which 3 million were used; 720 hours at 12.5 cents.
        ("anthropic", "claude-priority", 720, 216_000_000, 3_000_000, 0.013889, 90, "seed", 1.25, 88.75,
         30, -60, 0.03, 0.041667, "below_break_even"),
        # An output token counts twice: 30 x (1 million + 2 x 200,000) of 2 x 1,000 x 60 x 720.
        ("azure", "chat-ptu", 1440, 86_400_000, 36_000_000, 0.486111, 300, "bill", 145.833333, 154.166667,
         360, 60, 0.008333, 0.405093, "pays_off"),
        ("bedrock", "arn:aws:bedrock:us-east-1:1:provisioned-model/abc", None, None, 0, 0, 50, "bill", 0, 50,
         0, -50, None, None, "not_in_seed"),
        ("google", "asleep", 720, None, 0, 0, 1440, "seed", 0, 1440, 0, -1440, None, None, "unused"),
    ]  # fmt: skip


def test_fee_less_on_demand_value_is_the_residual_and_no_other_class_has_a_cent(build: Build) -> None:
    found = build.rows("""
        select provider, residual_class, residual_usd from marts.fct_reconciliation_residuals_monthly
        where residual_usd != 0 order by all
    """)
    assert [(provider, name, float(usd)) for provider, name, usd in found] == [
        ("anthropic", "minimum_or_commitment", -30),
        ("azure", "minimum_or_commitment", -60),
        ("bedrock", "minimum_or_commitment", 50),
    ]


def test_what_is_billed_by_the_token_matches_beside_the_commitments(build: Build) -> None:
    found = build.rows("""
        select provider, status, count(*), sum(ledger_cost_usd), sum(billed_usd)
        from marts.fct_reconciliation_daily group by all order by all
    """)
    assert [(*row[:3], float(row[3]), float(row[4])) for row in found] == [
        ("anthropic", "matched", 30, 150, 150),
        ("azure", "matched", 30, 300, 300),
        ("google", "matched", 30, 30, 30),
    ]


def test_commitments_that_do_not_pay_off_are_findings(build: Build) -> None:
    # The fee of the last is more than the whole ledger: the promise that savings never exceed cost holds it to its fee.
    found = build.rows("""
        select subject, amount_usd, monthly_savings_usd, evidence from marts.fct_findings
        where finding_type = 'unused_commitment' order by all
    """)
    assert [(subject, round(float(amount), 6), float(savings)) for subject, amount, savings, _ in found] == [
        ("anthropic claude-priority", 88.75, 60),
        ("google asleep", 1440, 1440),
    ]
    assert found[0][3] == (
        "USD 90.00 committed for claude-scene, 1.4% used; the same tokens cost USD 30.00 on demand, "
        "break-even at 4.2% of the capacity"
    )


def test_a_cell_adds_up_from_its_requests_and_its_lines(build: Build, dbt: Dbt) -> None:
    cell = {"month": "2026-09-01", "provider": "azure", "commitment_id": "chat-ptu"}
    for measure, kind, usd in [
        ("on_demand_cost_usd", "committed_attempts", 360),
        ("billed_usd", "billed_commitments", 300),
    ]:
        inline = f"{{{{ trace_dollar('fct_commitments_monthly', {cell}, '{measure}') }}}}"
        sql = dbt.run(build.folder, "--quiet", "compile", "--inline", inline).ok().output
        assert build.rows(f"select distinct kind, count(*), sum(usd) from ({sql}) group by kind") == [
            (kind, 30, usd)
        ]


def test_without_the_seed_the_hours_are_still_a_commitment_of_the_cloud_bill_and_nothing_else_is(
    dbt: Dbt, tmp_path: Path
) -> None:
    build = _build(dbt, tmp_path, "")
    found = build.rows("select commitment_id, verdict from marts.fct_commitments_monthly")
    assert found == [("arn:aws:bedrock:us-east-1:1:provisioned-model/abc", "not_in_seed")]
    found = build.rows("select count(*) from marts.fct_attempts where commitment_id is not null")
    assert found == [(0,)]
    with duckdb.connect(str(build.built), read_only=True) as connection:
        unpriced = connection.execute("""
            select distinct reported_model, service_tier from marts.fct_attempts
            where pricing_status = 'unpriced' order by all
        """).fetchall()
    assert unpriced == [("claude-scene", "priority"), ("ptu-chat", "standard")]
