"""Public bills and usage exports through the audit, and the figures of docs/reconciliation-on-real-data.md.

Each table of the page is made again here, from the audit and from the raw files by plain DuckDB that uses none
of our models, and must stand in the page as it is. The sets live beside the repository, not in it.
"""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import ROOT, Build, Dbt
from test_real_data import BILLIONTH, SHARED_DATA, needs_data

from ai_cost_audit import real

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "reconciliation-on-real-data.md"
REAL_COMPANY = ROOT / "seeds" / "real"

# The lines of each bill, its own category, its currency and its amount, as the raw file has them.
RAW = {
    "focus-1.0-sample": """
        select ChargeCategory as category, BillingCurrency as currency, BilledCost as amount
        from read_csv('{data}/focus-1.0-sample/*.csv', all_varchar = true)
    """,
    "aws-cur-2023-sample": """
        select "lineItem/LineItemType" as category, "lineItem/CurrencyCode" as currency,
            "lineItem/UnblendedCost" as amount
        from read_csv('{data}/aws-cur-2023-sample/*.csv.gz', all_varchar = true)
    """,
    "azure-ea-export": """
        select ChargeType as category, BillingCurrency as currency, Cost as amount
        from read_csv('{data}/azure-ea-export/EA_ActualCost_Small.csv', all_varchar = true)
    """,
    "azure-ea-export/amortized": """
        select ChargeType as category, BillingCurrency as currency, Cost as amount
        from read_csv('{data}/azure-ea-export/EA_AmortizedCost_Small.csv', all_varchar = true)
    """,
    "gcp-billing-export": """
        select 'Usage' as category, currency, cost as amount
        from read_csv('{data}/gcp-billing-export/*.csv', all_varchar = true)
        union all
        select 'Credit' as category, currency,
            unnest(regexp_extract_all(credits, '''amount'': ([-+0-9.e]+)', 1)) as amount
        from read_csv('{data}/gcp-billing-export/*.csv', all_varchar = true)
    """,
    "api-samples/openai": """
        select 'Usage' as category, upper(result.amount.currency) as currency, result.amount.value as amount
        from (
            select unnest(bucket.results) as result from (
                select unnest(data) as bucket from read_json('{data}/api-samples/openai/organization_costs.json')
            )
        )
    """,
    # Cents, as a text.
    "api-samples/anthropic": """
        select 'Usage' as category, result.currency, cast(result.amount as decimal(38, 18)) / 100 as amount
        from (
            select unnest(bucket.results) as result from (
                select unnest(data) as bucket
                from read_json('{data}/api-samples/anthropic/cost_report_response.json')
            )
        )
    """,
}
# What we read of each; the amortized view has an effective cost and bills nothing.
READ = {
    "focus-1.0-sample": ("cloud_billing_focus", "billed_amount", "%/focus-1.0-sample/%"),
    "aws-cur-2023-sample": ("cloud_billing_aws_cur2", "billed_amount", "%"),
    "azure-ea-export": ("cloud_billing_azure_cost", "billed_amount", "%/azure-ea-export/EA%"),
    "azure-ea-export/amortized": ("cloud_billing_azure_cost", "effective_amount", "%/amortized/%"),
    "gcp-billing-export": ("cloud_billing_gcp_billing", "billed_amount", "%"),
    "api-samples/openai": ("provider_costs_openai", "billed_amount", "%"),
    "api-samples/anthropic": ("provider_costs_anthropic", "billed_amount", "%"),
}

Sums = dict[tuple[str, str], tuple[int, Decimal]]


