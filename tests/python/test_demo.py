"""The demo company: same arguments same bytes, bills that add up, each defect found again in the files."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from ai_cost_audit.demo import ALL_DEFECTS, DemoReport, simulate
from ai_cost_audit.demo.bills import OPENAI_ACCOUNT
from ai_cost_audit.demo.company import ROUTES, TEAMS
from ai_cost_audit.demo.defects import BYPASS_PROJECT, CACHE_ROUTE, PREMIUM_ROUTE
from ai_cost_audit.demo.prices import COMPANY_SEEDS, REFERENCE_SEEDS, read_seed

REQUESTS = 6_000
MILLIONTH = Decimal("0.000001")


@dataclass(frozen=True)
class Demo:
    """A simulated company on disk, and a connection with views of its landed files."""

    report: DemoReport
    sql: duckdb.DuckDBPyConnection

    def value(self, query: str) -> Any:
        """The first value of the first row."""
        row = self.sql.execute(query).fetchone()
        assert row is not None
        return row[0]

    def amount(self, defect: str) -> Decimal:
        """What the answer key says of a defect."""
        return Decimal(self.entry(defect)["amount_usd"])

    def entry(self, defect: str) -> dict[str, str]:
        """The answer key's entry of a defect."""
        key = json.loads(self.report.answer_key.read_text())
        found: dict[str, str] = next(e for e in key["defects"] if e["defect"] == defect)
        return found


def views(landing: Path) -> duckdb.DuckDBPyConnection:
    """Deduplicated attempts with their price, and what was billed; shares no code with the simulator."""
    sql = duckdb.connect()
    traces = landing / "gateway_traces"
    sql.execute(f"""
        create table attempts as
        select distinct
            request_id || '/' || attempt as id, "timestamp"::timestamp as day_at, session_id, provider, model,
            feature_name || '/' || workflow_name as route_id, prompt_template_version as version,
            input_tokens - cached_tokens - cache_write_tokens - cache_write_1h_tokens as input,
            cached_tokens as cache_read, cache_write_tokens as cache_write_5m,
            cache_write_1h_tokens as cache_write_1h, output_tokens as output, status_code = 200 as is_good
        from read_json('{traces}/generic/*.jsonl.gz')
        union all
        select distinct
            id, make_timestamp(("startTime" * 1000000)::bigint), session_id,
            case custom_llm_provider when 'gemini' then 'google' else custom_llm_provider end, model,
            stamp.feature_name || '/' || stamp.workflow_name, stamp.prompt_template_version,
            prompt_tokens - used.cached_tokens - used.cache_creation_tokens, used.cached_tokens,
            used.cache_creation_token_details.ephemeral_5m_input_tokens,
            used.cache_creation_token_details.ephemeral_1h_input_tokens,
            completion_tokens, status = 'success'
        from (
            select *, metadata.spend_logs_metadata as stamp,
                metadata.usage_object.prompt_tokens_details as used
            from read_json('{traces}/litellm/*.jsonl.gz')
        )
    """)
    sql.execute(f"""
        create table prices as
        select provider, model, meter, usd_per_unit::decimal(18, 12) as usd,
            effective_from::timestamp as starts,
            coalesce(effective_until::timestamp, timestamp '9999-01-01') as ends
        from read_csv('{REFERENCE_SEEDS}/model_prices.csv', all_varchar = true)
        where service_tier = 'standard' and above_context_tokens = '0'
    """)
    sql.execute("""
        create table priced as
        with used as (
            unpivot (from attempts where provider <> 'self_hosted')
            on input, cache_read, cache_write_5m, cache_write_1h, output into name meter value tokens
        )
        select used.*, used.tokens::decimal(18, 0) * prices.usd as usd, prices.usd as price
        from used left join prices on prices.provider = used.provider and prices.model = used.model
            and prices.meter = used.meter and day_at >= prices.starts and day_at < prices.ends
        where used.tokens > 0
    """)
    sql.execute(f"""
        create table billed as
        select 'openai' as provider, result.project_id as project, result.amount.value::decimal(18, 6) as usd,
            to_timestamp(bucket.start_time) at time zone 'UTC' as day_at, 'usage' as line_type
        from (select unnest(data) as bucket from read_json('{landing}/provider_costs/openai/*/*.json')),
            unnest(bucket.results) as results (result)
        union all
        select 'anthropic', result.workspace_id, (result.amount::decimal(18, 6) * 0.01)::decimal(18, 6),
            bucket.starting_at::timestamp, 'usage'
        from (select unnest(data) as bucket from read_json('{landing}/provider_costs/anthropic/*/*.json')),
            unnest(bucket.results) as results (result)
        union all
        select provider, key_or_project_id, amount::decimal(18, 6), charge_start_at::timestamp, line_type
        from read_csv('{landing}/provider_costs/generic_invoice/*/*.csv', all_varchar = true)
        union all
        select 'bedrock', "SubAccountId", "BilledCost"::decimal(18, 6), "ChargePeriodStart"::timestamp,
            'usage'
        from read_csv('{landing}/cloud_billing/focus/*/*.csv.gz', all_varchar = true)
        where "ServiceName" = 'Amazon Bedrock'
    """)
    usage = f"read_csv('{landing}/gpu_usage/generic/*.csv.gz')"
    sql.execute(f"create table gpu_usage as select * from {usage}")
    sql.execute(f"create table gpu_jobs as select * from read_csv('{landing}/gpu_jobs/generic/*.csv')")
    sql.execute(f"create table pools as select * from read_csv('{COMPANY_SEEDS}/gpu_pools.csv')")
    return sql


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("planted")
    report = simulate(folder / "landing", folder / "key.json", requests=REQUESTS)
    return Demo(report, views(report.landing))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("clean")
    report = simulate(folder / "landing", folder / "key.json", requests=REQUESTS, plant=())
    return Demo(report, views(report.landing))


