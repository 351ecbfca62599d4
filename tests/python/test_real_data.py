"""Public data sets through the whole build, against totals counted here from the raw files with plain Python.

`docs/real-data.md` says what the sets are. They live beside the repository, not in it: without them only the
tests of the mapping's rules run.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ai_cost_audit import real
from ai_cost_audit.settings import PROJECT

SHARED_DATA = Path(os.environ.get("REAL_DATA") or PROJECT.parent / "shared" / "data")
needs_data = pytest.mark.skipif(
    not SHARED_DATA.is_dir(),
    reason=f"the public data sets are not in {SHARED_DATA.name}/ beside the repository",
)

BILLIONTH = Decimal("0.000000001")
ZERO = Decimal(0)

# The price row that each name must meet, read off the names by hand: (provider, model of the price sheet).
SONNET_35 = ("anthropic", "claude-3-5-sonnet")
SONNET_37 = ("anthropic", "claude-3-7-sonnet")
FLASH_15 = ("google", "gemini-1.5-flash")
PRO_15 = ("google", "gemini-1.5-pro")
PRICE_ROWS = {
    "anthropic/claude-3-7-sonnet-20250219": SONNET_37,
    "bedrock/us.anthropic.claude-3-5-haiku-20241022-v1:0": ("bedrock", "claude-3-5-haiku"),
    "claude-3-5-haiku-20241022": ("anthropic", "claude-3-5-haiku"),
    "claude-3-5-sonnet-20240620": SONNET_35,
    "claude-3-5-sonnet-20241022": SONNET_35,
    "claude-3-7-sonnet-20250219": SONNET_37,
    "deepseek/deepseek-chat": ("deepseek", "deepseek-chat"),
    "deepseek/deepseek-reasoner": ("deepseek", "deepseek-reasoner"),
    "gemini-1.5-flash": FLASH_15,
    "gemini/gemini-1.5-flash": FLASH_15,
    "gemini/gemini-1.5-flash-001": FLASH_15,
    "gemini/gemini-1.5-flash-002": FLASH_15,
    "gemini/gemini-1.5-flash-8b": ("google", "gemini-flash-1.5-8b"),
    "gemini/gemini-1.5-flash-latest": FLASH_15,
    "gemini/gemini-1.5-pro": PRO_15,
    "gemini/gemini-1.5-pro-001": PRO_15,
    "gemini/gemini-1.5-pro-002": PRO_15,
    "gemini/gemini-1.5-pro-latest": PRO_15,
    "gemini/gemini-2.0-flash-exp": ("google", "gemini-2.0-flash"),
    "gpt-4-0613": ("openai", "gpt-4"),
    "gpt-4o": ("openai", "gpt-4o"),
    "gpt-4o-2024-08-06": ("openai", "gpt-4o"),
    "gpt-4o-mini": ("openai", "gpt-4o-mini"),
    "mistral/codestral-latest": ("mistral", "codestral"),
    "o1": ("openai", "o1"),
    "o1-preview": ("openai", "o1-preview"),
    "o3-mini": ("openai", "o3-mini"),
    "openai/gpt-4o-mini": ("openai", "gpt-4o-mini"),
}


@dataclass(frozen=True)
class Real:
    """The landed sets, how the build ended, and a connection to the published file and the staged rows."""

    landed: list[real.LandedSet]
    exit_code: int
    log: str
    sql: duckdb.DuckDBPyConnection

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.sql.execute(query).fetchall()

    def value(self, query: str) -> Any:
        return self.rows(query)[0][0]


@dataclass(frozen=True)
class Call:
    """A `message_send` event of the aider log."""

    user_id: str | None
    model: str
    input_tokens: int
    output_tokens: int
    cost: Decimal
    day: date


def dbt(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "AI_COST_LANDING": str(folder / "landing"),
        "AI_COST_WAREHOUSE": str(folder / "warehouse"),
        "AI_COST_COMPANY": "seeds/real",
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    command = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *arguments]
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    folder = tmp_path_factory.mktemp("real")
    landed = real.land(SHARED_DATA, folder / "landing")
    run = dbt(folder, "build")
    assert (folder / "warehouse" / "ai_cost.duckdb").is_file(), run.stdout[-4000:]
    sql = duckdb.connect(str(folder / "warehouse" / "build.duckdb"), read_only=True)
    yield Real(landed, run.returncode, run.stdout, sql)
    sql.close()


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    found = []
    with gzip.open(SHARED_DATA / real.AIDER, "rt", encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line, parse_float=Decimal)
            if event["event"] == "message_send":
                said = event["properties"]
                found.append(
                    Call(
                        event["user_id"],
                        said["main_model"],
                        said["prompt_tokens"],
                        said["completion_tokens"],
                        Decimal(said["cost"]),
                        datetime.fromtimestamp(event["time"], UTC).date(),
                    )
                )
    return found


def raw_csv(path: str) -> list[dict[str, str]]:
    file = SHARED_DATA / path
    with gzip.open(file, "rt", newline="") if file.suffix == ".gz" else file.open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def duty_cycles() -> dict[tuple[int, str], list[Decimal]]:
    """The samples (percent) of each hour and pod."""
    samples: dict[tuple[int, str], list[Decimal]] = defaultdict(list)
    for row in raw_csv(real.ALIBABA):
        samples[int(float(row["timestamp_anon"]) // 3600), row["container_ip"]].append(Decimal(row["value"]))
    return samples


# ---- the whole


@needs_data
def test_only_gates_fail_and_the_copy_is_published_with_open_books(built: Real) -> None:
    failed = re.findall(r"(?:FAIL \d+|ERROR)\S* +(?:creating )?\S*?(\w+) \.\.+", built.log)
    assert (built.exit_code, failed) == (1, ["assert_no_gate_fails"])
    assert built.value("select books_status from marts.audit_run") == "open"


@needs_data
def test_every_record_is_staged(built: Real) -> None:
    counted = {
        "aider-usage-log": 4_446,
        "azure-llm-2023-conv": len(raw_csv(real.AZURE)),
        "focus-1.0-sample": len(raw_csv(real.FOCUS)),
        "alibaba-gentd26": 1_246,
    }
    assert {landed.name: landed.records for landed in built.landed} == counted
    files = built.rows(
        "select source_file, record_count, staged_record_count, rejected_record_count, "
        "duplicate_capture_count from marts.fct_landed_files"
    )
    assert {Path(file).name.split(".csv")[0].split(".jsonl")[0]: rest for file, *rest in files} == {
        name: [count, count, 0, 0] for name, count in counted.items()
    }


@needs_data
def test_nobody_owns_anything(built: Real) -> None:
    assert built.rows("select distinct team_id, attribution_method from marts.fct_requests") == [
        (None, "unattributed")
    ]
    assert built.rows("select distinct team_id from marts.fct_team_spend_monthly") == [("unattributed",)]
    assert built.value("select count(*) from marts.dim_teams where team_id != 'unattributed'") == 0


# ---- aider: calls to model APIs


@needs_data
def test_calls_tokens_and_reported_dollars_of_each_user(built: Real, calls: list[Call]) -> None:
    counted: dict[str | None, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO, ZERO, ZERO])
    for call in calls:
        figures = counted[call.user_id]
        for position, figure in enumerate((1, call.input_tokens, call.output_tokens)):
            figures[position] += figure
        figures[3] += call.cost
    # The published totals of the set.
    assert len(calls) == 4_446
    assert sum(figures[1] for figures in counted.values()) == 54_031_976
    assert sum(figures[2] for figures in counted.values()) == 2_145_280
    assert round(sum((call.cost for call in calls), ZERO), 2) == Decimal("156.54")

    ledger = built.rows("""
        select user_id, count(*), sum(uncached_input_tokens + cache_read_tokens + cache_write_tokens),
            sum(output_tokens), sum(reported_cost_usd)
        from marts.fct_requests where feature_name = 'aider' group by user_id
    """)
    assert {user for user, *_ in ledger} == set(counted)
    for user, *figures in ledger:
        assert figures[:3] == counted[user][:3]
        assert abs(figures[3] - counted[user][3]) < BILLIONTH


@needs_data
def test_the_ledger_costs_what_the_sheet_says(built: Real, calls: list[Call]) -> None:
    sheet = price_sheet()
    # An own price row names a model as the log does; the others were read off by hand.
    own = {row["model"]: (row["provider"], row["model"]) for row in own_prices() if "/" in row["model"]}
    price_rows = own | PRICE_ROWS
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for call in calls:
        if call.model in price_rows:
            expected[call.model] += list_cost(sheet, price_rows, call)
    ledger = dict(
        built.rows("""
            select requested_model, sum(request_cost_usd) from marts.fct_requests
            where feature_name = 'aider' and pricing_status = 'priced' group by requested_model
        """)
    )
    assert set(price_rows) <= set(ledger)
    assert [name for name in price_rows if abs(ledger[name] - expected[name]) > BILLIONTH] == []


@needs_data
def test_a_call_without_a_price_costs_nothing_known_not_zero(built: Real) -> None:
    counted = built.rows("""
        select count(*), count(request_cost_usd), count(*) filter (pricing_status = 'unpriced')
        from marts.fct_requests where requested_model like '%REDACTED' and provider != 'self_hosted'
            and uncached_input_tokens > 0
    """)
    assert counted[0][0] == counted[0][2] > 0
    assert counted[0][1] == 0


@needs_data
def test_openai_calls_cost_what_aider_reported_at_the_time(built: Real) -> None:
    """An independent price list: aider computed these dollars in 2024 and 2025, from the list of that day."""
    apart = built.rows("""
        select requested_model, requested_at, request_cost_usd, reported_cost_usd from marts.fct_requests
        where provider = 'openai' and pricing_status = 'priced'
            and abs(request_cost_usd - reported_cost_usd) > 0.000000001
    """)
    assert apart == []
    equal = built.value("""
        select count(*) from marts.fct_requests
        where feature_name = 'aider' and pricing_status = 'priced'
            and abs(request_cost_usd - reported_cost_usd) <= 0.000000001
    """)
    assert equal >= 2_972  # of 3,493 priced calls; docs/real-data.md explains the others


Sheet = dict[tuple[str, str, str], list[dict[str, str]]]


def price_sheet() -> Sheet:
    """The rows of each provider, model and meter: the reference sheet, without the models of the own one."""
    sheet: Sheet = defaultdict(list)
    own = own_prices()
    replaced = {(row["provider"], row["model"]) for row in own}
    for row in own + seed("reference/model_prices.csv"):
        is_replaced = row not in own and (row["provider"], row["model"]) in replaced
        if row["service_tier"] == "standard" and not is_replaced:
            sheet[row["provider"], row["model"], row["meter"]].append(row)
    return sheet


def own_prices() -> list[dict[str, str]]:
    return seed("real/own_model_prices.csv")


def seed(path: str) -> list[dict[str, str]]:
    with (PROJECT / "seeds" / path).open(newline="") as lines:
        return list(csv.DictReader(lines))


def list_cost(sheet: Sheet, price_rows: dict[str, tuple[str, str]], call: Call) -> Decimal:
    def rate(meter: str) -> Decimal:
        rows = [
            row
            for row in sheet[*price_rows[call.model], meter]
            if date.fromisoformat(row["effective_from"]) <= call.day
            and (not row["effective_until"] or call.day < date.fromisoformat(row["effective_until"]))
            and (not int(row["above_context_tokens"]) or call.input_tokens > int(row["above_context_tokens"]))
        ]
        return Decimal(max(rows, key=lambda row: int(row["above_context_tokens"]))["usd_per_unit"])

    return call.input_tokens * rate("input") + call.output_tokens * rate("output")


# ---- azure: a self-hosted service


@needs_data
def test_the_azure_hour(built: Real) -> None:
    raw = raw_csv(real.AZURE)
    counted = (
        len(raw),
        sum(int(row["ContextTokens"]) for row in raw),
        sum(int(row["GeneratedTokens"]) for row in raw),
        min(row["TIMESTAMP"] for row in raw)[:26],  # the seventh digit of a second is always 0
        max(row["TIMESTAMP"] for row in raw)[:26],
    )
    assert counted[:3] == (19_366, 22_361_870, 4_088_665)
    assert {row["TIMESTAMP"][26:] for row in raw} == {"0"}
    assert built.rows("""
        select count(*), sum(uncached_input_tokens), sum(output_tokens),
            strftime(min(requested_at), '%Y-%m-%d %H:%M:%S.%f'),
            strftime(max(requested_at), '%Y-%m-%d %H:%M:%S.%f')
        from marts.fct_requests where model = 'azure-llm-conv'
    """) == [counted]


@needs_data
def test_a_self_hosted_call_without_a_pool_has_no_price_and_is_not_free(built: Real) -> None:
    for model in ("azure-llm-conv", "ollama/REDACTED"):
        found = built.rows(
            "select distinct provider, pricing_status, request_cost_usd, exposure_usd from marts.fct_requests "
            f"where requested_model = '{model}'"
        )
        assert found == [("self_hosted", "unpriced", None, None)]


# ---- FOCUS: a cloud bill


@needs_data
def test_the_cloud_bill(built: Real) -> None:
    raw = raw_csv(real.FOCUS)
    total = sum((Decimal(row["BilledCost"]) for row in raw), ZERO)
    assert round(total, 4) == Decimal("11.6176")
    staged = (
        "select sum(billed_amount) from staging.stg_cloud_billing_focus__lines where _reject_reason is null"
    )
    assert abs(built.value(staged) - total) < BILLIONTH

    gpus = [
        Decimal(row["BilledCost"])
        for row in raw
        if re.search(r"\b[gp]\d\w*\.\w+ Instance Hour", row["ChargeDescription"])
    ]
    assert len(gpus) == 5  # four g5.4xlarge, one g3.4xlarge
    lines = built.rows("select provider, count(*), sum(billed_usd) from ledger.int_billing__lines group by 1")
    assert [(provider, count) for provider, count, _ in lines] == [("gpu_cloud", 5)]
    assert abs(lines[0][2] - sum(gpus)) < BILLIONTH
    assert built.value(
        "select billed_usd - attributed_usd from marts.fct_coverage_monthly "
        "where provider = 'gpu_cloud' and month = '2024-09-01'"
    ) == pytest.approx(sum(gpus))


# ---- Alibaba: GPU duty cycles


@needs_data
def test_the_mean_duty_cycle(built: Real, duty_cycles: dict[tuple[int, str], list[Decimal]]) -> None:
    samples = [sample for hour in duty_cycles.values() for sample in hour]
    mean = sum(samples, ZERO) / len(samples)
    assert (len(samples), round(mean, 2)) == (75_249, Decimal("12.06"))
    count, staged = built.rows("""
        select sum(sample_count), sum(utilization_share * sample_count) / sum(sample_count)
        from ledger.int_gpu_hours__unioned
    """)[0]
    assert count == len(samples)
    assert staged == pytest.approx(float(mean) / 100, abs=1e-6)

    by_hour = sum((sum(hour, ZERO) / len(hour) for hour in duty_cycles.values()), ZERO) / len(duty_cycles)
    pool = built.rows("select utilization_share, gpu_hours, cost_usd from marts.fct_gpu_pools_monthly")
    assert [hours for _, hours, _ in pool] == [len(duty_cycles)]
    assert float(pool[0][0]) == pytest.approx(float(by_hour) / 100, abs=1e-6)
    assert pool[0][2] is None  # the set names neither the GPU nor its rate


@needs_data
def test_idle_hours(built: Real, duty_cycles: dict[tuple[int, str], list[Decimal]]) -> None:
    samples = [sample for hour in duty_cycles.values() for sample in hour]
    assert Counter(sample == 0 for sample in samples)[True] == 32_134
    idle = sum(1 for hour in duty_cycles.values() if sum(hour, ZERO) / len(hour) < 5)
    assert dict(
        built.rows("select class, sum(gpu_hours) from marts.fct_gpu_hours_classified group by class")
    ) == {"allocated_idle": idle, "productive": len(duty_cycles) - idle}
    all_zero = sum(1 for hour in duty_cycles.values() if not any(hour))
    query = "select count(*) from ledger.int_gpu_hours__unioned where utilization_share = 0"
    assert built.value(query) == all_zero


# ---- landing


@needs_data
def test_landing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        real.land(SHARED_DATA, tmp_path / folder, shapes=True)
    real.land(SHARED_DATA, tmp_path / "one", shapes=True)  # over files that are there
    contents = [
        {path.relative_to(tmp_path / folder): path.read_bytes() for path in (tmp_path / folder).rglob("*.*")}
        for folder in ("one", "two")
    ]
    assert len(contents[0]) == 11
    assert contents[0] == contents[1]


@needs_data
def test_the_shapes_of_api_documentation_are_read(tmp_path: Path) -> None:
    """Their numbers are made up, so they land only on request; here they show that true shapes are read."""
    landed = real.land(SHARED_DATA, tmp_path / "landing", shapes=True)
    assert sum(shape.records for shape in landed if shape.name == "api-samples") == 7
    wanted = [
        "int_provider_usage__current",
        "int_billing__lines",
        "stg_gateway_traces_litellm__requests",
    ]
    selection = ["--select", *(f"+{model}" for model in wanted), "--indirect-selection", "cautious"]
    run = dbt(tmp_path, "build", *selection)
    assert run.returncode == 0, run.stdout[-4000:]
    with duckdb.connect(str(tmp_path / "warehouse" / "build.duckdb"), read_only=True) as sql:
        assert sql.execute("""
            select endpoint, account_id, uncached_input_tokens, cache_read_tokens, cache_write_5m_tokens,
                cache_write_1h_tokens, output_tokens
            from ledger.int_provider_usage__current order by endpoint
        """).fetchall() == [
            ("completions", "api-samples", 500, 400, 100, 0, 500),  # nothing is grouped in this one
            ("embeddings", "api-samples", 16, 0, 0, 0, None),
            ("messages", "api-samples", 1500, 200, 500, 1000, 500),
        ]
        assert sql.execute("""
            select provider, model, billed_usd from ledger.int_billing__lines
            where provider != 'gpu_cloud' order by provider
        """).fetchall() == [
            ("anthropic", "claude-sonnet-4-20250514", Decimal("1.2378912")),  # 123.78912 cents
            ("openai", None, Decimal("0.06")),
        ]
        assert (
            sql.execute("""
            select model, uncached_input_tokens, output_tokens, reported_cost_usd, _reject_reason
            from staging.stg_gateway_traces_litellm__requests
        """).fetchall()
            == [("gpt-4o", 10, 20, Decimal("0.000225"), None)] * 2
        )


def test_a_missing_set_is_named_and_nothing_is_landed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="aider-usage-log.*alibaba-gentd26"):
        real.land(tmp_path / "empty", tmp_path / "landing")
    assert not (tmp_path / "landing").exists()


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("anthropic/claude-3-7-sonnet-20250219", "anthropic"),
        ("openrouter/anthropic/claude-3.7-sonnet", "openrouter"),
        ("gemini/REDACTED", "gemini"),
        ("gpt-4o-2024-08-06", "openai"),
        ("o1-preview", "openai"),
        ("chatgpt-4o-latest", "openai"),
        ("claude-3-5-sonnet-20241022", "anthropic"),
        ("gemini-1.5-flash", "google"),
        ("deepseek-chat", "deepseek"),
        ("REDACTED", "unknown"),
        ("None", "unknown"),
    ],
)
def test_the_provider_of_a_model_name(model: str, provider: str) -> None:
    assert real.provider_of(model) == provider
