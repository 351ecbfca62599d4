"""Promise 8: readers are never hurt. The published copy is whole, old or new, whatever happens to a build."""

from __future__ import annotations

import os
import random
import shutil
import signal
import struct
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from conftest import (
    NO_TESTS,
    PROMISES_ONLY,
    Build,
    Dbt,
    copy_company,
    differing,
    mart_hashes,
    rows,
)

pytestmark = pytest.mark.slow

# The number that DuckDB 1.0 and 1.1 write into the header of their files, and the newest that they read.
OLDEST_STORAGE = 64
# A bill of a provider that no gateway ever saw: a gap far beyond any tolerance.
UNSEEN_BILL = (
    "provider,account_id,invoice_id,billing_period_start,charge_start_at,charge_end_at,line_type,model,meter,quantity,"
    "unit,amount,currency,key_or_project_id,description\n"
    "mistral,default,M-1,2026-10-01,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,usage,,,,,1234.56,USD,,Usage\n"
)
LATE = (
    '{"timestamp": "2026-10-30T10:00:00Z", "request_id": "late", "provider": "openai", "model": "gpt-6-luna", '
    '"input_tokens": 1000, "output_tokens": 10}\n'
)


def storage_version(path: Path) -> int:
    magic, version = struct.unpack_from("<8x4sQ", path.read_bytes()[:4096])
    assert magic == b"DUCK"
    return int(version)


def is_whole(path: Path) -> bool:
    """A published file that opens and holds every mart."""
    try:
        return (
            bool(rows(path, "select count(*) from marts.audit_run")[0][0] == 1)
            and len(mart_hashes(path)) > 20
        )
    except duckdb.Error:
        return False


@pytest.fixture
def work(demo: Build, tmp_path: Path) -> Build:
    """The demo after its build, with one late file, so that the next build publishes something else."""
    demo.ok()
    shutil.copytree(demo.folder / "landing", tmp_path / "landing", copy_function=shutil.copy2)
    shutil.copytree(demo.folder / "warehouse", tmp_path / "warehouse")
    (tmp_path / "landing" / "gateway_traces" / "generic" / "late.jsonl").write_text(LATE)
    return Build(tmp_path, 0, "", 0)


def test_only_marts_and_seeds_are_published_and_as_built(demo: Build) -> None:
    schemas = rows(demo.ok().published, "select distinct schema_name from duckdb_tables() order by all")
    assert schemas == [("marts",), ("seeds",)]
    views = rows(demo.published, "select schema_name, view_name from duckdb_views() where not internal")
    assert views == [("marts", "fct_requests")]
    for schema in ("marts", "seeds"):
        assert mart_hashes(demo.published, schema)
        assert differing(mart_hashes(demo.published, schema), mart_hashes(demo.built, schema)) == []


def test_every_published_mart_and_column_is_described(demo: Build) -> None:
    bare = rows(
        demo.ok().published,
        """
        select table_name, column_name from duckdb_columns() where schema_name = 'marts' and comment is null
        union all
        select table_name, null from duckdb_tables() where schema_name = 'marts' and comment is null
        union all
        select view_name, null from duckdb_views() where schema_name = 'marts' and comment is null
        """,
    )
    assert bare == []


def test_old_readers_open_the_copy(demo: Build, tmp_path: Path) -> None:
    assert storage_version(demo.ok().published) == OLDEST_STORAGE
    # The twin: a file written at today's storage version is seen.
    today = tmp_path / "today.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{today}' as today (storage_version 'v1.5.0')")
        connection.execute("create table today.t as select 1 as n")
    assert storage_version(today) > OLDEST_STORAGE


def test_nothing_is_left_beside_the_copy(demo: Build) -> None:
    names = {path.name for path in demo.ok().published.parent.iterdir() if path.is_file()}
    assert names == {"build.duckdb", "ai_cost.duckdb"}


