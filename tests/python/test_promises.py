"""The promises of the architecture, each with a twin that breaks it on purpose and shows that its check sees it.

The checks are the dbt tests `tests/assert_*.sql`, which run in every build. A twin runs the SQL that dbt compiled for
one on a copy of the warehouse in which one thing was changed, and takes the change back.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from conftest import ROOT, Build, Dbt, copy_landing, differing, mart_hashes

BILLED_TWICE = """
    insert into marts.fct_attempts by name
    select * from marts.fct_attempts where pricing_status = 'priced' and is_final_attempt limit 1
"""

# (the check, what is broken, the SQL that breaks it)
TWINS = [
    (
        "commitments_do_not_overlap",
        "any tier of a model and one of its tiers are bought apart",
        """
        insert into seeds.commitments by name
        select provider, kind, model, 1 as units, date '2026-09-01' as effective_from, commitment_id, service_tier
        from (
            values
                ('azure', 'provisioned_throughput', 'PTU', 'one', null),
                ('azure', 'priority_tier', 'ptu', 'two', 'priority')
        ) as rows (provider, kind, model, commitment_id, service_tier)
        """,
    ),
    (
        "commitments_do_not_overlap",
        "two sets of terms of one commitment hold on one day",
        """
        insert into seeds.commitments by name
        select
            'azure' as provider, 'one' as commitment_id, 'reserved_capacity' as kind, model, 1 as units, effective_from,
            effective_from + 10 as effective_until
        from (values ('m', date '2026-09-01'), ('n', date '2026-09-10')) as rows (model, effective_from)
        """,
    ),
    (
        "bill_lines_have_the_sign_of_their_type",
        "a line is flagged",
        """
        insert into marts.fct_flagged_bill_lines by name
        select provider, line_type, billed_amount, 'a usage below zero' as problem, _source_file
        from ledger.int_billing__lines limit 1
        """,
    ),
    (
        "chargeback_adds_up_to_the_invoice",
        "a team is charged a millionth more",
        """
        update marts.fct_chargeback_monthly set total_usd = total_usd + 0.000001
        where team_id = 'search'
        """,
    ),
    (
        "chargeback_adds_up_to_the_invoice",
        "a cent is booked twice",
        "update marts.fct_chargeback_monthly set booked_usd = booked_usd + 0.01 where team_id = 'search'",
    ),
    (
        "chargeback_adds_up_to_the_invoice",
        "a month is charged to nobody",
        """
        delete from marts.fct_chargeback_monthly
        where month = (select min(month) from marts.fct_chargeback_monthly)
        """,
    ),
    (
        "three_way_match_holds_every_token_and_dollar",
        "a token of the ledger is gone",
        """
        update marts.fct_three_way_match set ledger_tokens = ledger_tokens - 1
        where ledger_tokens = (select max(ledger_tokens) from marts.fct_three_way_match)
        """,
    ),
    (
        "three_way_match_holds_every_token_and_dollar",
        "a provider's month is in another one",
        """
        update marts.fct_three_way_match set month = (select max(month) from marts.fct_three_way_match)
        where provider = 'google' and month = (select min(month) from marts.fct_three_way_match)
        """,
    ),
    (
        "three_way_match_holds_every_token_and_dollar",
        "a provider's bill is in no row",
        "update marts.fct_three_way_match set billed_usd = null where provider = 'google'",
    ),
    (
        "three_way_match_holds_every_token_and_dollar",
        "a provider is gone",
        "delete from marts.fct_three_way_match where provider = 'bedrock'",
    ),
    (
        "three_way_match_holds_every_token_and_dollar",
        "a usage export that no source has",
        """
        insert into marts.fct_three_way_match by name
        select * replace ('nobody' as provider) from marts.fct_three_way_match where exported_tokens is not null limit 1
        """,
    ),
    (
        "every_landed_record_is_staged_or_rejected",
        "a staged line is gone",
        """delete from staging.stg_gateway_traces_generic__requests where rowid = 7""",
    ),
    (
        "every_landed_record_is_staged_or_rejected",
        "a whole file was never read",
        """
        delete from staging.stg_provider_costs_openai__lines
        where _source_file = (select min(_source_file) from staging.stg_provider_costs_openai__lines)
        """,
    ),
    (
        "every_landed_record_is_staged_or_rejected",
        "rows of a file that is no longer there",
        """
        delete from staging.stg_landing__files
        where file_id = (select min(_source_file) from staging.stg_gateway_traces_litellm__requests)
        """,
    ),
    (
        "every_landed_record_is_staged_or_rejected",
        "an unread file without a reject",
        "update staging.stg_landing__files set status = 'empty' where format = 'focus'",
    ),
    (
        "every_landed_record_is_staged_or_rejected",
        "a reject without a reason",
        """
        insert into marts.fct_rejected_records by name
        select 'gateway_traces' as entity, _source_file, '' as reason from marts.fct_attempts limit 1
        """,
    ),
    (
        "own_thresholds_name_a_provider",
        "a provider by a name that is not the canonical one",
        """
        insert into seeds.gate_thresholds by name
        select 'reconciliation_gap' as gate_id, 'Azure OpenAI' as provider, 0.9 as error_at, 'typed by hand' as reason
        """,
    ),
    (
        "own_prices_are_plausible",
        "a price per thousand tokens",
        """
        insert into seeds.own_model_prices by name
        select 'acme' as provider, 'm' as model, 'input' as meter, 0.003 as usd_per_unit
        """,
    ),
    (
        "own_prices_are_plausible",
        "a price per million tokens",
        """
        insert into seeds.own_model_prices by name
        select 'acme' as provider, 'm' as model, 'input' as meter, 3 as usd_per_unit
        """,
    ),
    (
        "staged_rows_are_attempts_or_duplicates",
        "an attempt is gone",
        "delete from marts.fct_attempts where rowid = 11",
    ),
    ("staged_rows_are_attempts_or_duplicates", "a request counts twice", BILLED_TWICE),
    (
        "staged_rows_are_attempts_or_duplicates",
        "a duplicate of a line that is not in the ledger",
        """
        insert into marts.fct_duplicate_captures by name
        select * replace ('nowhere.jsonl' as kept_source_file) from marts.fct_duplicate_captures limit 1
        """,
    ),
    (
        "owners_and_unattributed_add_up_to_the_ledger",
        "a team's cents are lost",
        """
        update marts.fct_team_spend_monthly set cost_usd = cost_usd - 0.01
        where team_id = 'support' and month = (select max(month) from marts.fct_team_spend_monthly)
        """,
    ),
    (
        "owners_and_unattributed_add_up_to_the_ledger",
        "the unattributed row is gone",
        "delete from marts.fct_team_spend_monthly where team_id = 'unattributed'",
    ),
    (
        "owners_and_unattributed_add_up_to_the_ledger",
        "a month is in the ledger only",
        """
        delete from marts.fct_team_spend_monthly
        where month = (select min(month) from marts.fct_team_spend_monthly)
        """,
    ),
    (
        "owners_and_unattributed_add_up_to_the_ledger",
        "a day is missing in the daily costs",
        "delete from marts.fct_cost_daily where date = (select max(date) from marts.fct_cost_daily)",
    ),
    (
        "owners_and_unattributed_add_up_to_the_ledger",
        "a user is missing",
        "delete from marts.fct_user_spend_monthly where cost_usd > 1",
    ),
    (
        "owners_and_unattributed_add_up_to_the_ledger",
        "an invoiced provider has no row",
        "delete from marts.fct_coverage_monthly where provider = 'google'",
    ),
    (
        "changes_add_up_to_the_change_of_each_team",
        "what stopped is left out",
        """
        delete from marts.fct_spend_change_monthly
        where month = (select max(month) from marts.fct_spend_change_monthly) and cost_usd < previous_cost_usd
        """,
    ),
    (
        "changes_add_up_to_the_change_of_each_team",
        "a change is a trillionth too high",
        """
        update marts.fct_spend_change_monthly set change_usd = change_usd + 0.000000000001
        where team_id = 'support' and model = (
            select max(model) from marts.fct_spend_change_monthly where team_id = 'support' and change_usd <> 0
        )
        """,
    ),
    (
        "request_costs_add_up_to_the_ledger",
        "a team's requests are missing",
        "delete from marts.fct_request_costs_monthly where team_id = 'unattributed'",
    ),
    (
        "request_costs_add_up_to_the_ledger",
        "a retry is counted as output",
        """
        update marts.fct_request_costs_monthly set output_cost_usd = output_cost_usd + retry_cost_usd
        where retry_cost_usd > 0
        """,
    ),
    (
        "request_costs_add_up_to_the_ledger",
        "requests on own GPUs are counted",
        """
        insert into marts.fct_request_costs_monthly by name
        select * replace ('self_hosted' as provider, 0 as cost_usd) from marts.fct_request_costs_monthly limit 1
        """,
    ),
    (
        "cost_components_add_up",
        "a part is a trillionth too high",
        """
        update marts.fct_requests set output_cost_usd = output_cost_usd + 0.000000000001
        where request_cost_usd > 0
        """,
    ),
    (
        "cost_components_add_up",
        "a retry is not charged",
        "update marts.fct_requests set retry_cost_adjustment_usd = 0 where retry_cost_adjustment_usd > 0",
    ),
    (
        "no_unpriced_request_costs_zero",
        "an unpriced request costs $0",
        """
        update marts.fct_requests set pricing_status = 'unpriced', request_cost_usd = 0, exposure_usd = 1
        where pricing_status = 'priced'
        """,
    ),
    (
        "no_unpriced_request_costs_zero",
        "an unpriced request shows no exposure",
        """
        update marts.fct_requests set pricing_status = 'unpriced', request_cost_usd = null
        where pricing_status = 'priced'
        """,
    ),
    (
        "no_unpriced_request_costs_zero",
        "tokens that have a price count as free",
        """
        update marts.fct_attempts set pricing_status = 'free', attempt_cost_usd = 0
        where provider = 'openai' and output_tokens > 0 and pricing_status = 'priced'
        """,
    ),
    (
        "no_unpriced_request_costs_zero",
        "a price is taken as zero",
        "update marts.fct_requests set request_cost_usd = 0 where request_cost_usd > 0",
    ),
    (
        "savings_never_exceed_cost",
        "a route saves more than it cost",
        """
        update marts.fct_route_overspend_monthly
        set overspend_usd = current_cost_usd + 1, right_sized_cost_usd = -1 where overspend_usd > 0
        """,
    ),
    (
        "savings_never_exceed_cost",
        "a loop wastes more than its session cost",
        "update marts.fct_agent_loops set waste_usd = cost_usd + 0.01",
    ),
    (
        "savings_never_exceed_cost",
        "a finding saves more than the company spends",
        """
        update marts.fct_findings set monthly_savings_usd = 99000000, amount_usd = 99000000
        where finding_type = 'idle_gpu_pool'
        """,
    ),
    (
        "every_priced_attempt_resolves_to_one_price_row",
        "two price rows hold at once",
        """
        insert into ledger.int_prices__in_force by name
        select * replace (price_id || '/again' as price_id)
        from ledger.int_prices__in_force where provider = 'openai'
        """,
    ),
    (
        "every_priced_attempt_resolves_to_one_price_row",
        "an attempt was charged at another price",
        "update ledger.int_prices__in_force set output_usd = output_usd * 2 where provider = 'anthropic'",
    ),
    (
        "every_priced_attempt_resolves_to_one_price_row",
        "the price row is gone",
        "delete from ledger.int_prices__in_force where provider = 'google'",
    ),
    (
        "price_periods_do_not_overlap",
        "the sheet has two prices from a day on",
        """
        insert into seeds.model_prices by name
        select * replace (effective_from + 30 as effective_from)
        from seeds.model_prices where effective_until is null limit 1
        """,
    ),
    (
        "price_periods_do_not_overlap",
        "the company's own sheet has a price twice",
        """
        insert into seeds.own_model_prices by name
        select 'openai' as provider, 'fine-tune' as model, 'input' as meter, 0.00001 as usd_per_unit
        from range(2)
        """,
    ),
    (
        "price_periods_do_not_overlap",
        "a price ends before it begins",
        """
        update seeds.model_prices set effective_until = effective_from - 1 where model = (
            select min(model) from seeds.model_prices
        )
        """,
    ),
    (
        "text_columns_hold_no_prompts_or_secrets",
        "an e-mail address",
        "update marts.fct_requests set user_id = 'jane.doe@mail.example.com' where rowid = 3",
    ),
    (
        "text_columns_hold_no_prompts_or_secrets",
        "a prompt",
        "update marts.fct_findings set evidence = repeat('Dear assistant, ', 100)",
    ),
    (
        "text_columns_hold_no_prompts_or_secrets",
        "a raw provider key",
        "update marts.fct_attempts set api_key_hash = 'sk-proj-' || repeat('a1B2', 6) where rowid = 3",
    ),
    (
        "text_columns_hold_no_prompts_or_secrets",
        "a cloud key in a company's seed",
        "update seeds.planned_events set note = 'use AKIA' || 'IOSFODNN7EXAMPLE'",
    ),
]


@pytest.fixture(scope="module")
def checks(demo: Build) -> dict[str, str]:
    """The SQL of each check, as dbt compiled it for the demo."""
    compiled = demo.folder / "target" / "compiled" / "ai_cost_audit" / "tests"
    return {path.stem.removeprefix("assert_"): path.read_text() for path in compiled.glob("assert_*.sql")}


@pytest.fixture(scope="module")
def copy(demo: Build, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the demo's warehouse with the same catalog name, without the contracts, which a twin would
    break, and with tables for views."""
    demo.ok()
    path = tmp_path_factory.mktemp("copy") / "build.duckdb"
    shutil.copy(demo.built, path)
    with duckdb.connect(str(path)) as connection:
        under_contract = connection.execute(
            "select distinct schema_name, table_name from duckdb_constraints()"
        )
        for schema, table in under_contract.fetchall():
            connection.execute(f"create or replace table {schema}.{table} as from {schema}.{table}")
        connection.execute("create table marts.requests as from marts.fct_requests")
        connection.execute("drop view marts.fct_requests")
        connection.execute("alter table marts.requests rename to fct_requests")
        yield connection


