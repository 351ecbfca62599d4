"""Compare the marts of two builds, row by row: of what differs, which columns, in how many rows and by how much.

    .venv/bin/python benchmarks/compare.py BEFORE.duckdb AFTER.duckdb [--seeds]

Tables and views of the schema `marts` are compared as bags of rows, whatever their order; a number that differs is
told with the sum on both sides. Exits 1 when anything differs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb

CATALOGS = ["before", "after"]
SAME_ROWS = "select count(*) from (select {columns} from {one} except all select {columns} from {other})"


def tables(connection: duckdb.DuckDBPyConnection, catalog: str, schema: str) -> dict[str, list[str]]:
    """Columns of each table and view of a schema, in alphabetical order."""
    found: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from information_schema.columns"
        " where table_catalog = ? and table_schema = ? order by all",
        [catalog, schema],
    ).fetchall():
        found.setdefault(table, []).append(column)
    return found


def differences(connection: duckdb.DuckDBPyConnection, schema: str) -> Iterator[str]:
    """A line for each difference of a schema between the attached databases `before` and `after`."""
    before, after = (tables(connection, catalog, schema) for catalog in CATALOGS)
    for table in sorted(before.keys() - after.keys()):
        yield f"{table}: gone"
    for table in sorted(after.keys() - before.keys()):
        yield f"{table}: new"
    for table in sorted(before.keys() & after.keys()):
        for column in sorted(set(before[table]) - set(after[table])):
            yield f"{table}.{column}: gone"
        for column in sorted(set(after[table]) - set(before[table])):
            yield f"{table}.{column}: new"
        yield from _rows(connection, schema, table, sorted(set(before[table]) & set(after[table])))


def _rows(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, columns: list[str]
) -> Iterator[str]:
    one, other = (f'"{catalog}".{schema}."{table}"' for catalog in CATALOGS)
    counts = [_number(connection, f"select count(*) from {relation}") for relation in (one, other)]
    listed = ", ".join(f'"{column}"' for column in columns)
    lost = _number(connection, SAME_ROWS.format(columns=listed, one=one, other=other))
    if not lost and counts[0] == counts[1]:
        return
    yield f"{table}: {counts[0]} rows before, {counts[1]} after, {lost} of those before are not there any more"
    for column in columns:
        pick = f'"{column}"'
        moved = _number(connection, SAME_ROWS.format(columns=pick, one=one, other=other))
        back = _number(connection, SAME_ROWS.format(columns=pick, one=other, other=one))
        if moved or back:
            sums = [
                connection.execute(
                    f"select sum(try_cast({pick} as decimal(38, 12))) from {relation}"
                ).fetchone()
                for relation in (one, other)
            ]
            told = " ".join(str(row[0]) if row else "" for row in sums)
            yield f"    {table}.{column}: {moved} values gone, {back} new; sums {told}"


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def main() -> int:
    """Print the differences."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--seeds", action="store_true", help="compare the schema seeds too")
    chosen = parser.parse_args()
    with duckdb.connect() as connection:
        # A view of the file that is worked on names its own catalog.
        CATALOGS[:] = ["before", chosen.after.stem]
        for catalog, path in zip(CATALOGS, (chosen.before, chosen.after), strict=True):
            connection.execute(f"attach '{path}' as \"{catalog}\" (read_only)")
        schemas = ["marts", "seeds"] if chosen.seeds else ["marts"]
        lines = [line for schema in schemas for line in differences(connection, schema)]
    print("\n".join(lines) if lines else "no difference")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