@pytest.fixture(scope="module")
def bills(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder = tmp_path_factory.mktemp("bills")
    real.land_bills(SHARED_DATA, folder / "landing")
    return dbt.run(folder, "build", company=REAL_COMPANY)


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text()


def raw_sums(name: str) -> Sums:
    found = duckdb.sql(f"""
        select category, currency, count(*), sum(cast(cast(amount as varchar) as decimal(38, 18)))
        from ({RAW[name].format(data=SHARED_DATA)}) group by all order by all
    """).fetchall()
    return {(category, currency): (lines, usd) for category, currency, lines, usd in found}


def read_sums(bills: Build, name: str) -> Sums:
    entity, amount, path = READ[name]
    category = "charge_category" if entity.startswith("cloud") else "'Usage'"
    found = bills.rows(f"""
        select {category} as category, currency, count(*), sum({amount}) from staging.stg_{entity}__lines
        where _reject_reason is null and _source_file like '{path}' group by all order by all
    """)
    return {(category, currency): (lines, usd) for category, currency, lines, usd in found}


# ---- the tables of the page


def table(header: str, rows: list[tuple[Any, ...]]) -> str:
    """Markdown; the columns of figures are right-aligned."""
    names = header.split(" | ")
    figures = [
        bool(rows) and all(not isinstance(row[place], str) for row in rows) for place in range(len(names))
    ]
    rule = "|".join("---:" if is_figure else "---" for is_figure in figures)
    lines = [f"| {header} |", f"|{rule}|"]
    lines += [f"| {' | '.join(cell(value) for value in row)} |" for row in rows]
    return "\n".join(lines)


def cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:,.6f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def records_table(bills: Build) -> str:
    rows = bills.rows("""
        with
        files as (
            select *, split_part(source_file, '/', 2) as named, split_part(source_file, '/', 3) as folder
            from marts.fct_landed_files
        ),
        reasons as (
            select split_part(_source_file, '/', 3) as folder, split_part(_source_file, '/', 1) as entity,
                split_part(_source_file, '/', 2) as named,
                string_agg(distinct regexp_replace(split_part(reason, ';', 1), ': [0-9/]+$', ''), '; '
                    order by regexp_replace(split_part(reason, ';', 1), ': [0-9/]+$', '')) as reason
            from marts.fct_rejected_records group by all
        )
        select files.folder, files.entity || '/' || files.named, count(*), cast(sum(record_count) as bigint),
            cast(sum(staged_record_count) as bigint), cast(sum(rejected_record_count) as bigint),
            coalesce(any_value(reasons.reason), '')
        from files
        left join reasons
            on files.folder = reasons.folder and files.entity = reasons.entity and files.named = reasons.named
        group by all order by all
    """)
    return table("set | format | files | records | read | rejected | why", rows)


def money_table(bills: Build) -> str:
    rows = []
    for name in RAW:
        raw, read = raw_sums(name), read_sums(bills, name)
        for key in sorted(raw.keys() | read.keys()):
            nothing = (0, Decimal(0))
            rows.append((name, *key, *raw.get(key, nothing), *read.get(key, nothing)))
    return table("set | category | currency | raw lines | raw amount | lines read | amount read", rows)


def ai_table(bills: Build) -> str:
    rows = bills.rows("""
        select split_part(_source_file, '/', 3) as set_name, charge_kind, currency, count(*), sum(billed_amount)
        from ledger.int_cloud_lines__classified where not is_second_view group by all order by all
    """)
    return table("set | kind | currency | lines | amount", rows)


def match_table(bills: Build) -> str:
    rows = bills.rows("""
        select provider, strftime(month, '%Y-%m'), match_grain, status, count(*),
            cast(sum(ledger_tokens) as bigint), cast(sum(exported_tokens) as bigint),
            sum(exported_cost_usd), sum(billed_usd)
        from marts.fct_three_way_match where has_export or has_bill group by all order by all
    """)
    header = "provider | month | compared by | status | rows | ledger tokens | exported tokens | exported USD"
    return table(f"{header} | billed USD", rows)


def traces_table(bills: Build) -> str:
    rows = bills.rows("""
        select gateway, count(*), count(reported_cost_usd),
            count(*) filter (abs(attempt_cost_usd - reported_cost_usd) < 0.000000001),
            count(*) filter (abs(attempt_cost_usd - reported_cost_usd) >= 0.000000001),
            sum(case when attempt_cost_usd is not null then reported_cost_usd end), sum(attempt_cost_usd),
            count(*) filter (attempt_cost_usd is null)
        from marts.fct_attempts group by gateway order by gateway
    """)
    header = "traces | calls | reported cost | equal | other | reported USD of the priced | ledger USD"
    return table(f"{header} | unpriced calls", rows)


TABLES = (records_table, money_table, ai_table, match_table, traces_table)


# ---- what must hold


@needs_data
def test_nothing_fails_and_the_books_are_published_open(bills: Build) -> None:
    """The audit month has traces and no bill at all, so that no gate has anything to judge."""
    bills.ok()
    assert bills.rows("select books_status from marts.audit_run") == [("open",)]


@needs_data
@pytest.mark.parametrize("make", TABLES, ids=lambda make: make.__name__)
def test_the_page_says_what_the_audit_says(make: Any, bills: Build, page: str) -> None:
    made = make(bills)
    assert made.count("\n") > 1, "an empty table proves nothing"
    assert made in page, f"{PAGE.name} should hold:\n{made}"


@needs_data
@pytest.mark.parametrize("name", RAW)
def test_every_line_and_amount_of_a_bill_is_read(name: str, bills: Build) -> None:
    raw, read = raw_sums(name), read_sums(bills, name)
    assert {key: lines for key, (lines, _) in read.items()} == {key: lines for key, (lines, _) in raw.items()}
    for key, (_, amount) in raw.items():
        # Our amounts have twelve decimals, Azure's up to twenty.
        assert abs(read[key][1] - amount) < BILLIONTH


@needs_data
def test_azures_two_views_agree_on_every_line_that_both_hold(bills: Build) -> None:
    pairs = bills.rows("""
        select actual.charge_category, actual.billed_amount, amortized.effective_amount
        from staging.stg_cloud_billing_azure_cost__lines as actual
        left join staging.stg_cloud_billing_azure_cost__lines as amortized
            on actual.resource_id = amortized.resource_id and actual.sku_id = amortized.sku_id
            and actual.charge_start_at = amortized.charge_start_at
            and amortized._source_file like '%/amortized/%' and actual._source_row is not null
        where actual._source_file not like '%/amortized/%'
    """)
    usage = {(billed, effective) for category, billed, effective in pairs if category == "Usage"}
    assert len(usage) == 8  # ten lines; those of zero are alike
    assert all(billed == effective for billed, effective in usage)
    assert [pair for pair in pairs if pair[0] == "Purchase"] == [("Purchase", Decimal("3.25"), None)]
    assert bills.rows(
        "select count(*) from ledger.int_billing__lines where _source_file like '%amortized%'"
    ) == [(0,)]


@needs_data
def test_the_rounded_effective_cost_of_the_focus_sample() -> None:
    """Its publisher rounded it to whole dollars on all lines of AWS, so it is not read as money."""
    raw = f"read_csv('{SHARED_DATA}/focus-1.0-sample/*.csv', all_varchar = true)"
    effective = "cast(nullif(EffectiveCost, 'NULL') as decimal(38, 18))"
    found = duckdb.sql(f"""
        select count(*), count(*) filter ({effective} = round({effective}, 0)), sum({effective}),
            sum(cast(BilledCost as decimal(38, 18)))
        from {raw} where ProviderName = 'AWS'
    """).fetchall()
    assert [(lines, whole, f"{usd:.2f}", f"{billed:.2f}") for lines, whole, usd, billed in found] == [
        (643, 643, "5.00", "9.68")
    ]


@needs_data
def test_the_costs_that_langfuse_reports_are_those_of_its_files(bills: Build) -> None:
    """Of each trace's generations; the ones around others that it also counts are not calls of their own."""
    raw = {}
    for file in sorted((SHARED_DATA / "langfuse-traces").glob("*.json.gz")):
        for one in json.loads(gzip.decompress(file.read_bytes()), parse_float=Decimal)["observations"]:
            if one["type"] == "GENERATION":
                raw[one["id"]] = Decimal(one["totalCost"] or 0)
    ledger = dict(
        bills.rows(
            "select request_id, coalesce(reported_cost_usd, 0) from marts.fct_attempts where gateway = 'langfuse'"
        )
    )
    assert (len(raw), len(ledger)) == (25, 22)
    assert [name for name, usd in ledger.items() if abs(usd - raw[name]) > BILLIONTH] == []
    dearer = bills.rows("""
        select model, reported_cost_usd / (uncached_input_tokens + output_tokens) from marts.fct_attempts
        where gateway = 'langfuse' and abs(attempt_cost_usd - reported_cost_usd) > 0.000000001
    """)
    assert [(model, round(usd * 1_000_000, 6)) for model, usd in dearer] == [("gpt-4o", 1), ("gpt-4o", 1)]


@needs_data
def test_landing_bills_twice_gives_the_same_bytes_and_misses_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        landed = real.land_bills(SHARED_DATA, tmp_path / "landing")
    files = [path for path in (tmp_path / "landing").rglob("*") if path.is_file()]
    assert len(files) == sum(one.files for one in landed)
    raw = {path.name: path.read_bytes() for path in SHARED_DATA.rglob("*") if path.is_file()}
    assert [path.name for path in files if raw[path.name] != path.read_bytes()] == []


def test_a_missing_set_is_named_and_nothing_is_landed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="does not hold focus-1.0-sample, focus-spec-examples"):
        real.land_bills(tmp_path / "empty", tmp_path / "landing")
    assert not (tmp_path / "landing").exists()
