"""`ai-cost export`: every published table as one CSV or Parquet file, with a manifest that says what is in it.

Nothing is computed here. The files are written beside the folder and swapped in, so that a reader of the
folder sees the last export or this one. Rows stand in the order of their columns, so that the same audit
gives the same bytes.

In CSV, decimals keep all their digits, null is an empty field and an empty text is "". A spreadsheet runs a
text that starts with = + - @ as a formula, whoever wrote it into a name; such a text gets a ' in front, as does
one that starts with a ' itself. So a reader that wants the text as it is removes one leading '. Numbers are
left alone, negative or not.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb

from ai_cost_audit import __version__
from ai_cost_audit.published import opened

Kind = Literal["csv", "parquet"]
Progress = Callable[[str, int, int], None]

MANIFEST = "manifest.json"
WRITTEN_BY = "ai-cost export"
SCHEMAS = ("marts", "seeds")
COPY_OPTIONS = {"csv": "format csv, header true", "parquet": "format parquet, compression zstd"}

# What a spreadsheet may run: its own signs, also after blanks and in full width. A plain number is none.
FORMULA = r"^([\s\x{00a0}\x{feff}]*[=+\-@＝＋－＠]|[\t\r\n''])"
NUMBER = r"^[+\-]?\d+(\.\d+)?$"


class NotExported(Exception):
    """The folder is not ours to replace; the text says what to do."""


@dataclass(frozen=True)
class Report:
    """What was written: tables, rows in all, bytes in all."""

    folder: Path
    tables: int
    rows: int
    size_bytes: int


def run(published: Path, folder: Path, kind: Kind, progress: Progress | None = None) -> Report:
    """Write every table of the published copy to `folder`, which is new, empty or an earlier export.

    Raises NotReadable without a published audit, NotExported when the folder holds anything else.
    """
    folder = folder.expanduser().absolute()
    _check_is_ours(folder)
    with opened(published) as connection:
        folder.parent.mkdir(parents=True, exist_ok=True)
        written = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            manifest = _write(connection, written, kind, progress or (lambda *_: None))
            _swap_in(written, folder)
        finally:
            shutil.rmtree(written, ignore_errors=True)
    tables = manifest["tables"]
    return Report(
        folder, len(tables), sum(one["rows"] for one in tables), sum(one["size_bytes"] for one in tables)
    )


def _check_is_ours(folder: Path) -> None:
    """Refuse a folder that holds a file which no export wrote there."""
    if folder.is_file():
        raise NotExported(f"{folder} is a file: name a folder")
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        ours = {MANIFEST, *(one["file"] for one in manifest["tables"])}
        is_ours = manifest["written_by"] == WRITTEN_BY
    except (OSError, ValueError, KeyError, TypeError):
        ours, is_ours = set(), False
    others = sorted(
        {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - ours
    )
    if not is_ours or others:
        held = f"holds {others[0]}, which" if others else "holds files that"
        raise NotExported(
            f"{folder} {held} `ai-cost export` did not write: name another folder, or move it away"
        )


def _write(
    connection: duckdb.DuckDBPyConnection, folder: Path, kind: Kind, progress: Progress
) -> dict[str, Any]:
    tables = connection.execute(
        """
        select schema_name, table_name, comment from duckdb_tables() where schema_name in (?, ?)
        union all
        select schema_name, view_name, comment from duckdb_views() where schema_name in (?, ?)
        order by all
        """,
        [*SCHEMAS, *SCHEMAS],
    ).fetchall()
    entries = []
    for number, (schema, table, comment) in enumerate(tables, start=1):
        progress("Exporting tables", number, len(tables))
        entries.append(
            {
                "table": f"{schema}.{table}",
                "description": comment,
                **_copy(connection, folder, kind, schema, table),
            }
        )
    manifest = {
        "written_by": WRITTEN_BY,
        "project_version": __version__,
        "format": kind,
        "text_rule": _TEXT_RULES[kind],
        "audit_run": _audit_run(connection),
        "tables": entries,
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False, default=str) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8", newline="\n")
    return manifest


_TEXT_RULES = {
    "csv": "UTF-8. An empty field is null. A text field that starts with ' has one ' more than the text.",
    "parquet": "Text as it is.",
}


def _copy(
    connection: duckdb.DuckDBPyConnection, folder: Path, kind: Kind, schema: str, table: str
) -> dict[str, Any]:
    """Write one table; returns its entry in the manifest."""
    columns = connection.execute(
        """
        select column_name, data_type, comment
        from duckdb_columns()
        where schema_name = ? and table_name = ?
        order by column_index
        """,
        [schema, table],
    ).fetchall()
    selected = ", ".join(
        _without_formula(name) if kind == "csv" and data_type == "VARCHAR" else f'"{name}"'
        for name, data_type, _ in columns
    )
    path = folder / schema / f"{table}.{kind}"
    path.parent.mkdir(exist_ok=True)
    target = str(path).replace("'", "''")
    ordered = f'select {selected} from (from {schema}."{table}" order by all)'
    try:
        copied = connection.execute(f"copy ({ordered}) to '{target}' ({COPY_OPTIONS[kind]})").fetchone()
    except duckdb.IOException as error:
        raise OSError(str(error)) from error
    assert copied is not None
    return {
        "file": path.relative_to(folder).as_posix(),
        "rows": copied[0],
        "size_bytes": path.stat().st_size,
        "sha256": _sha256(path),
        "columns": [
            {"name": name, "type": data_type.lower(), "description": about}
            for name, data_type, about in columns
        ],
    }


def _without_formula(column: str) -> str:
    name = f'"{column}"'
    is_formula = f"regexp_matches({name}, '{FORMULA}') and not regexp_matches({name}, '{NUMBER}')"
    return f"case when {is_formula} then '''' || {name} else {name} end as {name}"


def _audit_run(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    cursor = connection.execute("from marts.audit_run")
    names = [column[0] for column in cursor.description or ()]
    row = cursor.fetchone()
    return dict(zip(names, row, strict=True)) if row else {}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _swap_in(written: Path, folder: Path) -> None:
    """Put `written` in the place of `folder`; what was there goes last."""
    mask = os.umask(0)
    os.umask(mask)
    written.chmod(0o777 & ~mask)  # a temporary folder is its maker's alone; an export is to be shared
    if not folder.exists():
        written.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        folder.rename(old)
        try:
            written.rename(folder)
        except OSError:
            old.rename(folder)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
