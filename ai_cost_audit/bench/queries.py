"""What people ask of each mart, and how long the answer takes when ten readers ask at once.

A reader is a process with a connection of its own to the published file. All ask the same question at the same moment,
three times; the first time includes opening the file's blocks.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

READERS = 10
TIMES = 3
LONGEST_WAIT = 600  # seconds for all readers to be ready for the next question

_LAST_MONTH = "where month = (select max(month) from {mart})"


def _latest(columns: str, amount: str) -> str:
    """The latest month by these columns, the largest 20."""
    return (
        f"select {columns}, sum({amount}) as amount from {{mart}} {_LAST_MONTH} "
        f"group by {columns} order by amount desc, {columns} limit 20"
    )


def _listed(columns: str, order: str) -> str:
    """The first 20 rows in this order."""
    return f"select {columns} from {{mart}} order by {order} limit 20"


def _of_month(columns: str, amount: str, day: str) -> str:
    """The latest month of a mart by day, by these columns, the largest 20."""
    return (
        f"select {columns}, sum({amount}) as amount from {{mart}} "
        f"where {day} >= (select date_trunc('month', max({day})) from {{mart}}) "
        f"group by {columns} order by amount desc, {columns} limit 20"
    )


QUERIES = {
    "audit_run": _listed("*", "audit_date"),
    "dim_dates": "select count(*), min(date), max(date) from {mart}",
    "dim_models": _listed("provider, model, pricing_status, token_count", "token_count desc"),
    "dim_routes": _listed("route_id, owner_team_id, task_class", "route_id"),
    "dim_teams": _listed("team_id, team_name, cost_center", "team_id"),
    "fct_agent_loops": _listed("session_id, route_id, team_id, waste_usd", "waste_usd desc"),
    "fct_attempts": _of_month("provider, model", "attempt_cost_usd", "request_date"),
    "fct_audit_checklist": _listed("check_id, status, figure", "check_id"),
    "fct_cache_breaks": _listed("route_id, started_at, waste_usd", "waste_usd desc"),
    "fct_chargeback_monthly": _latest("team_id", "total_usd"),
    "fct_commitments_monthly": _latest("provider, commitment_id", "unused_cost_usd"),
    "fct_cost_daily": _of_month("team_id, model", "cost_usd", "date"),
    "fct_coverage_monthly": _latest("provider", "billed_usd"),
    "fct_defect_score": _listed("audit_surface, score", "audit_surface"),
    "fct_duplicate_captures": _of_month("provider, model", "1", "requested_at"),
    "fct_findings": _listed("finding_type, subject, amount_usd", "rank"),
    "fct_flagged_bill_lines": _latest("provider", "billed_usd"),
    "fct_gates": _listed("gate_id, provider, month, status, amount_usd", "amount_usd desc"),
    "fct_gpu_hours_classified": _of_month("pool_id, class", "cost_usd", "hour"),
    "fct_gpu_pools_monthly": _latest("pool_id", "cost_usd"),
    "fct_landed_files": "select entity, format, count(*), sum(record_count) from {mart} group by all order by 1, 2",
    "fct_reconciliation_daily": _of_month("provider, model", "gap_usd", "date"),
    "fct_reconciliation_residuals_monthly": _latest("provider, residual_class", "residual_usd"),
    "fct_rejected_records": "select format, reason, count(*) as n from {mart} group by all order by n desc limit 20",
    "fct_request_costs_monthly": _latest("team_id, model", "cost_usd"),
    "fct_requests": _of_month("team_id, feature_name", "request_cost_usd", "request_date"),
    "fct_route_baselines_daily": _of_month("route_id", "cost_usd", "date"),
    "fct_route_overspend_monthly": _latest("route_id", "overspend_usd"),
    "fct_spend_change_monthly": _latest("team_id, model", "change_usd"),
    "fct_spend_spikes_daily": _of_month("team_id, feature_name", "excess_usd", "date"),
    "fct_team_spend_monthly": _latest("team_id", "cost_usd"),
    "fct_three_way_match": _latest("provider, model", "billed_less_ledger_usd"),
    "fct_training_jobs": _listed("job_id, team_id, cost_usd, waste_usd", "cost_usd desc"),
    "fct_user_spend_monthly": _latest("user_id, primary_team_id", "cost_usd"),
    "focus_cost_and_usage": (
        'select "ServiceName", "x_TeamId", sum("EffectiveCost") as amount from {mart} '
        'where "BillingPeriodStart" = (select max("BillingPeriodStart") from {mart}) group by all '
        "order by amount desc limit 20"
    ),
}


def queries(published: Path) -> dict[str, str]:
    """The queries of the marts that this file has."""
    with duckdb.connect(str(published), read_only=True) as connection:
        there = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        )
        names = {name for (name,) in there.fetchall()}
    return {mart: query.format(mart=f"marts.{mart}") for mart, query in QUERIES.items() if mart in names}


def measure(published: Path, readers: int = READERS) -> dict[str, dict[str, Any]]:
    """Of each mart the median and the longest seconds of an answer, or what went wrong."""
    asked = queries(published)
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(readers)
    answers = context.Queue()
    processes = [
        context.Process(target=_read, args=(str(published), asked, barrier, answers)) for _ in range(readers)
    ]
    for process in processes:
        process.start()
    told = [answers.get(timeout=LONGEST_WAIT) for _ in processes]
    for process in processes:
        process.join()
    return {mart: _summary([answer[mart] for answer in told]) for mart in asked}


def _summary(told: Iterable[list[float] | str]) -> dict[str, Any]:
    seconds: list[float] = []
    for answer in told:
        if isinstance(answer, str):
            return {"error": answer}
        seconds += answer
    return {"median_seconds": statistics.median(seconds), "longest_seconds": max(seconds)}


def _read(published: str, asked: dict[str, str], barrier: Any, answers: Any) -> None:
    """One reader, in a process of its own."""
    told: dict[str, list[float] | str] = {}
    with duckdb.connect(published, read_only=True) as connection:
        for mart, query in asked.items():
            taken: list[float] = []
            for _ in range(TIMES):
                barrier.wait(LONGEST_WAIT)
                started = time.monotonic()
                try:
                    connection.execute(query).fetchall()
                except duckdb.Error as error:
                    told[mart] = str(error).splitlines()[0]
                taken.append(time.monotonic() - started)
            told.setdefault(mart, taken)
    answers.put(told)