def failures(connection: duckdb.DuckDBPyConnection, check: str) -> int:
    found = connection.execute(f"select count(*) from ({check.rstrip().rstrip(';')}\n)").fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.parametrize("name", sorted({name for name, _, _ in TWINS}))
def test_the_promise_holds_for_the_demo(
    name: str, checks: dict[str, str], copy: duckdb.DuckDBPyConnection
) -> None:
    assert failures(copy, checks[name]) == 0


@pytest.mark.parametrize(("name", "broken", "sql"), TWINS, ids=[f"{name}: {what}" for name, what, _ in TWINS])
def test_a_broken_promise_is_seen(
    name: str, broken: str, sql: str, checks: dict[str, str], copy: duckdb.DuckDBPyConnection
) -> None:
    copy.execute("begin")
    try:
        changed = copy.execute(sql).fetchone()
        assert changed is not None
        assert changed[0] > 0, f"the twin changes nothing, so it proves nothing: {broken}"
        assert failures(copy, checks[name]) > 0, f"not seen: {broken}"
    finally:
        copy.execute("rollback")


def test_every_promise_check_has_a_twin() -> None:
    # In test_publishing.py and test_fault_injection.py; the last reads no table: it holds its own cases.
    own_twins = {"no_gate_fails", "residuals_close_the_books", "slurm_fields_are_read"}
    named = {path.stem.removeprefix("assert_") for path in (ROOT / "tests").glob("assert_*.sql")}
    gpu = {name for name in named if name.startswith("gpu_")}
    assert named - own_twins - gpu == {name for name, _, _ in TWINS}


