"""A landing zone with all that goes wrong in one: it builds, each problem is a named reject, no good line is lost."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import shutil
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard
from conftest import NO_TESTS, Build, Dbt, copy_landing, differing, mart_hashes

pytestmark = pytest.mark.slow

TRACES = "gateway_traces/generic"
HEADER = (
    "timestamp",
    "request_id",
    "team_id",
    "feature_name",
    "provider",
    "model",
    "input_tokens",
    "output_tokens",
)


@dataclass
class Abuse:
    """One file of the landing zone and what must become of it."""

    content: bytes
    good: dict[str, int] = field(default_factory=dict)  # request_id to its line
    rejects: list[tuple[int | None, str]] = field(default_factory=list)  # line, part of the reason


def trace(request_id: str, **changes: Any) -> dict[str, Any]:
    """A request that costs a little."""
    usual = ("2026-10-05T10:00:00Z", request_id, "search", "search_answers", "openai", "gpt-6-luna", 100, 10)
    return dict(zip(HEADER, usual, strict=True)) | changes


def line(request_id: str, **changes: Any) -> str:
    return json.dumps(trace(request_id, **changes))


def lines(*texts: str, end: str = "\n") -> bytes:
    return "".join(text + end for text in texts).encode()


def table(*records: dict[str, Any], delimiter: str = ",", end: str = "\n") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADER, delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def truncated_gz() -> Abuse:
    """60 lines, of which the stream ends within one; which are whole is counted here by zlib alone."""
    chance = random.Random(5)
    names = [f"cut-{number}" for number in range(60)]
    text = lines(*(line(name, trace_id=f"{chance.getrandbits(256):064x}") for name in names))
    cut = gzip.compress(text, mtime=0)[:-2000]
    whole = zlib.decompressobj(31).decompress(cut).count(b"\n")
    assert 5 < whole < 58
    good = {name: number for number, name in enumerate(names[:whole], start=1)}
    return Abuse(cut, good, [(whole + 1, "ends early")])


def parquet(*records: dict[str, Any]) -> bytes:
    path = Path(os.environ["ABUSE_SCRATCH"]) / "records.parquet"
    source = path.with_suffix(".json")
    source.write_text(json.dumps(list(records)))
    duckdb.sql(f"copy (from read_json('{source}')) to '{path}'")
    return path.read_bytes()


def parquet_of(query: str) -> bytes:
    path = Path(os.environ["ABUSE_SCRATCH"]) / "query.parquet"
    duckdb.sql(f"copy ({query}) to '{path}'")
    return path.read_bytes()


def parquet_trace(request_id: str, extra: str) -> bytes:
    """A good request with one more column."""
    usual = ", ".join(f"{value!r} as {name}" for name, value in trace(request_id).items())
    return parquet_of(f"select {usual}, {extra}")


def damaged_inside() -> bytes:
    """A Parquet file whose footer is sound and whose pages are not."""
    content = bytearray(
        parquet_of("select repeat(md5(i::varchar), 20) as request_id from range(20000) as t(i)")
    )
    for position in range(len(content) // 3, len(content) // 3 + 400):
        content[position] ^= 0xFF
    return bytes(content)


def beside_each_other() -> dict[str, Abuse]:
    """Files that would stop or change the others, were they all read in one go."""
    first, second = (table(trace(name)).split("\n")[1] for name in ("mixed-1", "mixed-2"))
    header = ",".join(HEADER)
    quote = (
        table(trace("quote-1"))
        + table(trace("quote-2")).split("\n")[1].replace("quote-2", '"quote"-2')
        + "\n"
    )
    files = {
        "damaged_inside.parquet": Abuse(damaged_inside(), {}, [(1, "not a readable Parquet file")]),
        "struct.parquet": Abuse(parquet_trace("struct-1", "{'a': 1} as metadata"), {"struct-1": 1}),
        "list.parquet": Abuse(parquet_trace("list-1", "[1, 2] as metadata"), {"list-1": 1}),
        "whole_status.parquet": Abuse(parquet_trace("whole-1", "404 as status_code"), {"whole-1": 1}),
        "double_status.parquet": Abuse(
            parquet_trace("double-1", "404::double as status_code"), {"double-1": 1}
        ),
        "own_column.parquet": Abuse(parquet_trace("own-1", "'x' as filename"), {"own-1": 1}),
        "filename.csv": Abuse(
            "".join(f"{row},{last}\n" for row, last in [(header, "filename"), (first, "x")])
            .replace("mixed", "named")
            .encode(),
            {"named-1": 2},
        ),
        "mixed_ends.csv": Abuse(f"{header}\r\n{first}\n{second}\r\n".encode(), {"mixed-1": 2, "mixed-2": 3}),
        "quote_inside.csv": Abuse(quote.encode(), {"quote-1": 2, "quote-2": 3}),
        "tab_line.jsonl": Abuse(lines(line("tab-1"), "\t", line("tab-3")), {"tab-1": 1, "tab-3": 3}),
        "carriage_return.jsonl": Abuse(
            lines(line("cr-1").replace(", ", ",\r", 2), line("cr-2")), {"cr-1": 1, "cr-2": 2}
        ),
        "some_windows.jsonl": Abuse(
            lines(line("some-1") + "\r", "\r", line("some-3")), {"some-1": 1, "some-3": 3}
        ),
        "separator.jsonl": Abuse(
            lines(line("byte-1"), line("byte-2") + "\1", line("byte-3")),
            {"byte-1": 1, "byte-3": 3},
            [(2, "binary data")],
        ),
        "part[1].jsonl": Abuse(lines(line("pattern-1")), {"pattern-1": 1}),
        "part1.jsonl": Abuse(lines(line("pattern-2")), {"pattern-2": 1}),
        "part*.csv": Abuse(table(trace("star-1")).encode(), {"star-1": 2}),
        "part?.parquet": Abuse(parquet(trace("star-2")), {"star-2": 1}),
        "other_case.csv": Abuse(
            table(trace("case-1")).replace("timestamp", "Timestamp", 1).encode(),
            {},
            [(2, "required field timestamp is missing; the record has Timestamp, request_id, team_id")],
        ),
        "long_field.csv": Abuse(
            table(trace("long-1", feature_name="f" * 300 + " " * 200_000)).encode(), {"long-1": 2}
        ),
        "no_header.csv": Abuse(
            b"Dear assistant my name is Jane,1\nwhat now,2\n",
            {},
            [(2, "the record has none of the fields of this format; it has 2 fields of other names")],
        ),
    }
    return {f"{TRACES}/{name}": abuse for name, abuse in files.items()}


def abuses() -> dict[str, Abuse]:
    """By path below the landing zone. Each good line has a request_id that no other file has."""
    changed_header = "time,id,vendor,llm,tokens\n" + "2026-10-05,h-1,openai,gpt-6-luna,10\n" * 3
    quoted = table(trace("q-1"), trace("q-2", feature_name="two\nlines"), trace("q-3"))
    twice = lines(line("twice-1"), line("twice-2"))
    noise = bytes([0, 159, 146, 150, 10]) + random.Random(3).randbytes(4000)
    return {
        f"{TRACES}/truncated.jsonl.gz": truncated_gz(),
        f"{TRACES}/half_line.jsonl": Abuse(
            lines(line("half-1"), line("half-2")) + line("half-3")[:50].encode(),
            {"half-1": 1, "half-2": 2},
            [(3, "not a JSON object")],
        ),
        f"{TRACES}/wrong_type.jsonl": Abuse(
            lines(
                line("type-1"),
                line("type-2", input_tokens="many"),
                line("type-3", timestamp="last week"),
                line("type-4", output_tokens=-5),
                "[1, 2]",
                line("type-6"),
                line("type-7", input_tokens="Dear assistant"),
                line("type-8", input_tokens=1_788_256_800_000),
                line("type-9", tool_cost_usd=-0.5),
                line("type-10", tool_cost_usd=100_001),
                line("type-11", reported_cost_usd=-1),
                line("type-12", model="  "),
            ),
            {"type-1": 1, "type-6": 6},
            [
                (2, "input_tokens is not a whole number"),
                (3, "timestamp is not an ISO 8601 time"),
                (4, "output_tokens is negative"),
                (5, "not a JSON object"),
                (7, "input_tokens is not a whole number"),
                (8, "input_tokens is too large"),
                (9, "tool_cost_usd is negative"),
                (10, "tool_cost_usd is above 100000 USD"),
                (11, "reported_cost_usd is negative"),
                (12, "required field model is missing"),
            ],
        ),
        f"{TRACES}/empty.jsonl": Abuse(b"", {}, [(None, "the file is empty")]),
        f"{TRACES}/binary.jsonl": Abuse(noise, {}, [(1, "binary data")]),
        f"{TRACES}/program.exe": Abuse(noise, {}, [(None, "unknown file type .exe")]),
        f"{TRACES}/broken.parquet": Abuse(b"PAR1 but no more", {}, [(1, "not a readable Parquet file")]),
        f"{TRACES}/delivered.jsonl": Abuse(twice, {"twice-1": 1, "twice-2": 2}),
        f"{TRACES}/delivered_again.jsonl": Abuse(twice, {}, [(None, "the same content as")]),
        f"{TRACES}/changed_header.csv": Abuse(
            changed_header.encode(),
            {},
            [
                (n, "the record has none of the fields of this format; it has 5 fields of other names")
                for n in (2, 3, 4)
            ],
        ),
        f"{TRACES}/packed.jsonl.zst": Abuse(
            zstandard.compress(lines(line("zst-1"), line("zst-2"))), {"zst-1": 1, "zst-2": 2}
        ),
        f"{TRACES}/columns.parquet": Abuse(parquet(trace("pq-1"), trace("pq-2")), {"pq-1": 1, "pq-2": 2}),
        f"{TRACES}/blank_lines.jsonl": Abuse(
            lines(line("blank-1"), "", line("blank-3"), "   ", "", line("blank-6")),
            {"blank-1": 1, "blank-3": 3, "blank-6": 6},
        ),
        f"{TRACES}/byte_order_mark.csv": Abuse(
            b"\xef\xbb\xbf" + table(trace("bom-1"), trace("bom-2")).encode(), {"bom-1": 2, "bom-2": 3}
        ),
        f"{TRACES}/quoted_newlines.csv": Abuse(quoted.encode(), {"q-1": 2, "q-2": 3, "q-3": 5}),
        f"{TRACES}/semicolons.csv": Abuse(
            table(trace("semi-1"), delimiter=";", end="\r\n").encode(), {"semi-1": 2}
        ),
        f"{TRACES}/blank_line.csv": Abuse(
            (table(trace("gap-1")) + "\n" + table(trace("gap-2")).split("\n")[1] + "\n").encode(),
            {"gap-1": 2, "gap-2": 4},
        ),
        f"{TRACES}/ragged.csv": Abuse(
            (
                table(trace("rag-1")) + "1,2,3\n" + table(trace("rag-3")).split("\n")[1] + ",one,more\n"
            ).encode(),
            {"rag-1": 2},
            [(3, "3 fields where the header has 8"), (4, "10 fields where the header has 8")],
        ),
        f"{TRACES}/windows.jsonl": Abuse(
            lines(line("crlf-1"), line("crlf-2"), end="\r\n"), {"crlf-1": 1, "crlf-2": 2}
        ),
        f"{TRACES}/array.json": Abuse(
            json.dumps([trace("array-1"), trace("array-2")], indent=2).encode(), {"array-1": 1, "array-2": 2}
        ),
        f"{TRACES}/latin1.jsonl": Abuse(
            lines(line("latin-1")) + b'{"request_id": "caf\xe9"}\n' + lines(line("latin-3")),
            {"latin-1": 1, "latin-3": 3},
            [(2, "not UTF-8 text")],
        ),
        f"{TRACES}/no_last_newline.jsonl": Abuse(line("last-1").encode(), {"last-1": 1}),
        f"{TRACES}/private.jsonl": Abuse(
            lines(
                line("private-1", user_id="jane.doe@mail.example.com", api_key_hash="sk-proj-" + "a1B2" * 8),
                line(
                    "private-3",
                    **dict.fromkeys(
                        ("team_id", "session_id", "trace_id", "feature_name", "workflow_name", "tenant_id"),
                        "jane.doe@mail.example.com",
                    ),
                ),
                line("private-2", prompt="Dear assistant, my name is Jane", messages=["Dear assistant"]),
            ),
            {"private-1": 1, "private-3": 2, "private-2": 3},
        ),
        "provider_costs/generic_invoice/private.csv": Abuse(
            (
                "provider,billing_period_start,line_type,amount,currency,description,key_or_project_id\n"
                f"mistral,2026-10-01,tax,1,USD,jane.doe@mail.example.com used sk-{'a1B2' * 8},"
                "jane.doe@mail.example.com\n"
                f"mistral,2026-10-01,usage,much,USD,jane.doe@mail.example.com used sk-{'a1B2' * 8},x\n"
            ).encode(),
            {},
            [(3, "amount is not a number: much")],
        ),
        f"{TRACES}/junk_names.jsonl": Abuse(
            lines(
                *(
                    line(f"junk-{number}", team_id=junk, user_id=junk, feature_name=junk, session_id=junk)
                    for number, junk in enumerate(["null", "None", "NaN", "undefined", "n/a", "  "], start=1)
                ),
                line("junk-7", team_id=" search ", provider="OpenAI ", model=" gpt-6-luna"),
            ),
            {f"junk-{number}": number for number in range(1, 8)},
        ),
        **beside_each_other(),
        f"{TRACES}/odd name, 'quoted'.jsonl": Abuse(lines(line("odd-1")), {"odd-1": 1}),
        "gateway_traces/no_such_gateway/day.jsonl": Abuse(
            lines(line("lost-1")), {}, [(None, "no enabled format reads this folder")]
        ),
        "elsewhere/day.jsonl": Abuse(lines(line("lost-2")), {}, [(None, "no format owns this folder")]),
    }


@dataclass(frozen=True)
class Abused:
    """The demo's landing zone with the abuses beside its files, and its build."""

    build: Build
    files: dict[str, Abuse]

    @property
    def landing(self) -> Path:
        return self.build.folder / "landing"


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.fixture(scope="module")
def abused(demo: Build, dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Abused:
    """Built on the demo's warehouse, so that the demo's own files are not read a second time."""
    folder = tmp_path_factory.mktemp("abused")
    os.environ["ABUSE_SCRATCH"] = str(tmp_path_factory.mktemp("scratch"))
    copy_landing(demo.ok().folder / "landing", folder / "landing")
    shutil.copytree(demo.folder / "warehouse", folder / "warehouse")
    files = abuses()
    for name, abuse in files.items():
        write(folder / "landing" / name, abuse.content)
    return Abused(dbt.run(folder, "build"), files)


def in_ledger(build: Build, names: set[str]) -> dict[str, dict[str, int]]:
    """File to request_id to line, for these files, of what is in the ledger."""
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    for file, request_id, row in build.rows(
        "select _source_file, request_id, _source_row from marts.fct_attempts"
    ):
        if file in found:
            found[file][request_id] = row
    return found


def test_it_builds_passes_every_test_and_is_published(abused: Abused, demo: Build) -> None:
    assert abused.build.exit_code == 0, abused.build.output[-4000:]
    assert abused.build.published.read_bytes() != demo.published.read_bytes()


def test_every_good_line_is_in_the_ledger_on_its_line(abused: Abused) -> None:
    expected = {name: abuse.good for name, abuse in abused.files.items()}
    assert in_ledger(abused.build, set(expected)) == expected


def test_every_problem_is_a_reject_with_file_line_and_reason(abused: Abused) -> None:
    rejects = abused.build.rows(
        "select _source_file, _source_row, reason from marts.fct_rejected_records order by all"
    )
    found = {name: [(row, reason) for file, row, reason in rejects if file == name] for name in abused.files}
    for name, abuse in abused.files.items():
        assert [row for row, _ in found[name]] == [row for row, _ in abuse.rejects], (name, found[name])
        for (_, reason), (_, part) in zip(found[name], abuse.rejects, strict=True):
            assert part in reason, name


def test_nothing_else_is_rejected_and_the_demo_is_untouched(abused: Abused, demo: Build) -> None:
    others = "select * exclude (rejected_record) from marts.fct_rejected_records order by all"
    ours = [row for row in abused.build.rows(others) if row[2] not in abused.files]
    assert ours == demo.rows(others)
    ledger = """
        select count(*), sum(attempt_cost_usd) from marts.fct_attempts
        where request_id not similar to '[a-z]+[0-9]?-[0-9]+'
    """
    assert abused.build.rows(ledger) == demo.rows(ledger)


def test_a_reject_of_a_trace_keeps_no_text(abused: Abused) -> None:
    kept = abused.build.rows("""
        select distinct regexp_replace(rejected_record, '[0-9]+', 'n') from marts.fct_rejected_records
        where entity = 'gateway_traces' and rejected_record is not null
    """)
    assert kept == [("[withheld: n characters that may hold prompt text]",)]


def test_no_prompt_address_or_key_is_published(abused: Abused) -> None:
    for path in (abused.build.published, abused.build.built):
        content = path.read_bytes()
        for secret in (b"Dear assistant", b"jane.doe@", b"sk-proj-a1B2", b"sk-a1B2"):
            assert secret not in content, path


def test_a_word_for_nothing_is_no_name_and_names_are_trimmed(abused: Abused) -> None:
    names = "request_id, team_id, user_id, feature_name, session_id, provider, model"
    found = abused.build.rows(
        f"select {names} from staging.stg_gateway_traces_generic__requests "
        "where request_id like 'junk-%' order by _source_row"
    )
    nothing = (None, None, None, None, "openai", "gpt-6-luna")
    assert found[:-1] == [(f"junk-{number}", *nothing) for number in range(1, 7)]
    assert found[-1] == ("junk-7", "search", None, "search_answers", None, "openai", "gpt-6-luna")


def test_a_file_reads_the_same_whatever_lies_beside_it(abused: Abused) -> None:
    found = abused.build.rows("""
        select request_id, status_code from staging.stg_gateway_traces_generic__requests
        where request_id in ('whole-1', 'double-1') order by request_id
    """)
    assert found == [("double-1", "404.0"), ("whole-1", "404")]


def test_an_address_or_key_in_an_invoice_is_masked(abused: Abused) -> None:
    found = abused.build.rows("""
        select description, key_or_project_id from staging.stg_provider_costs_generic_invoice__lines
        where _source_file like '%/private.csv' order by _source_row
    """)
    assert found == [("[address] used [secret]", "[address]"), ("[address] used [secret]", "x")]
    kept = abused.build.rows(
        "select rejected_record from marts.fct_rejected_records where _source_file like '%invoice/private.csv'"
    )
    assert "[address] used [secret]" in kept[0][0]


def test_replaced_removed_and_repaired_files(abused: Abused, dbt: Dbt, tmp_path: Path) -> None:
    landing = copy_landing(abused.landing, tmp_path / "landing")
    shutil.copytree(abused.build.folder / "warehouse", tmp_path / "warehouse")
    write(landing / TRACES / "half_line.jsonl", lines(line("half-1"), line("half-2"), line("half-3")))
    write(landing / TRACES / "wrong_type.jsonl", lines(line("type-9")))
    (landing / TRACES / "packed.jsonl.zst").unlink()
    (landing / TRACES / "delivered.jsonl").unlink()
    write(landing / TRACES / "empty.jsonl", lines(line("empty-1")))
    changed = dbt.run(tmp_path, "run").ok()
    names = {
        f"{TRACES}/{name}.jsonl{packed}"
        for name, packed in [
            ("half_line", ""),
            ("wrong_type", ""),
            ("packed", ".zst"),
            ("delivered", ""),
            ("delivered_again", ""),
            ("empty", ""),
        ]
    }
    assert in_ledger(changed, names) == {
        f"{TRACES}/half_line.jsonl": {"half-1": 1, "half-2": 2, "half-3": 3},
        f"{TRACES}/wrong_type.jsonl": {"type-9": 1},
        f"{TRACES}/packed.jsonl.zst": {},
        f"{TRACES}/delivered.jsonl": {},
        f"{TRACES}/delivered_again.jsonl": {"twice-1": 1, "twice-2": 2},
        f"{TRACES}/empty.jsonl": {"empty-1": 1},
    }
    listed = ", ".join(f"'{name}'" for name in names)
    assert changed.rows(f"select * from marts.fct_rejected_records where _source_file in ({listed})") == []


def test_a_touched_file_changes_nothing(abused: Abused, dbt: Dbt, tmp_path: Path) -> None:
    landing = copy_landing(abused.landing, tmp_path / "landing")
    shutil.copytree(abused.build.folder / "warehouse", tmp_path / "warehouse")
    for path in landing.rglob("*"):
        if path.is_file():
            os.utime(path, (1_700_000_000, 1_700_000_000))
    touched = dbt.run(tmp_path, "run").ok()
    changed = differing(mart_hashes(abused.build.built), mart_hashes(touched.built))
    assert changed == ["fct_landed_files"]
    files = "select * exclude (modified_at) from marts.fct_landed_files order by source_file"
    assert touched.rows(files) == abused.build.rows(files)


def test_a_missing_landing_zone_is_an_error_and_not_an_empty_audit(
    demo: Build, dbt: Dbt, tmp_path: Path
) -> None:
    shutil.copytree(demo.ok().folder / "warehouse", tmp_path / "warehouse")
    before = demo.published.read_bytes()
    gone = dbt.run(tmp_path, "build", *NO_TESTS)
    assert gone.exit_code != 0
    assert f"{tmp_path / 'landing'}: the landing zone is not there" in gone.output
    assert gone.published.read_bytes() == before

    (tmp_path / "landing").mkdir()
    emptied = dbt.run(tmp_path, "build", *NO_TESTS)
    assert emptied.exit_code != 0
    assert "the landing zone is empty or missing, and the last build read" in emptied.output
    assert emptied.published.read_bytes() == before


def test_a_landing_zone_that_never_existed_is_an_error(dbt: Dbt, tmp_path: Path) -> None:
    never = dbt.run(tmp_path, "run", "--select", "stg_landing__files")
    assert never.exit_code != 0
    assert "the landing zone" in never.output
