"""The file registry: look at each file of the landing zone once, before SQL reads it.

Every new or changed file is read to its end here: is it whole (gz, zst), is it text, is each CSV row as wide as its
header, how many records does it hold? A CSV or Parquet file that looks clean is also read alone with the reader that
SQL will use, so that no file can stop the others. A clean file is then read in place. A file that SQL could not read
line by line (truncated, damaged, a JSON document, a ragged CSV) gets a copy as JSON lines in the cache folder, in
which record N is still line N and each unreadable record is a marker `{"_unreadable": "<reason>"}`, so that staging
turns it into a reject row and every other record of the file is kept.
"""

from __future__ import annotations

import csv
import glob
import hashlib
import json
import os
import re
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

import duckdb
import zstandard

ENTITIES = ("gateway_traces", "provider_usage", "provider_costs", "cloud_billing", "gpu_usage", "gpu_jobs")
READERS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".psv": "csv",  # any of , ; tab | separates the fields, whatever the suffix
    ".txt": "csv",
    ".parquet": "parquet",
}
IGNORED_SUFFIXES = (".md", ".tmp", ".part", ".crc")

CHUNK = 1 << 20
LONGEST_RECORD = 32 << 20  # bytes; staging reads lines with the same limit
MARKER = "_unreadable"
BLANK = b" \t\r"  # a line of nothing else is no record
BLANK_LINE = json.dumps({MARKER: ""})  # keeps the numbers of the lines after it; no record
_ODD = (b"\0", b"\1", b"\r")  # no text, another line end
_DATE_FOLDER = re.compile(r"^(\d|[a-z_]+=)")
_DELIVERED = re.compile(r"(?:^|/)delivered=(\d{4}-\d{2}-\d{2})(?=/)")
csv.field_size_limit(LONGEST_RECORD)


@dataclass(frozen=True)
class LandedFile:
    """One file of the landing zone, as last looked at."""

    file_id: str  # path below the landing zone
    entity: str
    format: str
    account_id: str
    file_version: str  # changes when the content does
    content_hash: str
    size_bytes: int
    modified_at: datetime  # UTC
    delivered_on: date | None  # of a folder delivered=YYYY-MM-DD; None where the path names no day
    reader: str  # jsonl | csv | parquet
    delimiter: str
    layout: str  # same CSV delimiter, line end and header, or same Parquet schema: read together
    read_path: str
    record_count: int
    status: str  # ok | repaired | empty | unreadable | unknown_format | duplicate_delivery
    problem: str | None
    superseded_by: str | None = None  # the later delivery of the same file, which is read in its place


@dataclass
class Inspection:
    """What one pass over a file found."""

    record_count: int = 0
    delimiter: str = ""
    header: list[str] = field(default_factory=list)
    line_end: str = "\n"
    problems: dict[int, str] = field(default_factory=dict)  # physical line (from 1) to reason
    must_copy: bool = False


class Damaged(Exception):
    """The compressed stream cannot be read to its end."""


class _DuckDB:
    """The reader that SQL will use, on a connection of its own: renewed after an error, which may have broken it."""

    def __init__(self) -> None:
        self._connection: duckdb.DuckDBPyConnection | None = None

    def columns(self, relation: str) -> list[tuple[str, str]]:
        """Name and type of each column; raises duckdb.Error."""
        return [(row[0], row[1]) for row in self._execute(f"describe select * from {relation}").fetchall()]

    def record_count(self, relation: str) -> int:
        """Records of the relation, each of them read whole; raises duckdb.Error."""
        row = self._execute(f"select count(*), max(hash(columns(*))) from {relation}").fetchone()
        return int(row[0]) if row else 0

    def records(self, relation: str) -> Iterator[str]:
        """Each record as JSON text; raises duckdb.Error."""
        found = self._execute(f"select cast(to_json(records) as varchar) from {relation} as records")
        while rows := found.fetchmany(1000):
            yield from (row[0] for row in rows)

    def _execute(self, query: str) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection = duckdb.connect()
            self._connection.execute("set TimeZone = 'UTC'")
        try:
            return self._connection.execute(query)
        except duckdb.Error:
            self._connection = None
            raise


