"""Each metric, computed from its definition by MetricFlow, is the figure of the marts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from conftest import Build
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

ALL_BILLS = "from marts.fct_coverage_monthly where provider = 'all' and billed_usd is not null"
BY_TEAM = "from marts.fct_team_spend_monthly group by month"
# What the marts say per month; where they can, from another mart than the metric is defined on.
EXPECTED = {
    "ai_cost_usd": f"select month, sum(cost_usd) {BY_TEAM}",
    "managed_api_cost_usd": f"select month, sum(managed_api_cost_usd) {BY_TEAM}",
    "token_count": f"select month, sum(tokens) {BY_TEAM}",
    "request_count": f"select month, sum(request_count) {BY_TEAM}",
    "unpriced_request_count": f"select month, sum(unpriced_request_count) {BY_TEAM}",
    "gpu_hours": "select month, sum(gpu_hours) from marts.fct_gpu_pools_monthly group by month",
    "billed_usd": f"select month, billed_usd {ALL_BILLS}",
    "invoice_usd": f"select month, invoice_usd {ALL_BILLS}",
    "attributed_usd": f"select month, attributed_usd {ALL_BILLS}",
    "coverage_share": f"select month, coverage_share {ALL_BILLS}",
    "billed_ledger_usd": f"select month, ledger_usd {ALL_BILLS}",
    "invoice_gap_usd": """
        select month, sum(residual_usd) from marts.fct_reconciliation_residuals_monthly group by month
    """,
    "residual_usd": f"select month, invoice_usd - ledger_usd {ALL_BILLS}",
    "unexplained_usd": """
        select month, sum(residual_usd) from marts.fct_reconciliation_residuals_monthly
        where residual_class = 'unknown'
        group by month
    """,
    "charged_usd": "select month, round(sum(total_usd), 2) from marts.fct_chargeback_monthly group by month",
    "overspend_usd": "select month, sum(overspend_usd) from marts.fct_route_overspend_monthly group by month",
    "justified_premium_usd": """
        select month, sum(justified_premium_usd) from marts.fct_route_overspend_monthly group by month
    """,
    "monthly_savings_usd": "select month, sum(monthly_savings_usd) from marts.fct_findings group by month",
    "finding_count": "select month, max(rank) from marts.fct_findings group by month",
    "gpu_pool_cost_usd": """
        select date_trunc('month', date)::date, sum(cost_usd) from marts.fct_cost_daily
        where cost_layer in ('self_hosted_inference', 'training')
        group by all
    """,
    "gpu_recoverable_usd": "select month, sum(recoverable_usd) from marts.fct_gpu_pools_monthly group by month",
    "gpu_recoverable_share": """
        select month, sum(recoverable_usd) / sum(cost_usd) from marts.fct_gpu_pools_monthly group by month
    """,
}
SHARES = ("coverage_share", "gpu_recoverable_share")  # a division, compared to six digits
# By what a metric is cut, and what a mart says per month and value.
CUTS = {
    ("ai_cost_usd", "cost__team_id"): "select month, team_id, cost_usd from marts.fct_team_spend_monthly",
    ("coverage_share", "bill__provider"): """
        select month, provider, coverage_share from marts.fct_coverage_monthly where provider != 'all'
    """,
    ("charged_usd", "charge__team_id"): "select month, team_id, booked_usd from marts.fct_chargeback_monthly",
    (
        "gpu_pool_cost_usd",
        "pool_month__pool_id",
    ): "select month, pool_id, cost_usd from marts.fct_gpu_pools_monthly",
}


class DuckDb:
    """What MetricFlow asks of a warehouse to write SQL for it; the SQL runs below."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()


@pytest.fixture(scope="module")
def manifest(demo: Build) -> str:
    return (demo.ok().folder / "target" / "semantic_manifest.json").read_text()


@pytest.fixture(scope="module")
def engine(manifest: str) -> MetricFlowEngine:
    parsed = parse_manifest_from_dbt_generated_manifest(manifest)
    return MetricFlowEngine(SemanticManifestLookup(parsed), DuckDb())


@pytest.fixture(scope="module")
def published(demo: Build) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published copy under the name of the file that dbt builds, which the metrics' SQL names."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{demo.ok().published}' as build (read_only)")
        connection.execute("use build")
        yield connection


def computed(
    engine: MetricFlowEngine, connection: duckdb.DuckDBPyConnection, metric: str, *cuts: str
) -> dict[tuple[Any, ...], Any]:
    request = MetricFlowQueryRequest.create(
        metric_names=[metric], group_by_names=["metric_time__month", *cuts]
    )
    sql = engine.explain(request).sql_statement.sql
    return by_key(metric, [(row[0].date(), *row[1:]) for row in connection.execute(sql).fetchall()])


def by_key(metric: str, rows: list[tuple[Any, ...]]) -> dict[tuple[Any, ...], Any]:
    """Values by the columns before them; shares to six digits."""
    rounded = {
        row[:-1]: round(Decimal(str(row[-1])), 6) if metric in SHARES and row[-1] is not None else row[-1]
        for row in rows
    }
    assert len(rounded) == len(rows)
    return rounded


def test_every_metric_is_compared(manifest: str) -> None:
    defined = {metric["name"]: metric for metric in json.loads(manifest)["metrics"]}
    assert set(defined) == set(EXPECTED)
    assert all(metric["label"] and metric["description"] for metric in defined.values())


@pytest.mark.parametrize("metric", EXPECTED)
def test_a_metric_is_the_figure_of_the_marts(
    metric: str, engine: MetricFlowEngine, published: duckdb.DuckDBPyConnection
) -> None:
    expected = by_key(metric, published.execute(EXPECTED[metric]).fetchall())
    assert expected and computed(engine, published, metric) == expected


@pytest.mark.parametrize(("metric", "cut"), CUTS)
def test_a_metric_cut_by_a_dimension_is_too(
    metric: str, cut: str, engine: MetricFlowEngine, published: duckdb.DuckDBPyConnection
) -> None:
    expected = by_key(metric, published.execute(CUTS[metric, cut]).fetchall())
    found = computed(engine, published, metric, cut)
    # Cut by provider, the mart's row 'all' is a group without an amount.
    assert len(expected) > 4 and {key: value for key, value in found.items() if value is not None} == expected
