"""Compares the ledger with what others make of the same requests: real clients, a price library, a usage log.

The clients are LiteLLM and OpenTelemetry instrumentations, driven over mocked HTTP (`tests/clients`) in an
environment of their own; what they write is landed and built like any company's files. Nothing here needs a network.

- `litellm`: each request's ledger cost against LiteLLM's own `response_cost`.
- `genai-prices`: the same requests priced by that package.
- `tokens`: what the ledger counts of each driven call against what the provider's answer said.
- `usage records`: real usage objects, normalised by our wire-shape rules and by the genai-prices project.
- `aider`: a real usage log, each call's ledger cost against the dollars that the client reported.

Equal means within a billionth of a dollar, and for counts the same number. A difference is listed in
`tests/clients/known_differences.csv` with its class and reason, or it is an error.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from ai_cost_audit import real
from ai_cost_audit.parity_aider import EQUAL_USD, AiderClass, classes, rows
from ai_cost_audit.settings import PROJECT

CLIENTS = PROJECT / "tests" / "clients"
KNOWN_DIFFERENCES = CLIENTS / "known_differences.csv"
CLIENT_PYTHON = PROJECT / ".test" / "clients" / "bin" / "python"
RECORDS = "genai-usage-records/usages_part1.json.gz"

MODELS = "+fct_attempts"
"""What is built of the project: the ledger, and what it is made of."""

GENAI_PROVIDERS = {"bedrock": "aws", "vertex_ai": "google", "gemini": "google"}
"""LiteLLM's name of a provider to that of genai-prices, where they differ."""