def test_a_reader_of_the_old_copy_keeps_reading_it(work: Build, dbt: Dbt) -> None:
    before = mart_hashes(work.published)
    with duckdb.connect(str(work.published), read_only=True) as reader:
        held = reader.execute("select count(*) from marts.fct_attempts").fetchone()
        dbt.run(work.folder, "build").ok()
        assert reader.execute(
            "select count(*) from marts.fct_attempts where request_id = 'late'"
        ).fetchone() == (0,)
        assert reader.execute("select count(*) from marts.fct_attempts").fetchone() == held
        # Tables that it had not read before the swap come from the old file too.
        for table in before:
            found = reader.execute(f"select count(*) from marts.{table}").fetchone()
            assert found == before[table][:1], table
    assert rows(work.published, "select count(*) from marts.fct_attempts where request_id = 'late'") == [(1,)]


def test_a_failed_integrity_test_leaves_the_old_copy(work: Build, dbt: Dbt, tmp_path: Path) -> None:
    before = work.published.read_bytes()
    prices = (
        "provider,model,meter,service_tier,above_context_tokens,usd_per_unit,unit,effective_from,effective_until,"
        "source,retrieved_on\n"
        "openai,our-fine-tune,input,standard,0,0.00001,token,2026-01-01,,contract,2026-01-01\n"
        "openai,our-fine-tune,input,standard,0,0.00002,token,2026-02-01,,contract,2026-01-01\n"
    )
    company = copy_company(tmp_path / "company", own_model_prices=prices)
    failed = dbt.run(work.folder, "build", *PROMISES_ONLY, company=company)
    assert failed.exit_code != 0
    assert "assert_price_periods_do_not_overlap" in failed.output
    assert "Not published" in failed.output
    assert work.published.read_bytes() == before


def test_a_failed_test_of_rows_says_which_rule_is_broken(work: Build, dbt: Dbt, tmp_path: Path) -> None:
    header = "provider,key_hash_or_id,team_id,feature_name,effective_from,effective_until\n"
    company = copy_company(tmp_path / "company", key_owners=header + "openai,k,nobody,,2026-01-01,\n")
    failed = dbt.run(work.folder, "build", "--select", "teams", "key_owners", company=company)
    assert failed.exit_code == 1
    assert "FAIL 1 rows_of_key_owners_hold" in failed.output
    assert (
        "key_owners: team_id is nobody, which teams does not have (1 row(s), such as {'provider': openai"
        in failed.output
    )


def test_a_null_that_a_contract_forbids_stops_the_mart(work: Build, dbt: Dbt) -> None:
    before = work.published.read_bytes()
    with duckdb.connect(str(work.built)) as connection:
        connection.execute("update ledger.int_route_days__summed set cost_usd = null")
    failed = dbt.run(work.folder, "build", "--select", "fct_route_baselines_daily")
    assert failed.exit_code == 1
    assert "NOT NULL constraint failed: fct_route_baselines_daily__dbt_tmp.cost_usd" in failed.output
    assert "Not published" in failed.output
    assert work.published.read_bytes() == before


def test_a_gap_beyond_tolerance_opens_the_books_and_fails_the_run(work: Build, dbt: Dbt) -> None:
    before = work.published.read_bytes()
    (work.folder / "landing" / "provider_costs" / "generic_invoice" / "mistral.csv").write_text(UNSEEN_BILL)
    kept = dbt.run(work.folder, "build", variables={"publish_open_books": False})
    assert kept.exit_code != 0
    assert "Not published: the books are open" in kept.output
    assert work.published.read_bytes() == before

    opened = dbt.run(work.folder, "build")
    assert opened.exit_code != 0
    assert "assert_no_gate_fails" in opened.output
    assert rows(work.published, "select books_status, failed_gate_count from marts.audit_run") == [
        ("open", 1)
    ]
    failed = rows(
        work.published,
        "select gate_id, provider, figure, amount_usd, look_first from marts.fct_gates where status = 'fail'",
    )
    assert [(*gate[:2], float(gate[2]), float(gate[3])) for gate in failed] == [
        ("reconciliation_gap", "mistral", 1, 1234.56)
    ]
    assert "fct_reconciliation_daily for mistral" in failed[0][4]
    # The figures to find it are there: which day and model, and what it is.
    assert rows(
        work.published,
        """
        select status, gap_usd::double from marts.fct_reconciliation_daily where provider = 'mistral'
        union all
        select residual_class, residual_usd::double from marts.fct_reconciliation_residuals_monthly
        where provider = 'mistral' and residual_usd != 0
        order by 1
        """,
    ) == [("billed_only", 1234.56), ("not_captured", 1234.56)]


