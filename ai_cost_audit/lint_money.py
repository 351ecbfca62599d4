"""Name each place where money may overflow, by the types that DuckDB itself gives the compiled SQL.

    python -m ai_cost_audit.lint_money warehouse/build.duckdb target/compiled/ai_cost_audit

Reads the plan of each model and test after staging, against the tables that were built from them. Prints `file:line:
what: what to write instead`; ends with 1 when it found anything. docs/decisions.md has the rule ("Money holds any
company").
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from ai_cost_audit.lint_sql import STAGING, Finding

AMOUNT = "DECIMAL(38,12)"
DIGITS = 12  # before the point: an amount, and each sum of amounts, is below 10^12 dollars
PLACES = 12  # after it: what has as many is money, or multiplied with it

# One attempt or request costs below a million, so that ten million rows add up fast in 64 bits.
OF_ONE_REQUEST = ("ledger/calls",)
REQUEST_TABLES = re.compile(
    r"int_attempts__(unioned|captured|identified|priced)|int_focus_usage__attempts|fct_attempts|fct_requests"
)
# Prices are decimal(18, 12) or finer. What is booked is in cents.
PRICE_TABLES = re.compile(r"int_prices__\w+|int_reconciliation__sheet_prices")
NO_AMOUNT = re.compile(r"(^|_)per_|^is_|^booked_usd$")
MONEY = re.compile(r"(^|_)(usd|amount)$|Cost$")


def lint(connection: duckdb.DuckDBPyConnection, sql: str, is_of_one_request: bool = False) -> list[Finding]:
    """What in one statement cannot hold every amount, by line."""
    plan = connection.execute("select json_serialize_plan(?, optimize := false)", [sql]).fetchall()[0][0]
    found = json.loads(plan)
    if found["error"]:
        return [Finding(1, found["error_message"], "SQL that DuckDB can read against the built tables")]
    return sorted({
        Finding(sql.count("\n", 0, node["query_location"]) + 1, *rule)
        for node in _nodes(found)
        for rule in _rules(node, is_of_one_request)
    })  # fmt: skip


def lint_columns(connection: duckdb.DuckDBPyConnection, database: str = "build") -> list[str]:
    """The columns of money that are not typed as an amount, as `table.column is TYPE`."""
    columns = connection.execute(
        """
        select table_name, column_name, data_type from information_schema.columns
        where table_catalog = ? and table_schema not in ('staging', 'seeds') order by all
        """,
        [database],
    ).fetchall()
    return [
        f"{table}.{column} is {data_type}: write {AMOUNT.lower()}"
        for table, column, data_type in columns
        if MONEY.search(column) and not NO_AMOUNT.search(column) and data_type != AMOUNT
        and not PRICE_TABLES.fullmatch(table)
        and not (REQUEST_TABLES.fullmatch(table) and data_type == "DECIMAL(18,12)")
    ]  # fmt: skip


def _nodes(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if "expression_class" in part:
            yield part
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from _nodes(each)


def _rules(node: dict[str, Any], is_of_one_request: bool) -> Iterator[tuple[str, str]]:
    returned = node.get("return_type")
    decimal = _decimal(returned)
    # Of two non-negative numbers a difference is no larger.
    if node.get("name") in ("*", "+") and decimal:
        digits, places = decimal
        # DuckDB makes a result as wide as its parts need, up to 18 digits or 38: what it cut short may overflow.
        is_cut_short = (node.get("function_data") or {}).get("check_overflow", False)
        is_small = is_of_one_request and node["name"] == "+"
        if is_cut_short and places >= PLACES and digits - places < DIGITS and not is_small:
            kind = "product" if node["name"] == "*" else "sum"
            yield f"{kind} of type decimal({digits}, {places})", "a factor cast to decimal(38, 12)"
    if node.get("name") in ("+", "-") and returned == {"id": "DOUBLE", "type_info": None} and _money_in(node):
        yield "money added up as a double", "casts to decimal(38, 12) of what was divided, before it is added"
    if node["expression_class"] == "BOUND_CAST" and decimal and not is_of_one_request:
        digits, places = decimal
        child = _decimal(node["child"].get("return_type"))
        if child and child[0] == 38 and digits - places < DIGITS and _money_in(node["child"]):
            yield f"an amount cast to decimal({digits}, {places})", "decimal(38, 12)"


def _decimal(data_type: dict[str, Any] | None) -> tuple[int, int] | None:
    """Digits and places; None for another type."""
    if not data_type or data_type["id"] != "DECIMAL":
        return None
    return data_type["type_info"]["width"], data_type["type_info"]["scale"]


def _money_in(node: dict[str, Any]) -> bool:
    """Whether a column of money is a part of it."""
    columns = (each for each in _nodes(node) if each["expression_class"] in ("BOUND_REF", "BOUND_COLUMN_REF"))
    return any(
        re.search(r"(usd|amount)\b", name) and "per_" not in name for name in (c["alias"] for c in columns)
    )


def lint_folder(connection: duckdb.DuckDBPyConnection, compiled: Path) -> tuple[int, list[str]]:
    """How many models after staging, singular tests and analyses were read, and a line per finding."""
    models = [p for p in sorted((compiled / "models").rglob("*.sql")) if ".yml" not in str(p.parent)]
    models = [p for p in models if p.relative_to(compiled / "models").parts[0] != STAGING]
    lines = []
    paths = [
        *models,
        *(p for kind in ("tests", "analyses") for p in sorted((compiled / kind).rglob("*.sql"))),
    ]
    for path in paths:
        is_of_one_request = any(folder in str(path.parent) for folder in OF_ONE_REQUEST)
        for finding in lint(connection, path.read_text(), is_of_one_request):
            lines.append(f"{path}:{finding.line}: {finding.construct}: write {finding.instead}")
    return len(paths), lines


def open_built(database: Path) -> duckdb.DuckDBPyConnection:
    """A connection in which compiled SQL finds its tables, empty; a view is one too, so that its SQL is read once."""
    with duckdb.connect(str(database), read_only=True) as built:
        columns = built.execute("""
            select table_schema, table_name, string_agg('"' || column_name || '" ' || data_type, ', ')
            from information_schema.columns group by all
        """).fetchall()
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as build")
    connection.execute("use build")
    for schema, table, names_and_types in columns:
        connection.execute(f'create schema if not exists "{schema}"')
        connection.execute(f'create table "{schema}"."{table}" ({names_and_types})')
    return connection


def main(arguments: Sequence[str]) -> int:
    """0: all money holds. 1: findings printed. 2: nothing to read there."""
    database, compiled = (Path(argument) for argument in arguments)
    with open_built(database) as connection:
        count, lines = lint_folder(connection, compiled)
        lines += lint_columns(connection)
    if not count:
        print(f"{compiled}: no compiled model; run `dbt build` first", file=sys.stderr)
        return 2
    print("\n".join([*lines, f"{count} models and tests read, {len(lines)} places where money may overflow"]))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