def scan(
    landing: Path,
    cache: Path,
    known: dict[str, LandedFile] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    as_of: date | None = None,
) -> list[LandedFile]:
    """Every file of the landing zone, sorted by path; only new or changed files are read.

    `known` is the registry of the last build, by file_id. A file with the same size and modification time as before is
    not opened. `cache` holds the line-by-line copies of files that cannot be read in place. With `as_of` the
    landing zone is what had been delivered by the end of that day (UTC): by the folder `delivered=`, else by
    modification time.
    """
    known = known or {}
    paths = sorted(p for p in landing.rglob("*") if p.is_file() and not _is_ignored(p.relative_to(landing)))
    if as_of is not None:
        paths = [p for p in paths if _delivery_day(p, p.relative_to(landing).as_posix()) <= as_of]
    reading = threading.local()

    def look_at(path: Path) -> LandedFile:
        file_id = path.relative_to(landing).as_posix()
        before = known.get(file_id)
        if before is not None and _is_unchanged(before, path):
            is_read_in_place = Path(before.read_path).name == path.name
            return replace(before, read_path=str(path)) if is_read_in_place else before
        if not hasattr(reading, "duckdb"):
            reading.duckdb = _DuckDB()
        return _inspect(path, file_id, cache, reading.duckdb)

    files = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # decompression leaves the interpreter to others
        for number, file in enumerate(pool.map(look_at, paths), start=1):
            files.append(file)
            if progress:
                progress(file.file_id, number, len(paths))
    return _name_superseded(_name_duplicate_deliveries(files))


def delivered_on(file_id: str) -> date | None:
    """The day that a folder `delivered=YYYY-MM-DD` of the path states; None where there is none, or no such day."""
    found = _DELIVERED.search(file_id)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _delivery_day(path: Path, file_id: str) -> date:
    return delivered_on(file_id) or _modified_at(path.stat().st_mtime).date()


def load_registry(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, LandedFile]:
    """The registry of an earlier build by file_id, as `scan` wants it; empty when there is none with these columns."""
    columns = ", ".join(LandedFile.__dataclass_fields__)
    try:
        rows = connection.execute(f"select {columns} from {relation}").fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):
        return {}
    files = (LandedFile(*row) for row in rows)
    # Whether a file is a duplicate is decided anew each time: the other one may be gone.
    return {
        f.file_id: replace(f, status="ok", problem=None) if f.status == "duplicate_delivery" else f
        for f in files
    }


def _is_ignored(relative: Path) -> bool:
    return any(part.startswith((".", "_")) for part in relative.parts) or relative.suffix in IGNORED_SUFFIXES


def _is_unchanged(before: LandedFile, path: Path) -> bool:
    """Same size and time, and its copy for SQL, where it has one, is still there. The landing zone may have moved."""
    stat = path.stat()
    same = before.size_bytes == stat.st_size and before.modified_at == _modified_at(stat.st_mtime)
    copy = Path(before.read_path or path)
    return same and (copy.name == path.name or copy.exists())


def _modified_at(mtime: float) -> datetime:
    return datetime.fromtimestamp(mtime, UTC).replace(tzinfo=None)