def contents(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_same_arguments_give_the_same_bytes(planted: Demo, tmp_path: Path) -> None:
    again = simulate(tmp_path / "landing", tmp_path / "key.json", requests=REQUESTS)
    assert contents(again.landing) == contents(planted.report.landing)
    assert again.answer_key.read_bytes() == planted.report.answer_key.read_bytes()


def test_another_seed_gives_other_traffic(clean: Demo, tmp_path: Path) -> None:
    other = simulate(tmp_path / "landing", tmp_path / "key.json", requests=REQUESTS, plant=(), seed=8)
    assert other.billed_usd != clean.report.billed_usd


def test_parquet_holds_the_same_money(clean: Demo, tmp_path: Path) -> None:
    report = simulate(
        tmp_path / "landing", tmp_path / "key.json", requests=REQUESTS, plant=(), scale_format="parquet"
    )
    assert report.billed_usd == clean.report.billed_usd
    rows = duckdb.sql(f"select count(*) from '{report.landing}/gateway_traces/generic/*.parquet'").fetchone()
    assert rows == (report.trace_lines,)


@pytest.mark.parametrize("which", ["planted", "clean"])
def test_bills_reconcile_to_priced_attempts(which: str, request: pytest.FixtureRequest) -> None:
    demo: Demo = request.getfixturevalue(which)
    assert demo.value("select count(*) from priced where usd is null") == 0
    rows = demo.sql.execute(f"""
        with traced as (select provider, sum(usd) as usd from priced group by all),
        invoiced as (
            select provider, sum(usd) as usd from billed
            where project is distinct from '{BYPASS_PROJECT}' and line_type = 'usage' group by all
        )
        select provider, traced.usd, invoiced.usd from traced full join invoiced using (provider)
    """).fetchall()
    assert {row[0] for row in rows} == {"openai", "anthropic", "google", "bedrock"}
    for provider, traced, invoiced in rows:
        assert abs(invoiced - traced) < Decimal("0.001") * traced, provider


def test_report_adds_up_to_the_bills(planted: Demo) -> None:
    billed = dict(planted.sql.execute("select provider, sum(usd) from billed group by all").fetchall())
    assert {p: v.quantize(MILLIONTH) for p, v in billed.items()} == {
        provider: amount.quantize(MILLIONTH) for provider, amount in planted.report.billed_usd.items()
    }


def test_usage_exports_price_to_the_cost_exports(planted: Demo) -> None:
    priced = planted.value(f"""
        with used as (
            select result.model as model, to_timestamp(bucket.start_time) at time zone 'UTC' as day_at,
                unnest([
                    {{'meter': 'input', 'tokens': result.input_uncached_tokens}},
                    {{'meter': 'cache_read', 'tokens': result.input_cached_tokens}},
                    {{'meter': 'output', 'tokens': result.output_tokens}}
                ]) as line
            from (select unnest(data) as bucket from read_json(
                '{planted.report.landing}/provider_usage/openai/{OPENAI_ACCOUNT}/*.json')),
                unnest(bucket.results) as results (result)
        )
        select sum(line.tokens::decimal(18, 0) * prices.usd) from used
        join prices on prices.provider = 'openai' and prices.model = used.model
            and prices.meter = used.line.meter and day_at >= prices.starts and day_at < prices.ends
    """)
    assert abs(priced - planted.report.billed_usd["openai"]) < Decimal("0.01")


def test_every_defect_is_in_the_key(planted: Demo, clean: Demo) -> None:
    amounts = planted.report.planted_usd
    assert set(amounts) == set(ALL_DEFECTS) - {"planned_launch"}
    assert all(amount > 0 for amount in amounts.values())
    key = json.loads(planted.report.answer_key.read_text())
    assert [entry["subject"] for entry in key["planned"]] == ["support_copilot"]
    assert clean.report.planted_usd == {}
    assert json.loads(clean.report.answer_key.read_text())["planned"] == []


def test_premium_model(planted: Demo, clean: Demo) -> None:
    mini = clean.value(f"select any_value(model) from attempts where route_id = '{PREMIUM_ROUTE}'")
    assert (
        planted.value(
            f"select count(*) from attempts where route_id = '{PREMIUM_ROUTE}' and model = '{mini}'"
        )
        == 0
    )
    overspend = planted.value(f"""
        select sum(tokens::decimal(18, 0) * (priced.price - cheap.usd)) from priced
        join prices as cheap on cheap.provider = 'openai' and cheap.model = '{mini}'
            and cheap.meter = priced.meter
        where route_id = '{PREMIUM_ROUTE}' and day_at >= '2026-10-01'
    """)
    assert overspend == planted.amount("premium_model_on_classification")


def test_stripped_caching(planted: Demo, clean: Demo) -> None:
    lost = "version = 'v13' and cache_read = 0 and output > 0"
    share = f"select count(*) filter ({lost}) / count(*) from attempts where route_id = '{CACHE_ROUTE}'"
    assert planted.value(f"{share} and version = 'v13'") > 0.9
    assert clean.value(f"{share} and version = 'v13'") < 0.15
    reads = f"select sum(cache_read) from attempts where route_id = '{CACHE_ROUTE}'"
    fewer = clean.value(reads) - planted.value(reads)
    spread = planted.value("""
        select max(usd) filter (meter = 'input') - max(usd) filter (meter = 'cache_read') from prices
        where provider = 'anthropic' and model = (
            select any_value(model) from attempts where route_id = 'onboarding_guide/guided_chat')
    """)
    assert fewer * spread == planted.amount("stripped_prompt_caching")
    window = "select min(day_at) >= '2026-10-14' and max(day_at) < '2026-10-24' from attempts"
    assert planted.value(f"{window} where version = 'v13'")


def test_runaway_session(planted: Demo, clean: Demo) -> None:
    calls = "select count(*) as n from attempts where is_good and session_id is not null group by session_id"
    longest = f"select max(n) from ({calls})"
    assert planted.value(longest) == 2_500
    assert clean.value(longest) <= 30
    session = planted.entry("runaway_agent_loop")["subject"]
    after = planted.value(f"""
        with calls as (
            select id, day_at, sum(usd) as usd from priced where session_id = '{session}'
            group by id, day_at qualify row_number() over (order by day_at) > 60
        )
        select sum(usd) from calls
    """)
    assert after == planted.amount("runaway_agent_loop")


def test_bypass_project_is_billed_and_never_traced(planted: Demo, clean: Demo) -> None:
    bypass = f"select sum(usd) from billed where project = '{BYPASS_PROJECT}'"
    assert planted.value(bypass) == planted.amount("direct_key_bypass")
    assert clean.value(bypass) is None
    share = planted.value(bypass) / planted.value(
        "select sum(usd) from billed where provider = 'openai' and day_at >= '2026-10-01'"
    )
    assert Decimal("0.03") < share < Decimal("0.06")
    owners = {row["key_hash_or_id"] for row in read_seed(COMPANY_SEEDS, "key_owners")}
    assert BYPASS_PROJECT not in owners


def test_credit(planted: Demo, clean: Demo) -> None:
    credit = "select sum(-usd) from billed where line_type = 'credit'"
    assert planted.value(credit) == planted.amount("provider_credit") == Decimal(750)
    assert clean.value(credit) is None


def test_idle_weekend(planted: Demo, clean: Demo) -> None:
    idle = """
        select sum(usd_per_gpu_hour::decimal(18, 4)) from gpu_usage join pools using (pool_id)
        where is_allocated and utilization_share < 0.05 and running_requests = 0 and tokens = 0
    """
    assert planted.value(idle) == planted.amount("idle_gpu_weekend")
    assert clean.value(idle) is None
    healthy = (
        "select bool_and(utilization_share >= 0.15 and running_requests > 0 and tokens > 0) from gpu_usage"
    )
    assert clean.value(healthy)
    floors = "select bool_and(used > utilization_floor) from (select pool_id, avg(utilization_share) as used"
    assert clean.value(f"{floors} from gpu_usage group by all) join pools using (pool_id)")


def test_orphaned_job(planted: Demo, clean: Demo) -> None:
    orphan = """
        select sum(date_diff('minute', last_progress_at, ended_at)::decimal(18, 0) / 60 * gpu_count
            * usd_per_gpu_hour::decimal(18, 4))::decimal(18, 6)
        from gpu_jobs join pools using (pool_id) where not has_auto_stop
    """
    assert planted.value(orphan) == planted.amount("orphaned_training_job")
    assert clean.value(orphan) is None
    late = "select max(date_diff('minute', last_progress_at, ended_at)) from gpu_jobs"
    assert clean.value(late) < 15
    assert clean.value("select count(distinct state) from gpu_jobs") == 1


def test_launch_triples_traffic_on_four_days(planted: Demo, clean: Demo) -> None:
    traffic = """
        select count(*) from attempts where route_id like 'support_copilot/%'
        and day_at >= '2026-10-20' and day_at < '2026-10-24'
    """
    assert 2.3 < planted.value(traffic) / clean.value(traffic) < 3.9
    event = read_seed(COMPANY_SEEDS, "planned_events")[0]
    assert (event["feature_name"], event["expected_multiple"]) == ("support_copilot", "3")


def test_owners_duplicates_and_failures_have_their_shares(clean: Demo) -> None:
    landing = clean.report.landing
    generic = f"read_json('{landing}/gateway_traces/generic/*.jsonl.gz')"
    stamped, keyed, nobody = clean.sql.execute(f"""
        select avg((team_id is not null)::int), avg((team_id is null and api_key_hash is not null)::int),
            avg((team_id is null and api_key_hash is null)::int) from {generic}
    """).fetchone() or (0, 0, 0)
    assert 0.90 < stamped < 0.98
    assert 0.005 < keyed < 0.05
    assert 0 < nobody < 0.06
    assert 0.005 < clean.value(f"select avg((status_code <> 200)::int) from {generic}") < 0.03
    assert clean.report.trace_lines > clean.value("select count(*) from attempts")


def test_company_seeds_agree_with_the_simulator() -> None:
    seeded = {row["route_id"]: row for row in read_seed(COMPANY_SEEDS, "routes")}
    tiers = {row["task_class"]: row["minimum_tier"] for row in read_seed(COMPANY_SEEDS, "task_classes")}
    owners = {row["key_hash_or_id"]: row["team_id"] for row in read_seed(COMPANY_SEEDS, "key_owners")}
    assert set(seeded) == {route.route_id for route in ROUTES}
    assert {row["team_id"] for row in read_seed(COMPANY_SEEDS, "teams")} == {team.team_id for team in TEAMS}
    for route in ROUTES:
        row = seeded[route.route_id]
        assert row["task_class"] == route.task_class
        assert route.tier in {tiers[route.task_class], ""} or row["justification"]
        assert owners[route.api_key_hash] == route.team_id


def test_every_seed_column_is_typed_and_described() -> None:
    properties = yaml.safe_load((REFERENCE_SEEDS / "_company__seeds.yml").read_text())
    seeds = {seed["name"]: seed for seed in properties["seeds"]}
    assert set(seeds) == {path.stem for path in COMPANY_SEEDS.glob("*.csv")}
    for name, seed in seeds.items():
        with (COMPANY_SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file))
        assert list(seed["config"]["column_types"]) == header, name
        assert [column["name"] for column in seed["columns"]] == header, name
        assert all(column["description"] for column in seed["columns"]), name


def test_bad_arguments_are_refused(planted: Demo, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown defects"):
        simulate(tmp_path / "a", tmp_path / "key.json", requests=100, plant=["no_such"])
    with pytest.raises(ValueError, match="inside the landing zone"):
        simulate(tmp_path / "a", tmp_path / "a" / "key.json", requests=100)
    with pytest.raises(FileExistsError, match="not empty"):
        simulate(planted.report.landing, tmp_path / "key.json", requests=100)