GENAI_CONTEXT = {
    "batch": {"processing": "batch"},
    "fast": {"speed": "fast", "service_tier": "fast"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
}
"""A service tier as genai-prices is told of it."""

TOKENS = (
    "uncached_input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
)
PARTS = ("input_audio_tokens", "input_image_tokens", "output_audio_tokens", "web_search_count")

Counted = dict[str, int | None]
"""Counter of the ledger to tokens (or searches); None where nobody says."""


class NotReady(RuntimeError):
    """Something that the comparison needs is not there; the text says how to get it."""


@dataclass(frozen=True)
class Compared:
    """One request in one comparison. `ours` and `theirs` are USD, or counters in words."""

    comparison: str
    group: str
    case: str
    model: str
    ours: str
    theirs: str
    is_equal: bool


@dataclass(frozen=True)
class Known:
    """A difference that is understood: whose it is, and why."""

    comparison: str
    case: str
    model: str
    whose: str
    reason: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is about."""
        return self.comparison, self.case, self.model


@dataclass
class Parity:
    """All that was compared."""

    compared: list[Compared] = field(default_factory=list)
    known: list[Known] = field(default_factory=list)
    aider: list[AiderClass] = field(default_factory=list)

    def unlisted(self) -> list[Compared]:
        """Differences that nobody has explained."""
        listed = {known.key for known in self.known}
        return [
            one
            for one in self.compared
            if not one.is_equal and (one.comparison, one.case, one.model) not in listed
        ]

    def gone(self) -> list[Known]:
        """Listed differences that are none any more."""
        found = {(one.comparison, one.case, one.model) for one in self.compared if not one.is_equal}
        return [known for known in self.known if known.key not in found]

    def reason(self, one: Compared) -> Known | None:
        """Why this one differs; None when it does not, or nobody knows."""
        key = (one.comparison, one.case, one.model)
        return next((known for known in self.known if known.key == key and not one.is_equal), None)


def measure(folder: Path, public_sets: Path | None, python: Path = CLIENT_PYTHON) -> Parity:
    """Drive the clients, land what they wrote and the public sets, build, compare.

    `folder` is worked in and must be empty. Without `public_sets` only the clients are compared. Raises NotReady
    when the clients are not installed, a public set is missing, or a run fails.
    """
    if not python.is_file():
        raise NotReady(f"no {python}: `make clients` installs the clients")
    landing = folder / "landing"
    driven = folder / "driven"
    driven.mkdir(parents=True)
    for name, file_format in {"litellm": "litellm", "otel": "otel_genai"}.items():
        written = driven / f"{name}.jsonl"
        _run([str(python), str(CLIENTS / f"drive_{name}.py"), str(written)])
        _land(landing / "gateway_traces" / file_format, written)
    records = _land_public_sets(public_sets, landing) if public_sets else []
    build(folder)

    found = Parity(known=known_differences())
    with duckdb.connect(str(folder / "warehouse" / "build.duckdb"), read_only=True) as sql:
        requests = list(litellm_requests(sql, driven))
        found.compared += litellm_costs(requests)
        found.compared += genai_costs(requests)
        found.compared += litellm_tokens(requests)
        found.compared += otel_tokens(sql, driven)
        if public_sets:
            found.compared += usage_records(sql, records)
            found.aider = classes(sql)
    return found


def _land_public_sets(folder: Path, landing: Path) -> list[dict[str, Any]]:
    """Land the usage log and the usage records; the records."""
    for path in (RECORDS, real.AIDER):
        if not (folder / path).is_file():
            raise NotReady(f"{folder} does not hold {path}")
    records: list[dict[str, Any]] = json.loads(gzip.decompress((folder / RECORDS).read_bytes()))
    carrier = landing / "gateway_traces" / "portkey" / "records.jsonl"
    carrier.parent.mkdir(parents=True)
    carrier.write_text("".join(f"{json.dumps(row)}\n" for row in carried(records)), encoding="utf-8")
    real.land_aider(folder, landing)
    return records


def build(folder: Path) -> None:
    """Build the ledger of `folder`/landing in `folder`/warehouse. Raises NotReady when dbt fails."""
    paths = {
        "AI_COST_LANDING": "landing",
        "AI_COST_WAREHOUSE": "warehouse",
        "DBT_TARGET_PATH": "target",
        "DBT_LOG_PATH": "logs",
    }
    environment = {name: str(folder / path) for name, path in paths.items()}
    environment |= {"AI_COST_COMPANY": "seeds/real", "DBT_PROFILES_DIR": str(PROJECT)}
    (folder / "warehouse").mkdir()
    left_out = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    _run(
        [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "build", "--select", MODELS, *left_out],
        environment,
    )


def known_differences() -> list[Known]:
    """The list that is kept with the clients."""
    with KNOWN_DIFFERENCES.open(newline="", encoding="utf-8") as lines:
        return [Known(**row) for row in csv.DictReader(lines)]


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        cwd=PROJECT,
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        raise NotReady(f"{Path(command[1]).name} failed: {said[-2000:]}")


def _land(folder: Path, file: Path) -> None:
    folder.mkdir(parents=True)
    (folder / file.name).write_bytes(file.read_bytes())


def _json_lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


# ---- LiteLLM


@dataclass(frozen=True)
class Request:
    """One payload that LiteLLM logged: what it was about, what it says, what the ledger says."""

    about: dict[str, Any]
    payload: dict[str, Any]
    ledger: dict[str, Any]

    @property
    def provider(self) -> str:
        """LiteLLM's name of the provider."""
        return str(self.about["model"].split("/")[0])


def litellm_requests(sql: duckdb.DuckDBPyConnection, driven: Path) -> Iterator[Request]:
    """The payloads with their rows of the ledger, by line; NotReady when one is not in the ledger."""
    ledger = {
        row["_source_row"]: row
        for row in rows(sql, "select * from marts.fct_attempts where gateway = 'litellm'")
    }
    about = _json_lines(driven / "litellm.cases.jsonl")
    payloads = _json_lines(driven / "litellm.jsonl")
    for line, (told, payload) in enumerate(zip(about, payloads, strict=True), start=1):
        if line not in ledger:
            raise NotReady(
                f"the payload of line {line} ({told['model']}, {told['case']}) is not in the ledger"
            )
        yield Request(told, payload, ledger[line])


def litellm_costs(requests: list[Request]) -> Iterator[Compared]:
    """The ledger's cost of each request against LiteLLM's `response_cost`."""
    for request in requests:
        theirs = Decimal(repr(float(request.payload["response_cost"])))
        yield _cost("litellm", request, theirs)


def genai_costs(requests: list[Request]) -> Iterator[Compared]:
    """The same requests priced by genai-prices: what the provider's answer counted, at the time of the request."""
    for request in requests:
        if request.about["counts"] is not None:
            yield _cost("genai-prices", request, genai_usd(request))


def genai_usd(request: Request) -> Decimal | None:
    """USD that genai-prices computes; None where it does not know the model."""
    from genai_prices import Usage, calc_price  # noqa: PLC0415

    counts = request.about["counts"]
    writes = {"cache_write_5m_tokens": counts["write_5m"], "cache_write_1h_tokens": counts["write_1h"]}
    said = {
        "input_tokens": counts["uncached"] + counts["read"] + counts["write_5m"] + counts["write_1h"],
        "cache_read_tokens": counts["read"],
        "cache_write_tokens": counts["write_5m"] + counts["write_1h"],
        **(writes if counts["write_1h"] else {}),
        "output_tokens": counts["output"],
        "input_audio_tokens": counts["audio_in"],
        "output_audio_tokens": counts["audio_out"],
        "web_searches": counts["searches"],
    }
    try:
        price = calc_price(
            Usage(**{name: number for name, number in said.items() if number}),
            request.about["served"],
            provider_id=GENAI_PROVIDERS.get(request.provider, request.provider),
            genai_request_timestamp=request.ledger["requested_at"],
            price_context=GENAI_CONTEXT.get(request.about["tier"]),
        )
    except LookupError:
        return None
    return Decimal(price.total_price) * int(request.about["requests"])


def _cost(comparison: str, request: Request, theirs: Decimal | None) -> Compared:
    ours = request.ledger["attempt_cost_usd"]
    is_equal = ours is not None and theirs is not None and abs(ours - theirs) <= EQUAL_USD
    return Compared(
        comparison,
        request.provider,
        request.about["case"],
        request.about["model"],
        _usd(ours),
        _usd(theirs),
        is_equal or (ours is None and theirs is None),
    )


def _usd(amount: Decimal | None) -> str:
    return "unpriced" if amount is None else f"{amount:.9f}"


def litellm_tokens(requests: list[Request]) -> Iterator[Compared]:
    """What the ledger counts of each request against what the provider's answer said."""
    for request in requests:
        counts, times = request.about["counts"], int(request.about["requests"])
        if counts is not None:
            theirs = {name: number * times for name, number in counts_of(counts).items()}
            yield _counted("LiteLLM", request.about, _ledger_counts(request.ledger), theirs)


def counts_of(counts: dict[str, Any]) -> dict[str, int]:
    """A driver's counters under the ledger's names; cache writes of each lifetime in one."""
    return {
        "uncached": counts["uncached"],
        "cache read": counts["read"],
        "cache write": counts["write_5m"] + counts["write_1h"],
        "cache write 1h": counts["write_1h"],
        "output": counts["output"],
    }


def _ledger_counts(row: dict[str, Any]) -> Counted:
    writes = (
        "cache_write_5m_tokens",
        "cache_write_30m_tokens",
        "cache_write_1h_tokens",
        "cache_write_12h_tokens",
    )
    known = [row[name] for name in writes if row[name] is not None]
    return {
        "uncached": row["uncached_input_tokens"],
        "cache read": row["cache_read_tokens"],
        "cache write": sum(known) if known else None,
        "cache write 1h": row["cache_write_1h_tokens"],
        "output": row["output_tokens"],
    }


def _counted(
    group: str, about: dict[str, Any], ours: Mapping[str, int | str | None], theirs: Mapping[str, int | str]
) -> Compared:
    """A comparison of counters, which names those that differ."""
    apart = [name for name in theirs if (ours[name] or 0) != theirs[name]]
    said = ", ".join(f"{name} {'unknown' if ours[name] is None else ours[name]}" for name in apart)
    meant = ", ".join(f"{name} {theirs[name]}" for name in apart)
    return Compared("tokens", group, about["case"], about["model"], said, meant, not apart)


# ---- OpenTelemetry


def otel_tokens(sql: duckdb.DuckDBPyConnection, driven: Path) -> Iterator[Compared]:
    """Each instrumented call is one request of the ledger, with the tokens and the model of the answer."""
    cases: dict[str, dict[str, Any]] = json.loads((driven / "otel.cases.json").read_text(encoding="utf-8"))
    by_id: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows(sql, "select * from marts.fct_attempts where gateway = 'otel_genai'"):
        by_id[row["provider_request_id"] or ""].append(row)
    for answer_id, about in cases.items():
        found = by_id[answer_id] if answer_id in by_id else _calls_without_id(by_id[""], about)
        if len(found) == 1:
            ours = {"model": found[0]["reported_model"], **_ledger_counts(found[0])}
            yield _counted("OpenTelemetry", about, ours, {"model": about["model"], **counts_of(about)})
        else:
            yield _counted("OpenTelemetry", about, {"requests": len(found)}, {"requests": 1})


def _calls_without_id(rows: list[dict[str, Any]], told: dict[str, Any]) -> list[dict[str, Any]]:
    """An embedding or a failed call: the provider gave it no id, so the model and the outcome tell."""
    is_failed = "failed" in told["case"]
    return [row for row in rows if row["reported_model"] == told["model"] and row["is_error"] == is_failed]


# ---- usage records


def carried(records: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each record's body as the response in a Portkey log, whose rules go by the shape of the usage object."""
    for number, record in enumerate(records, start=1):
        body = {name: value for name, value in record["body"].items() if name != "file"}
        yield {
            "id": f"record-{number}",
            "created_at": "2026-11-02T09:00:00Z",
            "ai_org": shape_of(body)[1],
            "ai_model": record.get("model") or "unknown",
            "response": body,
            "response_status_code": 200,
        }


def shape_of(body: dict[str, Any]) -> tuple[str, str]:
    """The API that a usage object comes from, and a provider that speaks it."""
    usage = body.get("usage", {})
    if "usageMetadata" in body:
        return "Gemini", "google"
    if "inputTokens" in usage:
        return "Bedrock Converse", "bedrock"
    if "cache_creation" in usage:
        return "Anthropic", "anthropic"
    if "billed_units" in usage:
        return "Cohere", "cohere"
    if "input_tokens" in usage:
        return "OpenAI Responses", "openai"
    return "OpenAI chat", "openai"


def usage_records(sql: duckdb.DuckDBPyConnection, records: list[dict[str, Any]]) -> Iterator[Compared]:
    """Our counters of each record against the library's, in any of the readings that it gives."""
    staged = rows(sql, "select * from staging.stg_gateway_traces_portkey__requests order by _source_row")
    for number, (record, row) in enumerate(zip(records, staged, strict=True), start=1):
        ours = {**_ledger_counts(row), **{name: row[name] for name in PARTS}}
        ours = {name: count or 0 for name, count in ours.items() if name != "cache write 1h"}
        readings = [library_counts(reading["usage"]) for reading in record["extracted"]]
        apart = {name: count for name, count in ours.items() if all(r[name] != count for r in readings)}
        is_equal = ours in readings
        yield Compared(
            "usage records",
            shape_of(record["body"])[0],
            f"record {number}",
            record.get("model") or "unknown",
            "" if is_equal else ", ".join(f"{name} {count}" for name, count in (apart or ours).items()),
            "" if is_equal else ", ".join(f"{name} {readings[0][name]}" for name in (apart or ours)),
            is_equal,
        )


def library_counts(usage: dict[str, int]) -> dict[str, int]:
    """The library's counters made disjoint: its input includes the cache, its audio and images the cached ones."""

    def of(name: str) -> int:
        return usage.get(name, 0)

    return {
        "uncached": of("input_tokens") - of("cache_read_tokens") - of("cache_write_tokens"),
        "cache read": of("cache_read_tokens"),
        "cache write": of("cache_write_tokens"),
        "output": of("output_tokens"),
        "input_audio_tokens": of("input_audio_tokens") - of("cache_audio_read_tokens"),
        "input_image_tokens": of("input_image_tokens") - of("cache_image_read_tokens"),
        "output_audio_tokens": of("output_audio_tokens"),
        "web_search_count": of("web_searches"),
    }