def _inspect(path: Path, file_id: str, cache: Path, reading: _DuckDB) -> LandedFile:
    parts = Path(file_id).parts
    entity, format_name = (parts[0], parts[1]) if len(parts) > 2 else (parts[0] if len(parts) > 1 else "", "")
    account = parts[2] if len(parts) > 3 and not _DATE_FOLDER.match(parts[2]) else "default"
    suffixes = path.suffixes
    compression = suffixes.pop()[1:] if suffixes and suffixes[-1] in (".gz", ".zst") else ""
    kind = READERS.get(suffixes[-1] if suffixes else "")
    content_hash = _hash(path)
    version = hashlib.blake2b(f"{file_id}\0{content_hash}".encode(), digest_size=8).hexdigest()
    stat = path.stat()

    def landed(
        status: str, records: int, reader: str = "", read_path: Path | None = None, **more: Any
    ) -> LandedFile:
        return LandedFile(
            file_id=file_id,
            entity=entity,
            format=format_name,
            account_id=account,
            file_version=version,
            content_hash=content_hash,
            size_bytes=stat.st_size,
            modified_at=_modified_at(stat.st_mtime),
            delivered_on=delivered_on(file_id),
            reader=reader,
            delimiter=more.get("delimiter", ""),
            layout=more.get("layout", ""),
            read_path=str(read_path or ""),
            record_count=records,
            status=status,
            problem=more.get("problem"),
        )

    if entity not in ENTITIES or not format_name:
        expected = f"landing/<entity>/<format>/, entity one of {', '.join(ENTITIES)}"
        return landed("unknown_format", 0, problem=f"no format owns this folder; move the file to {expected}")
    if kind is None:
        fix = "deliver .jsonl, .ndjson, .json, .csv, .psv, .txt or .parquet, plain, .gz or .zst"
        return landed("unknown_format", 0, problem=f"unknown file type {path.suffix or '(none)'}; {fix}")
    if stat.st_size == 0:
        return landed("empty", 0, problem="the file is empty; deliver it again or remove it")

    copy = cache / f"{version}.jsonl"
    if kind == "parquet":
        try:
            return landed(**_inspect_parquet(path, copy, reading))
        except duckdb.Error as error:
            said = str(error).split("LINE 1:")[0]  # no path of this machine, quoted from the query or told
            for folder in (f"{path.parent}/", f"{glob.escape(str(path.parent))}/"):
                said = said.replace(folder, "")
            what = _one_line(said)
            reason = f"not a readable Parquet file ({what}); deliver it again"
            _write_lines(copy, [_marker(reason)])
            return landed("unreadable", 1, "jsonl", copy, problem=reason)

    lines = _Lines(path, compression)
    try:
        if kind == "json" and (documents := _json_documents(lines)) is not None:
            _write_lines(copy, documents)
            return landed("ok", len(documents), "jsonl", copy, problem=None)
        found = _inspect_csv(lines) if kind == "csv" else _inspect_jsonl(lines)
    except Damaged as error:  # not one readable line
        reason = f"{error}; deliver the file again"
        _write_lines(copy, [_marker(reason)])
        return landed("unreadable", 1, "jsonl", copy, problem=reason)

    reader = "jsonl" if kind == "json" else kind
    if not found.record_count and not found.problems:
        return landed("empty", 0, problem="the file holds no record; deliver it again or remove it")
    is_read_in_place = not found.must_copy and not _is_pattern(path)
    if is_read_in_place and (kind != "csv" or _csv_reads_in_place(path, found, reading)):
        layout = _csv_layout(found) if kind == "csv" else ""
        return landed("ok", found.record_count, reader, path, delimiter=found.delimiter, layout=layout)
    _write_lines(copy, _csv_as_json(lines, found) if kind == "csv" else _repaired_jsonl(lines, found))
    first = min(found.problems, default=None)
    problem = f"line {first}: {found.problems[first]}" if first is not None else None
    status = "repaired" if found.problems else "ok"
    return landed(status, found.record_count, "jsonl", copy, problem=problem)