def test_a_gap_within_tolerance_leaves_the_books_closed(demo: Build) -> None:
    """The twin of the test above: the demo has a key that bypasses the gateway, and no gate fails."""
    assert rows(demo.ok().published, "select books_status, failed_gate_count from marts.audit_run") == [
        ("closed", 0)
    ]
    gap = "select count(*) from marts.fct_gates where gate_id = 'reconciliation_gap' and amount_usd > 1"
    assert rows(demo.published, gap) == [(1,)]


def test_a_part_of_a_build_is_never_published(work: Build, dbt: Dbt) -> None:
    before = work.published.read_bytes()
    part = dbt.run(work.folder, "build", *NO_TESTS, "--select", "fct_gates", "audit_run").ok()
    assert "Not published: this run built only a part" in part.output
    assert work.published.read_bytes() == before
    dbt.run(work.folder, "run").ok()
    assert work.published.read_bytes() == before


def test_a_build_that_was_not_tested_or_built_no_rows_is_never_published(work: Build, dbt: Dbt) -> None:
    before = work.published.read_bytes()
    untested = dbt.run(work.folder, "build", *NO_TESTS)
    assert "Not published" in untested.output
    assert "test(s) did not run" in untested.output
    partly = dbt.run(work.folder, "build", *PROMISES_ONLY)
    assert "Not published" in partly.output
    assert work.published.read_bytes() == before
    empty = dbt.run(work.folder / "empty", "build", "--empty", landing=work.folder / "landing")
    assert "Not published: --empty builds no rows" in empty.output
    assert not empty.published.exists()


def test_a_build_killed_at_any_moment_hurts_no_reader(work: Build, dbt: Dbt) -> None:
    """Killed once at a random moment, once while it writes the copy, once just before or after the swap."""
    before = work.published.read_bytes()
    writing = work.published.with_name("ai_cost.duckdb.writing")
    chance = random.Random(time.time_ns())
    moments: list[Callable[[], bool]] = [after(chance.uniform(1, 4)), writing.exists, later(writing, chance)]
    for moment in moments:
        pid = dbt.start(work.folder, "build")
        wait_for(moment)
        os.kill(pid, signal.SIGKILL)
        assert dbt.wait(pid) in (-signal.SIGKILL, 0)
        assert work.published.read_bytes() == before or is_whole(work.published)
    after_all = dbt.run(work.folder, "build").ok()
    assert differing(mart_hashes(after_all.built), mart_hashes(after_all.published)) == []
    assert rows(work.published, "select count(*) from marts.fct_attempts where request_id = 'late'") == [(1,)]
    assert not writing.exists()


def test_a_half_written_copy_is_seen(demo: Build, tmp_path: Path) -> None:
    """The twin: what `is_whole` would say of a copy that was swapped in before it was complete."""
    half = tmp_path / "half.duckdb"
    content = demo.ok().published.read_bytes()
    half.write_bytes(content[: len(content) // 2])
    assert is_whole(demo.published)
    assert not is_whole(half)
    with duckdb.connect(str(tmp_path / "fewer.duckdb")) as connection:
        connection.execute("create schema marts; create table marts.audit_run as select 1 as n")
    assert not is_whole(tmp_path / "fewer.duckdb")


def after(seconds: float) -> Callable[[], bool]:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def later(path: Path, chance: random.Random) -> Callable[[], bool]:
    """True a little after the file appeared."""
    seen: list[float] = []
    delay = chance.uniform(0.05, 1.5)

    def is_later() -> bool:
        if not seen and path.exists():
            seen.append(time.monotonic())
        return bool(seen) and time.monotonic() > seen[0] + delay

    return is_later


def wait_for(moment: Callable[[], bool], seconds: float = 120) -> None:
    give_up = time.monotonic() + seconds
    while not moment():
        assert time.monotonic() < give_up
        time.sleep(0.002)
