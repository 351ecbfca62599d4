"""From a figure to the raw lines: random cells of the demo's marts add up from what trace_dollar finds behind them."""

from __future__ import annotations

import gzip
import random
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Build, Dbt

# Per mart and measure: its key columns, and which rows can be traced.
TRACED = [
    (
        "fct_cost_daily",
        "cost_usd",
        "date, cost_layer, provider_or_pool, team_id, feature_name, model",
        "true",
    ),
    ("fct_team_spend_monthly", "cost_usd", "month, team_id", "true"),
    ("fct_user_spend_monthly", "cost_usd", "month, tenant_id, user_id", "true"),
    (
        "fct_spend_change_monthly",
        "cost_usd",
        "month, team_id, cost_layer, model, feature_name",
        "true",
    ),
    ("fct_request_costs_monthly", "cost_usd", "month, team_id, provider, model, feature_name", "true"),
    ("fct_spend_spikes_daily", "cost_usd", "date, team_id, feature_name", "true"),
    ("fct_gpu_pools_monthly", "cost_usd", "month, pool_id", "true"),
    ("fct_route_overspend_monthly", "current_cost_usd", "month, route_id", "true"),
    ("fct_coverage_monthly", "ledger_usd", "month, provider", "provider not in ('all', 'gpu_cloud')"),
    ("fct_coverage_monthly", "billed_usd", "month, provider", "true"),
    ("fct_coverage_monthly", "invoice_usd", "month, provider", "true"),
    ("fct_reconciliation_daily", "ledger_cost_usd", "date, provider, model, match_grain", "true"),
    ("fct_reconciliation_daily", "billed_usd", "date, provider, model, match_grain", "true"),
]
CELLS_EACH = 12
TOKENS = (
    "uncached_input",
    "cache_read",
    "cache_write_5m",
    "cache_write_30m",
    "cache_write_1h",
    "cache_write_12h",
)


def compiled(dbt: Dbt, folder: Path, inline: str) -> str:
    """The SQL that dbt makes of a text with macros."""
    return dbt.run(folder, "--quiet", "compile", "--inline", inline).ok().output


def test_random_cells_add_up_from_their_raw_lines(demo: Build, dbt: Dbt, tmp_path: Path) -> None:
    chosen = random.Random(20261031)
    with duckdb.connect(str(demo.ok().built), read_only=True) as connection:
        cells: list[tuple[str, str, dict[str, str], Decimal]] = []
        for mart, measure, keys, where in TRACED:
            found = connection.execute(
                f"select {keys}, {measure} from marts.{mart} where {where} order by all"
            ).fetchall()
            names = keys.split(", ")
            for *values, usd in chosen.sample(found, min(CELLS_EACH, len(found))):
                cells.append((mart, measure, dict(zip(names, map(str, values), strict=True)), usd))
        inline = "\nunion all\n".join(
            f"select {number} as cell, traced.* from ({{{{ trace_dollar('{mart}', {cell}, '{measure}') }}}}) as traced"
            for number, (mart, measure, cell, _) in enumerate(cells)
        )
        sql = compiled(dbt, tmp_path, inline)
        rows = connection.execute(
            f"select cell, kind, usd, id, _source_file, _source_row from ({sql})"
        ).fetchall()

    usd_by_cell: dict[int, Decimal] = defaultdict(Decimal)
    for cell_number, _, usd, *_ in rows:
        usd_by_cell[cell_number] += usd or 0
    wrong = [
        (mart, measure, cell, expected, usd_by_cell[number])
        for number, (mart, measure, cell, expected) in enumerate(cells)
        if usd_by_cell[number] != (expected or 0)
    ]
    assert wrong == []
    assert {mart for mart, *_ in cells} == {mart for mart, *_ in TRACED}
    # Only the hours that no report told of have no line.
    assert {kind for _, kind, _, _, file, _ in rows if file is None} <= {"telemetry_hours"}
    assert_lines_hold_their_request(demo.folder / "landing", [r for r in rows if r[1] == "requests"], chosen)


def assert_lines_hold_their_request(
    landing: Path, rows: list[tuple[Any, ...]], chosen: random.Random
) -> None:
    """The raw line that a row names is about the row's request."""
    for _, _, _, request_id, file, line in chosen.sample(rows, 20):
        with gzip.open(landing / file, "rt") as stream:
            assert request_id in next(text for number, text in enumerate(stream, start=1) if number == line)


def test_a_request_costs_what_its_price_rows_say(demo: Build, dbt: Dbt, tmp_path: Path) -> None:
    with duckdb.connect(str(demo.ok().built), read_only=True) as connection:
        columns = ", ".join(f"{name}_tokens" for name in TOKENS)
        attempts = connection.execute(f"""
            select price_id, attempt_cost_usd - tool_cost_usd, output_tokens, {columns}
            from marts.fct_attempts where pricing_status = 'priced'
            qualify row_number() over (partition by price_id order by requested_at, request_id) <= 5
        """).fetchall()
        sql = compiled(
            dbt,
            tmp_path,
            "\nunion all\n".join(
                f"select '{price_id}' as price_id, traced.* from ({{{{ trace_price('{price_id}') }}}}) as traced"
                for price_id in sorted({row[0] for row in attempts})
            ),
        )
        prices: dict[str, dict[str, Decimal]] = defaultdict(dict)
        for price_id, meter, usd, source in connection.execute(
            f"select price_id, meter, usd_per_unit, source from ({sql}) where above_context_tokens = 0"
        ).fetchall():
            assert source
            prices[price_id][meter] = usd
    assert len(prices) > 5
    for price_id, cost, output, uncached, *cached in attempts:
        meters = prices[price_id]
        expected = output * meters["output"] + uncached * meters["input"]
        for name, tokens in zip(TOKENS[1:], cached, strict=True):
            if tokens:
                expected += tokens * meters[name]
        assert cost == expected, price_id


@pytest.mark.parametrize(
    ("inline", "said"),
    [
        ("{{ trace_dollar('fct_findings', {}) }}", "fct_findings is not traced"),
        ("{{ trace_dollar('fct_team_spend_monthly', {}, 'tokens') }}", "tokens is not traced"),
        ("{{ trace_dollar('fct_team_spend_monthly', {'team': 'x'}) }}", "team is no key of these rows"),
    ],
)
def test_what_cannot_be_traced_is_said(inline: str, said: str, dbt: Dbt, tmp_path: Path) -> None:
    run = dbt.run(tmp_path, "compile", "--inline", inline)
    assert run.exit_code != 0
    assert said in " ".join(run.output.split())