def test_the_text_check_reads_every_published_mart(demo: Build) -> None:
    manifest = json.loads((demo.folder / "target" / "manifest.json").read_text())
    check = next(
        node
        for node in manifest["nodes"].values()
        if node["name"] == "assert_text_columns_hold_no_prompts_or_secrets"
    )
    published = {
        key
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
        and node["schema"] == "marts"
        or node["resource_type"] == "seed"
        and node["original_file_path"].startswith("seeds/company")
    }
    assert published - set(check["depends_on"]["nodes"]) == set(), "add these to the check"


def test_money_is_decimal_and_never_float(demo: Build) -> None:
    floats = demo.rows("""
        select table_name, column_name, data_type from duckdb_columns()
        where schema_name = 'marts' and (column_name like '%\\_usd' escape '\\' or column_name like '%share')
            and data_type not like 'DECIMAL%'
    """)
    assert floats == []


def test_no_figure_reads_the_clock_or_chance() -> None:
    unsteady = re.compile(
        r"\b(?:(?:now|today|current_date|current_timestamp|random|get_current_time)\b\s*\(?|uuid\s*\()"
    )
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in (ROOT / "models").rglob("*.sql")
        for match in unsteady.finditer(re.sub(r"--.*|\{#.*?#\}", "", path.read_text()))
    ]
    assert found == []