def _hash(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _is_pattern(path: Path) -> bool:
    """SQL would take the path for a pattern, and read other files, or this one twice."""
    return glob.has_magic(str(path))


def _sql_path(path: Path) -> str:
    return "'" + glob.escape(str(path)).replace("'", "''") + "'"


def _short_hash(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=6).hexdigest()


def _inspect_parquet(path: Path, copy: Path, reading: _DuckDB) -> dict[str, Any]:
    """Reads the file to its end; raises duckdb.Error when that fails.

    A file that has columns of the reader's own names (filename, file_row_number) cannot be read in place.
    """
    plain = f"read_parquet({_sql_path(path)})"
    schema = reading.columns(plain)
    count = reading.record_count(plain)
    if not count:
        return {
            "status": "empty",
            "records": 0,
            "problem": "the file holds no record; deliver it again or remove it",
        }
    own_names = {"filename", "file_row_number"} & {name.lower() for name, _ in schema}
    if own_names or _is_pattern(path):
        _write_lines(copy, reading.records(plain))
        return {"status": "ok", "records": count, "reader": "jsonl", "read_path": copy}
    return {
        "status": "ok",
        "records": count,
        "reader": "parquet",
        "read_path": path,
        "layout": _short_hash(schema),
    }


def _csv_layout(found: Inspection) -> str:
    return found.delimiter + _short_hash(found.delimiter, found.line_end, found.header)


def _csv_reads_in_place(path: Path, found: Inspection, reading: _DuckDB) -> bool:
    """Whether the reader of staging finds the same columns and as many records; the same options as there."""
    relation = f"""read_csv(
        {_sql_path(path)}, delim = '{found.delimiter}', quote = '"', escape = '"', header = true, all_varchar = true,
        comment = '', skip = 0, filename = true, sample_size = 1, max_line_size = {LONGEST_RECORD}
    )"""
    try:
        names = [name for name, _ in reading.columns(relation)]
        return names == [*found.header, "filename"] and reading.record_count(relation) == found.record_count
    except duckdb.Error:
        return False


class _Lines:
    """The lines of a text file, decompressed, without their line end; `damage` says why the stream ended early."""

    def __init__(self, path: Path, compression: str) -> None:
        self.path = path
        self.compression = compression
        self.damage: str | None = None

    def __iter__(self) -> Iterator[bytes]:
        self.damage = None
        rest = b""
        try:
            for chunk in self.chunks():
                *whole, rest = (rest + chunk).split(b"\n")
                yield from whole
        except Damaged as error:
            self.damage = str(error)
            return  # what is left is half a line
        if rest:
            yield rest

    def chunks(self) -> Iterator[bytes]:
        """The decompressed bytes; raises Damaged where the stream ends early."""
        with self.path.open("rb") as stream:
            if not self.compression:
                while chunk := stream.read(CHUNK):
                    yield chunk
            else:
                yield from self._decompressed(stream)

    def _decompressed(self, stream: IO[bytes]) -> Iterator[bytes]:
        def new() -> Any:
            if self.compression == "gz":
                return zlib.decompressobj(31)
            return zstandard.ZstdDecompressor().decompressobj()

        decoder = new()
        while chunk := stream.read(CHUNK):
            while chunk:
                try:
                    yield decoder.decompress(chunk)
                except (zlib.error, zstandard.ZstdError) as error:
                    raise Damaged(f"damaged {self.compression} stream ({_one_line(error)})") from error
                chunk = decoder.unused_data if decoder.eof else b""
                if chunk:
                    decoder = new()
        if not decoder.eof:
            raise Damaged(f"the {self.compression} stream ends early")


def _line_problem(line: bytes) -> str | None:
    if b"\0" in line:
        return "binary data, not text"
    if len(line) > LONGEST_RECORD:
        return f"the line is longer than {LONGEST_RECORD >> 20} MiB"
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return f"not UTF-8 text at byte {error.start + 1}"
    return None


def _inspect_jsonl(lines: _Lines) -> Inspection:
    plain = _plain_line_count(lines)
    if plain is not None:
        return Inspection(record_count=plain)
    found = Inspection()
    number = 0
    line_ends = set()
    blank = False
    for number, line in enumerate(lines, start=1):
        line_ends.add(line.endswith(b"\r"))
        if not line.strip(BLANK):
            blank = True
            continue
        found.must_copy = (
            found.must_copy or blank
        )  # SQL leaves blank lines out: the numbers after it would be others
        found.record_count += 1
        if problem := _line_problem(line) or _separator_problem(line):
            found.problems[number] = problem
        elif line.find(b"\r", 0, -1) >= 0:
            found.must_copy = True  # SQL would end the line there
    if found.record_count and len(found.problems) == found.record_count:
        raise Damaged(found.problems[min(found.problems)])  # no text file at all: one reject, not one a line
    _note_damage(found, lines, number)
    found.must_copy = found.must_copy or bool(found.problems) or len(line_ends) > 1
    return found


def _plain_line_count(lines: _Lines) -> int | None:
    """How many lines the file has, when each is UTF-8 text, not blank, and ends alike; None when one is not."""
    count = 0
    rest = b""
    try:
        for chunk in lines.chunks():
            block, end, rest = (rest + chunk).rpartition(b"\n")
            if max(len(block), len(rest)) > LONGEST_RECORD or (end and _is_odd(block)):
                return None
            count += block.count(b"\n{") + 1 if end else 0
    except Damaged:
        return None
    if rest and _is_odd(rest):
        return None
    return count + bool(rest) or None


def _is_odd(block: bytes) -> bool:
    """Whether a line of the block begins with anything but an object, or is no text."""
    try:
        block.decode()
    except UnicodeDecodeError:
        return True
    starts = block.count(b"\n{") + block.startswith(b"{")
    return starts != block.count(b"\n") + 1 or any(mark in block for mark in _ODD)


def _separator_problem(line: bytes) -> str | None:
    """Staging reads a line as one field by a separator that no JSON text holds."""
    return "binary data, not text" if b"\1" in line else None


def _note_damage(found: Inspection, lines: _Lines, last_line: int) -> None:
    """A stream that ended early is one more unreadable record, after the last whole line."""
    if lines.damage is None:
        return
    if found.record_count == 0:
        raise Damaged(lines.damage)
    found.record_count += 1
    found.problems[last_line + 1] = f"{lines.damage} after line {last_line}; deliver the file again"


def _repaired_jsonl(lines: _Lines, found: Inspection) -> Iterator[str]:
    number = 0
    for number, line in enumerate(lines, start=1):
        yield _marker(found.problems[number]) if number in found.problems else _on_one_line(line.decode())
    if number + 1 in found.problems:
        yield _marker(found.problems[number + 1])


def _json_documents(lines: _Lines) -> list[str] | None:
    """The records of a JSON document (an object, or an array of them), each on one line; None when it is JSON lines."""
    text = b"\n".join(lines)
    if lines.damage is not None:
        return None
    try:
        content = text.decode("utf-8-sig").strip()
        decoder = json.JSONDecoder()
        _, end = decoder.raw_decode(content)
    except (ValueError, RecursionError):  # no text, no JSON, a number or a nesting beyond reading
        return None
    if end != len(content):
        return None
    if not content.startswith("["):
        return [_on_one_line(content)]
    documents: list[str] = []
    position = 1
    while True:  # the elements keep their own text: a number is not rewritten by Python
        while content[position] in " \t\r\n,":
            position += 1
        if content[position] == "]":
            return documents
        _, end = decoder.raw_decode(content, position)
        documents.append(_on_one_line(content[position:end]))
        position = end


def _on_one_line(document: str) -> str:
    return document.replace("\r", " ").replace("\n", " ")  # inside strings they are escaped


def _decoded(lines: _Lines, problems: dict[int, str]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        problem = _line_problem(line)
        if problem:
            problems[number] = problem
        text = line.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace").replace("\0", "\ufffd")
        yield text + "\n"


def _inspect_csv(lines: _Lines) -> Inspection:
    found = Inspection()
    bad_text: dict[int, str] = {}
    source = _decoded(lines, bad_text)
    header_line = next(source, "")
    if lines.damage is not None and not header_line:
        raise Damaged(lines.damage)
    found.delimiter = max(",;\t|", key=header_line.count)
    found.header = header = next(csv.reader([header_line], delimiter=found.delimiter), [])
    found.line_end = "\r\n" if header_line.endswith("\r\n") else "\n"
    reader = csv.reader(source, delimiter=found.delimiter)
    last = 1
    while True:
        start = reader.line_num + 2
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            row, bad_text[start] = ["?"], f"not a CSV record ({error})"
        last = reader.line_num + 1
        if not row or row == [""]:
            found.must_copy = True  # a blank line: keep the numbering of the records after it
            continue
        found.record_count += 1
        if last != start:
            found.must_copy = True
        if len(row) != len(header):
            found.problems[start] = f"{len(row)} fields where the header has {len(header)}"
        for line in range(start, last + 1):
            if line in bad_text:
                found.problems[start] = bad_text[line]
    if len(set(header)) != len(header):
        found.must_copy = True
    _note_damage(found, lines, last)
    found.must_copy = found.must_copy or bool(found.problems) or bool(bad_text)
    return found


def _csv_as_json(lines: _Lines, found: Inspection) -> Iterator[str]:
    """A CSV as JSON lines in which a record stands on the line on which it began in the file."""
    source = _decoded(lines, {})
    header = next(csv.reader([next(source)], delimiter=found.delimiter))
    yield ""
    reader = csv.reader(source, delimiter=found.delimiter)
    written = 1
    while True:
        start = reader.line_num + 2
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error:
            row = ["?"]
        while written < start - 1:
            yield ""
            written += 1
        if start in found.problems:
            yield _marker(found.problems[start])
        elif row and row != [""]:
            yield json.dumps({name: value for name, value in zip(header, row, strict=True) if value != ""})
        else:
            yield ""
        written += 1
    for line in sorted(n for n in found.problems if n > written):
        yield from [""] * (line - written - 1)
        yield _marker(found.problems[line])
        written = line


def _marker(reason: str) -> str:
    return json.dumps({MARKER: reason})


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:160]


def _at_most_longest(line: str) -> str:
    """A document or a row may be longer than any line that staging reads."""
    if len(line) * 4 <= LONGEST_RECORD or len(line.encode()) <= LONGEST_RECORD:
        return line
    return _marker(f"the record is longer than {LONGEST_RECORD >> 20} MiB")


def _write_lines(path: Path, lines: Iterator[str] | list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    with beside.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines((_at_most_longest(line) if line.strip() else BLANK_LINE) + "\n" for line in lines)
    beside.rename(path)


def _name_duplicate_deliveries(files: list[LandedFile]) -> list[LandedFile]:
    """The same content delivered twice counts once.

    The last delivery that states its day keeps it, else the first name in path order.
    """
    kept: dict[tuple[str, str, str, str], LandedFile] = {}
    for file in files:
        if file.status in ("ok", "repaired"):
            before = kept.setdefault(_content(file), file)
            if (file.delivered_on or date.min) > (before.delivered_on or date.min):
                kept[_content(file)] = file
    named = []
    for file in files:
        first = kept.get(_content(file), file)
        if first is file or file.status not in ("ok", "repaired"):
            named.append(file)
        else:
            problem = f"the same content as {first.file_id}; that file is read, this one is not"
            named.append(replace(file, status="duplicate_delivery", problem=problem))
    return named


def _content(file: LandedFile) -> tuple[str, str, str, str]:
    return (file.entity, file.format, file.account_id, file.content_hash)


def _name_superseded(files: list[LandedFile]) -> list[LandedFile]:
    """A file that was delivered again, under the same name in a later folder `delivered=`, is replaced as a whole.

    Only a sound delivery replaces: a damaged one must not take the place of what was there.
    """
    latest: dict[str, LandedFile] = {}
    for file in files:
        if file.status == "ok":
            before = latest.setdefault(_name_without_delivery(file.file_id), file)
            if (file.delivered_on or date.min) > (before.delivered_on or date.min):
                latest[_name_without_delivery(file.file_id)] = file
    named = []
    for file in files:
        last = latest.get(_name_without_delivery(file.file_id), file)
        is_later = (last.delivered_on or date.min) > (file.delivered_on or date.min)
        named.append(replace(file, superseded_by=last.file_id if is_later else None))
    return named


def _name_without_delivery(file_id: str) -> str:
    return _DELIVERED.sub("", file_id, count=1)


def as_relation(connection: duckdb.DuckDBPyConnection, files: list[LandedFile]) -> duckdb.DuckDBPyRelation:
    """The registry as a relation, one row a file, with the types of `stg_landing__files`."""
    types = {
        "size_bytes": "bigint",
        "record_count": "bigint",
        "modified_at": "timestamp",
        "delivered_on": "date",
    }
    names = list(LandedFile.__dataclass_fields__)
    columns = ", ".join(f"{name} {types.get(name, 'varchar')}" for name in names)
    connection.execute(f"create or replace temp table scanned_files ({columns})")
    if files:
        marks = ", ".join("?" for _ in names)
        rows = [tuple(getattr(file, name) for name in names) for file in files]
        connection.executemany(f"insert into scanned_files values ({marks})", rows)
    return connection.sql("select * from scanned_files")
