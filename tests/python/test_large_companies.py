"""Companies of USD 16 million and 1 billion a month: every model builds, and the ledger is exact to the last digit.

They are one company at two sizes: each count of tokens, rate and bill of the larger one is 64 times the smaller one's.
So every figure is too, and what overflows, or turns silently into nothing, shows as a difference.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import COMPANY, PROMISES_ONLY, ROOT, Build, Dbt, copy_company
from jinja2 import Template

pytestmark = pytest.mark.slow

Row = dict[str, Any]
SIZES = {"16 million": 1, "1 billion": 64}  # USD a month
RATIO = 64
DAYS = [date(2026, 9, 1) + timedelta(days=number) for number in range(61)]
SPIKE = date(2026, 10, 14)  # three times the requests
PLANNED = date(2026, 10, 21)  # as many, with a plan
CACHE_BREAK = date(2026, 10, 12)

# What one record of a day was used for: tokens of the smaller company (a record has at most a billion).
#   provider, model, team, feature, workflow, records a day, input, cache reads, output tokens
TRAFFIC = [
    ("openai", "o1-pro", "research", "deep_research", "research_agent", 30, 7_800_000, 0, 14_000_000),
    ("openai", "o1-pro", "analytics", "sql_assistant", "write_sql", 20, 7_800_000, 0, 14_000_000),
    ("openai", "o1-pro", None, None, None, 4, 7_800_000, 0, 14_000_000),
    ("anthropic", "claude-opus-4-5", "support", "support_copilot", "draft_reply", 20, 15_000_000, 12_000_000,
     14_000_000),
    ("azure", "ptu-chat", "search", "search_answers", "rewrite_query", 10, 14_000_000, 0, 14_000_000),
]  # fmt: skip
PTU = "/subscriptions/s1/deployments/ptu-chat"
YEAR_IN_ADVANCE = 200_000_000  # for a year; 12.8 billion of the larger company
COMMITMENT = (
    "chat-ptu,azure,provisioned_throughput,PTU-Chat,,gpt-4.1,%/ptu-chat,{units},900000,2,,,"
    "2026-09-01,2027-09-01,order 7"
)
GPU_RATE, TRAIN_RATE, GPUS = Decimal(1_500), Decimal("2.21"), 300
POOLS = f"""
chat-rack,inference,H100,8,{{rack}},reserved,L4,0.40,platform,{{smaller}}
train-a100,training,A100-80GB,8,{TRAIN_RATE},on_demand,A10G,0.40,research,
""".strip()


def prices() -> dict[tuple[str, str], dict[str, Decimal]]:
    """By provider and model of the traffic, the sheet's ordinary price of each meter."""
    found: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(dict)
    with (ROOT / "seeds" / "reference" / "model_prices.csv").open() as file:
        for row in csv.DictReader(file):
            if row["service_tier"] == "standard" and row["effective_from"] < "2026-09":
                assert not row["effective_until"] or row["model"] not in (
                    "o1-pro",
                    "claude-opus-4-5",
                    "gpt-4.1",
                )
                found[row["provider"], row["model"]][row["meter"]] = Decimal(row["usd_per_unit"])
    return {**found, ("azure", "ptu-chat"): found["azure", "gpt-4.1"]}


