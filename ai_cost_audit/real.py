"""Lands public data sets as a company would: through the formats that ship.

Nothing is invented: what a set does not say stays empty. `docs/real-data.md` gives sources, licences, the
mapping and figures.
The same input gives the same bytes: rows keep a stated order, and gzip headers carry no time.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

AIDER = "aider-usage-log/aider_analytics_2024-08_to_2025-03.jsonl.gz"
AZURE = "azure-llm-2023-conv/AzureLLMInferenceTrace_conv.csv.gz"
FOCUS = "focus-1.0-sample/focus_sample.part1.csv"
ALIBABA = "alibaba-gentd26/pod_gpu_duty_cycle_anon.csv.gz"

# Shapes from API documentation: their numbers are made up, so they are landed only on request.
SHAPES = {
    "provider_usage/openai": [
        "openai/organization_usage_completions.json",
        "openai/organization_usage_embeddings.json",
    ],
    "provider_usage/anthropic": ["anthropic/usage_report_messages_response.json"],
    "provider_costs/openai": ["openai/organization_costs.json"],
    "provider_costs/anthropic": ["anthropic/cost_report_response.json"],
    "gateway_traces/litellm": ["litellm/spend_logs_payload.json", "litellm/standard_logging_payload.json"],
}

# Every sample of a bill, a usage export or of calls with a reported cost that a format reads, byte for byte:
# (format, set, files in it, folder in the landing zone). docs/reconciliation-on-real-data.md says what comes out.
BILLS = (
    ("cloud_billing/focus", "focus-1.0-sample", ("*.csv",), "focus-1.0-sample"),
    ("cloud_billing/focus", "focus-spec-examples", ("**/*.csv",), "focus-spec-examples"),
    ("cloud_billing/aws_cur2", "aws-cur-2023-sample", ("*.csv.gz",), "aws-cur-2023-sample"),
    ("cloud_billing/azure_cost", "azure-ea-export", ("EA_ActualCost_*.csv",), "azure-ea-export"),
    ("cloud_billing/azure_cost", "azure-ea-export", ("EA_AmortizedCost_*.csv",), "azure-ea-export/amortized"),
    ("cloud_billing/gcp_billing", "gcp-billing-export", ("*.csv",), "gcp-billing-export"),
    ("gpu_usage/opencost", "opencost", ("*.json",), "opencost"),
    ("provider_usage/openai", "api-samples/openai", ("organization_usage_*.json",), "api-samples"),
    ("provider_usage/anthropic", "api-samples/anthropic", ("usage_report_*.json",), "api-samples"),
    ("provider_costs/openai", "api-samples/openai", ("organization_costs.json",), "api-samples"),
    ("provider_costs/anthropic", "api-samples/anthropic", ("cost_report_*.json",), "api-samples"),
    ("gateway_traces/litellm", "api-samples/litellm", ("*.json",), "api-samples"),
    ("gateway_traces/bedrock_invocation", "api-samples/bedrock", ("*.jsonl",), "api-samples"),
    ("gateway_traces/otel_genai", "api-samples/otel", ("*.json",), "api-samples"),
    ("gateway_traces/langfuse", "langfuse-traces", ("*.json.gz",), "langfuse-traces"),
)

# Whose model it is, where the log gives a bare name: aider sends such a name to the vendor's own API.
BARE_NAMES = (
    (("gpt-", "chatgpt", "o1", "o3", "o4"), "openai"),
    (("claude",), "anthropic"),
    (("gemini",), "google"),
    (("deepseek",), "deepseek"),
    (("mistral", "codestral"), "mistral"),
)
MISSING_PODS = ("", "None", "NULL")

Progress = Callable[[str, int, int], None]


class LandedSet(NamedTuple):
    """What one public set became: its landing format, and how many files and records were written."""

    name: str
    format: str
    files: int
    records: int


def land(
    shared_data: Path, landing: Path, progress: Progress | None = None, shapes: bool = False
) -> list[LandedSet]:
    """Land the real sets found in `shared_data`; `shapes` adds the illustrative API samples.

    `progress(set name, number, total)` is called before each set. Raises FileNotFoundError, before
    anything is written, when a set is missing.
    """
    sets: list[tuple[str, str, Callable[[Path, Path], int]]] = [
        (AIDER, "gateway_traces/generic", _land_aider),
        (AZURE, "gateway_traces/generic", _land_azure),
        (FOCUS, "cloud_billing/focus", _land_focus),
        (ALIBABA, "gpu_usage/generic", _land_alibaba),
    ]
    wanted = [path for path, _, _ in sets]
    if shapes:
        wanted += [f"api-samples/{name}" for names in SHAPES.values() for name in names]
    if missing := [path for path in wanted if not (shared_data / path).is_file()]:
        raise FileNotFoundError(f"{shared_data} does not hold {', '.join(missing)}")

    total = len(sets) + len(SHAPES) * shapes
    landed = []
    for number, (path, into, land_set) in enumerate(sets, start=1):
        name = path.split("/")[0]
        if progress:
            progress(name, number, total)
        landed.append(LandedSet(name, into, 1, land_set(shared_data / path, landing / into)))
    if shapes:
        for number, (into, names) in enumerate(SHAPES.items(), start=len(sets) + 1):
            if progress:
                progress("api-samples", number, total)
            landed.append(_land_shapes(shared_data / "api-samples", names, landing, into))
    return landed


def land_bills(shared_data: Path, landing: Path, progress: Progress | None = None) -> list[LandedSet]:
    """Land every sample in `BILLS` byte for byte.

    Records are the files' own: rows of a table, lines of a log, one for a JSON document.
    Raises FileNotFoundError, before anything is written, when a set is missing.
    """
    found = [
        sorted(path for pattern in patterns for path in (shared_data / name).glob(pattern))
        for _, name, patterns, _ in BILLS
    ]
    missing = [name for (_, name, _, _), files in zip(BILLS, found, strict=True) if not files]
    if missing:
        raise FileNotFoundError(f"{shared_data} does not hold {', '.join(missing)}")

    landed = []
    for number, ((into, name, _, folder), files) in enumerate(zip(BILLS, found, strict=True), start=1):
        if progress:
            progress(name, number, len(BILLS))
        for file in files:
            _write(landing / into / folder / file.name, file.read_bytes())
        landed.append(LandedSet(name, into, len(files), sum(_records(file) for file in files)))
    return landed


def _records(file: Path) -> int:
    content = file.read_bytes()
    if file.suffix == ".gz":
        content = gzip.decompress(content)
    text = content.decode("utf-8-sig")
    if ".csv" in file.suffixes:
        return sum(1 for _ in csv.reader(io.StringIO(text, newline=""))) - 1
    return sum(1 for line in text.splitlines() if line.strip()) if file.suffix == ".jsonl" else 1


def land_aider(shared_data: Path, landing: Path) -> int:
    """Land only the usage log of the coding assistant; returns its calls."""
    return _land_aider(shared_data / AIDER, landing / "gateway_traces/generic")


def provider_of(model: str) -> str:
    """The provider that a model name of the aider log names: its route prefix, else a bare name's vendor.

    The prefix is kept as the log has it (`gemini`, `vertex_ai`, ...): the project's provider_aliases
    turn it into a canonical name. 'unknown' when neither is there, as in a redacted name.
    """
    prefix, slash, _ = model.partition("/")
    if slash:
        return prefix.lower()
    name = model.lower()
    return next((vendor for starts, vendor in BARE_NAMES if name.startswith(starts)), "unknown")


def _land_aider(source: Path, folder: Path) -> int:
    """One request per `message_send` event, in the order of the log.

    The line number is the id, so that two equal lines are two calls: the set's collector kept an equal line
    as often as one published window held it. The log does not say whether cached tokens are inside
    `prompt_tokens`, so cached_tokens stays empty and all of them count as uncached input.
    """
    rows = []
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            event = json.loads(line)
            if event["event"] == "message_send":
                rows.append(_aider_request(number, event))
    _write_gz(folder / "aider-usage-log.jsonl.gz", (json.dumps(row) + "\n" for row in rows))
    return len(rows)


def _aider_request(number: int, event: dict[str, Any]) -> dict[str, Any]:
    properties = event["properties"]
    request = {
        "timestamp": _utc(event["time"]),
        "request_id": f"aider-usage-log:{number:06d}",
        "user_id": event["user_id"],
        "feature_name": "aider",
        "workflow_name": properties.get("edit_format"),
        "provider": provider_of(properties["main_model"]),
        "model": properties["main_model"],
        "input_tokens": properties["prompt_tokens"],
        "output_tokens": properties["completion_tokens"],
        "reported_cost_usd": properties["cost"],
    }
    return {name: value for name, value in request.items() if value is not None}


def _land_azure(source: Path, folder: Path) -> int:
    """One request per row. The trace names no model, user or team; its clock names no zone: UTC."""
    with gzip.open(source, "rt", encoding="utf-8", newline="") as lines:
        rows = [
            [
                row["TIMESTAMP"],
                f"azure-llm-2023-conv:{number:06d}",
                "self_hosted",
                "azure-llm-conv",
                row["ContextTokens"],
                row["GeneratedTokens"],
            ]
            for number, row in enumerate(csv.DictReader(lines), start=1)
        ]
    header = ["timestamp", "request_id", "provider", "model", "input_tokens", "output_tokens"]
    _write_csv_gz(folder / "azure-llm-2023-conv.csv.gz", header, rows)
    return len(rows)


def _land_focus(source: Path, folder: Path) -> int:
    """The bill byte for byte; returns its rows."""
    content = source.read_bytes()
    _write(folder / "focus-1.0-sample.csv", content)
    return sum(1 for _ in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))) - 1


def _land_alibaba(source: Path, folder: Path) -> int:
    """One row per pod and hour: the mean of its duty-cycle samples.

    The set names no GPU model, no GPU memory size and no sampling plan. A pod stands for one GPU. It is
    allocated: the service holds it (and GPU memory) all the time it reports.
    """
    sums: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    counts: dict[tuple[int, str], int] = defaultdict(int)
    with gzip.open(source, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["container_ip"] in MISSING_PODS:
                continue
            key = (int(Decimal(row["timestamp_anon"])) // 3600 * 3600, row["container_ip"])
            sums[key] += Decimal(row["value"])
            counts[key] += 1
    header = ["hour_start_at", "pool_id", "gpu_id", "is_allocated", "utilization_share", "sample_count"]
    rows = [
        [
            _utc(hour),
            "alibaba-gentd26",
            pod,
            "true",
            f"{sums[hour, pod] / counts[hour, pod] / 100:.6f}",
            str(counts[hour, pod]),
        ]
        for hour, pod in sorted(counts)
    ]
    _write_csv_gz(folder / "alibaba-gentd26.csv.gz", header, rows)
    return len(rows)


def _land_shapes(samples: Path, names: list[str], landing: Path, into: str) -> LandedSet:
    """The samples of one format byte for byte; each file holds one record (a page or a log entry)."""
    for name in names:
        file_name = f"api-samples/{Path(name).name}"
        _write(landing / into / file_name, (samples / name).read_bytes())
    return LandedSet("api-samples", into, len(names), len(names))


def _utc(unix_seconds: int) -> str:
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _write_csv_gz(path: Path, header: list[str], rows: list[list[str]]) -> None:
    def lines() -> Iterator[str]:
        for row in [header, *rows]:
            yield ",".join(row) + "\n"  # no value of these sets needs quoting

    _write_gz(path, lines())


def _write_gz(path: Path, lines: Iterable[str]) -> None:
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as packed:
        for line in lines:
            packed.write(line.encode())
    _write(path, buffer.getvalue())


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(content)
    beside.replace(path)
