"""`ai-cost sql`: the published copy for analysts, always read-only.

A query prints as a table that fits 80 columns, a row a block where it does not fit, or as CSV with every
digit. Without a query the SQL shell that is installed opens. Tables are named with or without their schema
(marts, seeds).
"""

from __future__ import annotations

import csv
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, NoReturn

import duckdb
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from ai_cost_audit import summary
from ai_cost_audit.published import found, opened

ROWS_SHOWN = 200
NARROWEST_TEXT = 20  # columns of text are not cut below this many cells
PROSE = 40  # a longer text with blanks goes on in the next line: names alone are cut
SEARCH_PATH = "set search_path = 'marts,seeds'"
NUMBERS = (int, float, Decimal)


class NotRun(Exception):
    """The query or the shell could not run; the text says why."""


# ---- a shell


def open_shell(published: Path) -> NoReturn:
    """Become the DuckDB CLI, or Harlequin, on the published file; NotRun when neither is installed."""
    command = shell_command(found(published))
    sys.stdout.flush()
    os.execv(command[0], command)


def shell_command(path: Path) -> list[str]:
    """The command line that opens `path` read-only, the program first."""
    duckdb_cli = _installed("duckdb")
    if duckdb_cli is not None:
        return [duckdb_cli, "-readonly", "-cmd", SEARCH_PATH, str(path)]
    harlequin = _installed("harlequin")
    if harlequin is not None:
        return [harlequin, "--read-only", str(path)]
    raise NotRun(
        "no SQL shell is installed: `pip install duckdb-cli` (the DuckDB CLI) or `pip install harlequin`, "
        'or give a query: ai-cost sql "select * from fct_findings"'
    )


def _installed(name: str) -> str | None:
    """A program beside the Python that runs, or on the path."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


# ---- a query


def write_csv(published: Path, query: str, stream: IO[str]) -> None:
    """Write the answer as CSV: UTF-8, null as an empty field, decimals with all their digits."""
    with _answer(published, query) as (columns, rows):
        writer = csv.writer(stream, lineterminator="\n")
        try:
            writer.writerow(columns)
            writer.writerows([_exact(value) for value in row] for row in rows)
            stream.flush()
        except BrokenPipeError:  # `| head` has read enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _exact(value: Any) -> Any:
    """Decimals without an exponent (1E-7), truth values as SQL writes them."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:f}" if isinstance(value, Decimal) else value


def show_rows(published: Path, query: str, console: Console) -> None:
    """Print the answer; amounts of money to the cent, the first rows when there are many."""
    with _answer(published, query) as (columns, answered):
        rows = list(answered)
    shown = rows[:ROWS_SHOWN]
    cells = [[_text(name, value) for name, value in zip(columns, row, strict=True)] for row in shown]
    if not columns:
        console.print("Done.")
    elif not rows:
        console.print("No rows.")
    elif _fits(columns, cells, shown, console.width):
        summary.show(
            console, [_column(columns[n], [row[n] for row in shown]) for n in range(len(columns))], cells
        )
    else:
        _show_blocks(console, columns, cells)
    if len(rows) > len(shown):
        console.print(f"  and {len(rows) - len(shown):,} more rows: --csv writes all of them")


@contextmanager
def _answer(published: Path, query: str) -> Iterator[tuple[list[str], Iterator[tuple[Any, ...]]]]:
    """The columns and rows of a query, or of the query in a .sql file."""
    text = _text_of(query)
    with opened(published) as connection:
        try:
            connection.execute(SEARCH_PATH)
            cursor = connection.execute(text)
            if cursor is None:  # nothing, or comments alone
                raise NotRun('the query holds no statement: ai-cost sql "select * from fct_findings"')
            names = [column[0] for column in cursor.description or ()]
            yield names, _fetched(cursor)
        except duckdb.Error as error:
            raise NotRun(str(error)) from error


def _fetched(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := cursor.fetchmany(10_000):
        yield from rows


def _text_of(query: str) -> str:
    if not query.strip().lower().endswith(".sql"):
        return query
    return Path(query.strip()).read_text(encoding="utf-8")


def _text(name: str, value: Any) -> str:
    if value is None:
        return summary.NOTHING
    if isinstance(value, Decimal):
        is_money = name.endswith("_usd") or name.endswith("Cost")
        return summary.Money(Decimal("0.01")).text(value) if is_money else summary.plain_number(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(_exact(value))


def _is_numeric(values: Sequence[Any]) -> bool:
    return any(value is not None for value in values) and all(
        value is None or (isinstance(value, NUMBERS) and not isinstance(value, bool)) for value in values
    )


def _column(name: str, values: Sequence[Any]) -> summary.Column:
    number = _is_numeric(values)
    is_prose = any(isinstance(value, str) and len(value) > PROSE and " " in value for value in values)
    return summary.Column(
        name, "right" if number else "left", flexible=not number and not is_prose, wrapped=is_prose
    )


def _fits(
    columns: Sequence[str], cells: Sequence[Sequence[str]], rows: Sequence[Sequence[Any]], width: int
) -> bool:
    """Whether the table needs no number cut, and no text below a width at which it can be read."""
    needed = summary.INDENT
    for n, name in enumerate(columns):
        widest = max(cell_len(row[n]) for row in cells)
        if not _is_numeric([row[n] for row in rows]):
            widest = min(widest, NARROWEST_TEXT)
        needed += max(widest, cell_len(name)) + 2
    return needed - 2 <= width


def _show_blocks(console: Console, columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """One row a block, one line a column; a long text goes on below."""
    margin = max(cell_len(name) for name in columns) + 2
    for number, row in enumerate(cells, start=1):
        console.print(Text(f"row {number:,}", style="bold"))
        for name, cell in zip(columns, row, strict=True):
            wrapped = Text(summary.clean(cell)).wrap(console, max(console.width - margin - 2, 20)) or [
                Text("")
            ]
            for place, line in enumerate(wrapped):
                line.rstrip()
                label = f"  {name:<{margin}}" if place == 0 else " " * (margin + 2)
                console.print(Text(label).append_text(line), no_wrap=True, overflow="ignore", crop=False)