@pytest.mark.slow
def test_a_second_build_reads_no_file_and_changes_no_mart(demo: Build, dbt: Dbt, tmp_path: Path) -> None:
    """Every file is replaced by rubbish of the same size and time: a build that opens one cannot miss it."""
    landing = copy_landing(demo.folder / "landing", tmp_path / "landing")
    shutil.copytree(demo.folder / "warehouse", tmp_path / "warehouse")
    for path in files_of(landing):
        rubbish(path)
    again = dbt.run(tmp_path, "run").ok()
    print(f"first build {demo.seconds:.1f} s with all tests, second {again.seconds:.1f} s without")
    assert differing(mart_hashes(demo.built), mart_hashes(again.built)) == []

    # The twin: one file touched, so it must be read, and what it now holds is rejected.
    trace = min((landing / "gateway_traces" / "generic").rglob("*.jsonl.gz"))
    os.utime(trace, (1, 1))
    after = dbt.run(tmp_path, "run").ok()
    assert {"fct_attempts", "fct_requests", "fct_rejected_records"} <= set(
        differing(mart_hashes(demo.built), mart_hashes(after.built))
    )


def test_the_hash_sees_a_cent_and_not_the_order(copy: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "hashed.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema a; create schema b; create schema c")
        connection.execute("create table a.t as select n, n * 0.01 as usd from range(1000) as r (n)")
        connection.execute("create table b.t as select * from a.t order by n desc")
        connection.execute(
            "create table c.t as select * replace (case n when 7 then 0.08 else usd end as usd) from a.t"
        )
    assert mart_hashes(path, "a") == mart_hashes(path, "b")
    assert differing(mart_hashes(path, "a"), mart_hashes(path, "c")) == ["t"]


def files_of(landing: Path) -> list[Path]:
    return sorted(path for path in landing.rglob("*") if path.is_file())


def rubbish(path: Path) -> None:
    """Other bytes, with the size and the modification time that the file had."""
    stat = path.stat()
    path.write_bytes(b"\0" * stat.st_size)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