def records(size: int) -> Iterator[Row]:
    for day in DAYS:
        for provider, model, team, feature, workflow, usual, *tokens in TRAFFIC:
            is_busy = (day, feature) in {(SPIKE, "deep_research"), (PLANNED, "sql_assistant")}
            count = usual * (3 if is_busy else 1)
            # A session of 250 calls on one day, of five on the others.
            is_runaway = provider == "anthropic" and day == date(2026, 10, 7)
            calls = 250 if is_runaway else count
            for number in range(calls):
                inputs, reads, outputs = (
                    size * (n * count // calls + 7919 * number % 1009) if n else 0 for n in tokens
                )
                yield {
                    "timestamp": f"{day}T{number % 24:02d}:{number % 60:02d}:00Z",
                    "request_id": f"{day}-{feature}-{number}",
                    "provider": provider,
                    "model": model,
                    "team_id": team,
                    "feature_name": feature,
                    "workflow_name": workflow,
                    "session_id": f"{day}-{0 if is_runaway else number // 5}"
                    if provider == "anthropic"
                    else None,
                    "request_count": 20_000,
                    "input_tokens": inputs,
                    "cached_tokens": 0 if day >= CACHE_BREAK else reads,
                    "output_tokens": outputs,
                    "service_tier": "standard",
                    "status_code": 200,
                }


def charges(size: int) -> Iterator[tuple[Row, str, int, Decimal]]:
    """Each record, meter, tokens and USD: what the ledger must have."""
    sheet = prices()
    for record in records(size):
        of_meter = {
            "input": record["input_tokens"] - record["cached_tokens"],
            "cache_read": record["cached_tokens"],
            "output": record["output_tokens"],
        }
        for meter, tokens in of_meter.items():
            if tokens:
                yield record, meter, tokens, tokens * sheet[record["provider"], record["model"]][meter]


def invoice_lines(size: int) -> Iterator[Row]:
    """Bills that agree with the ledger to the last digit, with a tax, a credit and a year's commitment besides."""
    used: dict[tuple[str, str, str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for record, meter, tokens, usd in charges(size):
        if record["provider"] != "azure":  # what the commitment serves is not billed by the token
            line = used[record["timestamp"][:10], record["provider"], record["model"], meter]
            line[0] += tokens
            line[1] += usd
    for (day, provider, model, meter), (tokens, usd) in used.items():
        yield {
            "provider": provider, "charge_start_at": f"{day}T00:00:00Z", "charge_end_at": f"{day}T23:59:59Z",
            "line_type": "usage", "model": model, "meter": meter, "quantity": tokens, "unit": "tokens", "amount": usd,
        }  # fmt: skip
    for month in ("2026-09", "2026-10"):
        own: Row = {"charge_start_at": f"{month}-01T00:00:00Z", "charge_end_at": f"{month}-30T00:00:00Z"}
        yield {**own, "provider": "openai", "line_type": "tax", "amount": 3_000_000 * size}
        yield {**own, "provider": "anthropic", "line_type": "credit", "amount": -50_000 * size}
        yield {**own, "provider": "mistral", "line_type": "usage", "amount": 2_000_000 * size}
    yield {
        "provider": "azure", "charge_start_at": "2026-09-01T00:00:00Z", "charge_end_at": "2027-09-01T00:00:00Z",
        "line_type": "usage", "quantity": 8_760, "unit": "hours", "amount": YEAR_IN_ADVANCE * size,
        "key_or_project_id": PTU, "description": "Provisioned Managed Global Unit",
    }  # fmt: skip


def write_lines(path: Path, rows: Iterator[Row]) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_csv(path: Path, rows: list[Row]) -> None:
    path.parent.mkdir(parents=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)), restval="")
        writer.writeheader()
        writer.writerows(rows)


def write_landing(landing: Path, size: int) -> None:
    write_lines(landing / "gateway_traces" / "generic" / "traces.jsonl", records(size))
    invoice = [
        {
            "invoice_id": f"{line['provider']}-{line['charge_start_at'][:7]}",
            "billing_period_start": f"{line['charge_start_at'][:7]}-01",
            "currency": "USD",
            **line,
        }
        for line in invoice_lines(size)
    ]
    write_csv(landing / "provider_costs" / "generic_invoice" / "invoices.csv", invoice)
    cloud = [
        {
            "ProviderName": "AWS", "ServiceName": "Amazon Bedrock", "ServiceCategory": "AI and Machine Learning",
            "BillingAccountId": "1", "BillingCurrency": "USD", "ChargeCategory": "Usage", "SkuId": "S",
            "BillingPeriodStart": f"2026-{month}-01 00:00:00", "ChargePeriodStart": f"2026-{month}-05 00:00:00",
            "ChargePeriodEnd": f"2026-{month}-06 00:00:00", "BilledCost": 3_125_000 * size,
            "ChargeDescription": "Model customization",
        }
        for month in ("09", "10")
    ]  # fmt: skip
    write_csv(landing / "cloud_billing" / "focus" / "cloud.csv", cloud)
    telemetry = (
        {
            "hour_start_at": f"{day}T{hour:02d}:00:00Z",
            "pool_id": "chat-rack",
            "gpu_id": f"rack/{gpu}",
            "utilization_share": 0 if hour < 6 else 0.31,
        }
        for day in DAYS
        for hour in range(24)
        for gpu in range(2)
    )
    write_lines(landing / "gpu_usage" / "generic" / "hours.jsonl", telemetry)
    jobs = (
        {
            "job_id": f"job-{month}",
            "pool_id": "train-a100",
            "state": "COMPLETED" if month == "09" else "FAILED",
            "submitted_at": f"2026-{month}-03T00:00:00Z",
            "started_at": f"2026-{month}-03T00:00:00Z",
            "ended_at": f"2026-{month}-13T00:00:00Z",
            "last_progress_at": f"2026-{month}-12T00:00:00Z",
            "gpu_count": GPUS * size,
            "has_auto_stop": month == "09",
        }
        for month in ("09", "10")
    )
    write_lines(landing / "gpu_jobs" / "generic" / "jobs.jsonl", jobs)


def write_company(folder: Path, size: int) -> Path:
    def seed(name: str, rows: str) -> str:
        return (COMPANY / f"{name}.csv").read_text().splitlines()[0] + "\n" + rows + "\n"

    return copy_company(
        folder,
        commitments=seed("commitments", COMMITMENT.format(units=2 * size)),
        gpu_pools=seed("gpu_pools", POOLS.format(rack=GPU_RATE * size, smaller=GPU_RATE * size / 4)),
        planned_events=seed(
            "planned_events", f"analytics,sql_assistant,{PLANNED},{PLANNED + timedelta(1)},2.5,Plan"
        ),
    )


@pytest.fixture(scope="module", params=SIZES)
def company(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Build:
    return build(dbt, tmp_path_factory, SIZES[request.param])


BUILT: dict[int, Build] = {}


def build(dbt: Dbt, folders: pytest.TempPathFactory, size: int) -> Build:
    if size not in BUILT:
        folder = folders.mktemp(f"large-{size}")
        write_landing(folder / "landing", size)
        seeds = write_company(folder / "company", size)
        # All tests of the data have passed before the larger company is published.
        tests = () if size == RATIO else PROMISES_ONLY
        BUILT[size] = dbt.run(folder, "build", *tests, company=seeds)
    return BUILT[size]


def size_of(company: Build) -> int:
    return next(size for size, build in BUILT.items() if build is company)


def test_only_gates_fail(company: Build) -> None:
    """Bedrock and Mistral have no traces, so these books are open; nothing else is wrong."""
    failed = [line for line in company.output.splitlines() if "FAIL " in line or "ERROR " in line]
    assert [line for line in failed if "assert_no_gate_fails" not in line] == []
    assert "PASS assert_residuals_close_the_books" in company.output


def test_the_ledger_is_exact_to_the_last_digit(company: Build) -> None:
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for record, _, _, usd in charges(size_of(company)):
        expected[record["provider"]] += usd
    months = sum(expected.values()) / 2
    assert months > (15_000_000 if size_of(company) == 1 else 1_000_000_000)
    for cost, table in [
        ("attempt_cost_usd", "fct_attempts"), ("request_cost_usd", "fct_requests"),
        ("cost_usd", "fct_request_costs_monthly"),
    ]:  # fmt: skip
        found = company.rows(f"select provider, sum({cost}) from marts.{table} group by provider")
        assert dict(found) == expected, table
    layers = dict(
        company.rows("select cost_layer, sum(cost_usd) from marts.fct_cost_daily group by cost_layer")
    )
    assert layers == {
        "managed_api": sum(expected.values()),
        "self_hosted_inference": 2 * 24 * len(DAYS) * GPU_RATE * size_of(company),
        "training": 2 * 10 * 24 * GPUS * TRAIN_RATE * size_of(company),
    }


def test_the_invoices_close(company: Build) -> None:
    size = size_of(company)
    # October's share of the year is in September's bill: Azure sends none for October.
    served = sum(
        usd
        for record, _, _, usd in charges(size)
        if record["provider"] == "azure" and record["timestamp"] < "2026-10"
    )
    found = company.rows("""
        select provider, residual_class, sum(residual_usd) from marts.fct_reconciliation_residuals_monthly
        where residual_usd != 0 group by all order by all
    """)
    assert found == [
        ("anthropic", "credit", -100_000 * size),
        ("azure", "minimum_or_commitment", YEAR_IN_ADVANCE * size - served),
        ("bedrock", "not_captured", 6_250_000 * size),
        ("mistral", "not_captured", 4_000_000 * size),
        ("openai", "tax", 6_000_000 * size),
    ]


def test_a_spike_of_millions_is_found(company: Build) -> None:
    found = company.rows("""
        select date, feature_name, verdict, round(excess_usd / expected_usd, 1) from (
            select *, expected_cost_usd as expected_usd from marts.fct_spend_spikes_daily
        ) where feature_name in ('deep_research', 'sql_assistant') order by all
    """)
    assert found == [(SPIKE, "deep_research", "unexplained", 2), (PLANNED, "sql_assistant", "planned", 2)]


def test_a_year_in_advance_is_spread_over_its_days(company: Build) -> None:
    found = company.rows("""
        select month, commitment_cost_usd, used_cost_usd + unused_cost_usd, used_share
        from marts.fct_commitments_monthly where commitment_id = 'chat-ptu' order by month
    """)
    whole = Decimal(YEAR_IN_ADVANCE) * size_of(company)
    assert [row[0] for row in found] == [date(2026, 9, 1), date(2026, 10, 1)]
    for (_, cost, parts, used), days in zip(found, (30, 31), strict=True):
        assert abs(cost - whole * days / 365) < Decimal("0.0001") and parts == cost
        assert 0 < used < 1


def test_people_can_read_the_audit(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> None:
    published = build(dbt, tmp_path_factory, RATIO).published
    assert published.exists()
    report = published.parent / "month.html"
    for arguments in (["summary"], ["report", "month", "--output", str(report)]):
        subprocess.run(
            [Path(sys.executable).parent / "ai-cost", *arguments],
            env={**os.environ, "AI_COST_WAREHOUSE": str(published.parent)},
            cwd=ROOT,
            check=True,
        )
    assert "Managed API" in report.read_text()


def amounts(company: Build) -> dict[str, Row]:
    """By table of the marts: how many rows it has, and by column of money how many are known and their sum."""
    found: dict[str, Row] = {}
    with duckdb.connect(str(company.built), read_only=True) as connection:
        tables = connection.execute("""
            select table_name, list(column_name order by column_name) from information_schema.columns
            where
                table_schema = 'marts' and data_type like 'DECIMAL(%,12)'
                and regexp_matches(column_name, '(usd|Cost)$')
            group by table_name
        """).fetchall()
        for table, columns in tables:
            sums = "count(*), " + ", ".join(f"count({name}), coalesce(sum({name}), 0)" for name in columns)
            rows, *values = connection.execute(f"select {sums} from marts.{table}").fetchall()[0]
            known = dict(zip(columns, values[::2], strict=True))
            found[table] = {
                "rows": rows,
                "known": known,
                "usd": dict(zip(columns, values[1::2], strict=True)),
            }
    return found


def test_the_larger_company_is_the_smaller_one_times_64(
    dbt: Dbt, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In every table of the marts: as many rows, and each amount as often known and as large."""
    small, large = (amounts(build(dbt, tmp_path_factory, size)) for size in SIZES.values())
    assert len(small) > 20
    for kind in ("rows", "known"):
        assert {table: each[kind] for table, each in small.items()} == {
            table: each[kind] for table, each in large.items()
        }
    assert [
        (table, name, usd, large[table]["usd"][name])
        for table, each in small.items()
        for name, usd in each["usd"].items()
        # What own GPUs cost on demand does not grow with their rate. A share of tokens is whole tokens.
        if table != "fct_commitments_monthly"
        and "_per_" not in name
        and abs(large[table]["usd"][name] - RATIO * usd) > RATIO * abs(usd) * Decimal("1e-8")
    ] == []


LARGEST = Decimal("999999999999.999999999999")


@pytest.mark.parametrize(
    ("macro", "call", "usd"),
    [
        ("billing/at_rate", "at_rate(amount, 'cast(1.1 as decimal(18, 12))')", LARGEST * Decimal("1.1")),
        ("billing/at_rate", "at_rate(amount, 'cast(99 as decimal(18, 12))')", LARGEST * 99),
        ("chargeback/charged_part", "charged_part(amount, '1', '4')", LARGEST / 4),
        ("money/ratios", "share(amount, amount)", Decimal(1)),
        ("money/ratios", "per_unit(amount, '1e9')", Decimal(1000)),
    ],
)
def test_the_largest_amount_holds(macro: str, call: str, usd: Decimal) -> None:
    source = (ROOT / "macros" / f"{macro}.sql").read_text()
    sql = Template(source + "{{ " + call + " }}").render(amount=f"cast({LARGEST} as decimal(38, 12))")
    found: Decimal = duckdb.sql(f"select {sql}").fetchall()[0][0]
    assert abs(found - usd) <= Decimal("1e-12")
