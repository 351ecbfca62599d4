"""`ai-cost init`: the folder of what a company decides (seeds) and receives (landing zone)."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from ai_cost_audit import settings

DEMO_SEEDS = settings.PROJECT / "seeds" / "company"
# dbt writes the SQL of a seed to target/run/<project>/<path of the seed>. With an absolute path that is the
# seed itself, which it overwrites (seen in 1.11). So the company's seeds are a link inside the project.
LINKS = settings.PROJECT / "seeds" / "linked"
FILE_TYPES = ".jsonl, .ndjson, .json, .csv or .parquet; text files plain, .gz or .zst"
PAGE_FILE_TYPES = ".json (one page) or .jsonl (a page a line), plain, .gz or .zst"
_PAGES = "pages exactly as the API returns them, each with its buckets in `data` and the `results` of each"


class NotEmpty(Exception):
    """The folder holds something already."""


@dataclass(frozen=True)
class Format:
    """What one landing folder takes. A record without one of the `required` fields is rejected.

    `required_in_bucket`: fields of the bucket around a result, where the records are API pages.
    """

    what: str
    required: tuple[str, ...]
    useful: str
    notes: tuple[str, ...] = ()
    required_in_bucket: tuple[str, ...] = ()
    has_accounts: bool = False


FORMATS = {
    "gateway_traces/generic": Format(
        "one record per request (or per attempt) from any gateway or log that you map to these fields",
        ("timestamp", "request_id", "provider", "model", "input_tokens", "output_tokens"),
        "team_id, user_id, tenant_id, feature_name, workflow_name, environment, cached_tokens, "
        "cache_write_tokens, cache_write_1h_tokens, reasoning_tokens, request_count, latency_ms, "
        "status_code, retry_count, attempt, prompt_template_version, session_id, trace_id, "
        "parent_request_id, api_key_hash, prompt_fingerprint, system_prompt_tokens, "
        "context_tokens, service_tier, "
        "is_streaming, tool_cost_usd, reported_cost_usd",
        (
            "`input_tokens` includes `cached_tokens` and the cache writes; `output_tokens` includes "
            "`reasoning_tokens`.",
            "`timestamp` is ISO 8601, with a zone or in UTC.",
            "Leave prompts, completions and raw API keys out. If they are there, they are not kept.",
        ),
    ),
    "gateway_traces/litellm": Format(
        "LiteLLM's logs: StandardLoggingPayload objects (S3 or GCS logging) or rows of LiteLLM_SpendLogs",
        ("startTime", "prompt_tokens", "completion_tokens"),
        "metadata (team, user, usage_object, spend_logs_metadata), team_id, user, end_user, "
        "api_key (its hash), session_id, trace_id, request_tags, status, error_information, "
        "spend or response_cost",
        (
            "One of `request_id` and `id` is required too; `model` and `custom_llm_provider` are, unless the "
            "request failed.",
            "Feature and workflow are read from the caller's own keys in `spend_logs_metadata`.",
        ),
    ),
    "provider_usage/openai": Format(
        f"OpenAI usage API (/v1/organization/usage/...): {_PAGES}",
        ("object",),
        "input_tokens, input_cached_tokens, output_tokens, num_model_requests, project_id, api_key_id, model",
        ("Group by project, key and model, in buckets of a day: then the audit finds who a gap belongs to.",),
        ("start_time", "end_time"),
        has_accounts=True,
    ),
    "provider_usage/anthropic": Format(
        f"Anthropic usage report (/v1/organizations/usage_report/messages): {_PAGES}",
        ("uncached_input_tokens", "output_tokens"),
        "cache_read_input_tokens, cache_creation, workspace_id, api_key_id, model, service_tier",
        ("Group by workspace, key and model, in buckets of a day.",),
        ("starting_at", "ending_at"),
        has_accounts=True,
    ),
    "provider_costs/openai": Format(
        f"OpenAI costs API (/v1/organization/costs): {_PAGES}",
        ("amount.value", "amount.currency"),
        "line_item, project_id, quantity",
        ("Group by project and line item.",),
        ("start_time", "end_time"),
        has_accounts=True,
    ),
    "provider_costs/anthropic": Format(
        f"Anthropic cost report (/v1/organizations/cost_report): {_PAGES}",
        ("amount", "currency"),
        "description, model, cost_type, token_type, workspace_id",
        ("`amount` is in cents, as the API has it.", "Group by workspace and description."),
        ("starting_at", "ending_at"),
        has_accounts=True,
    ),
    "provider_costs/generic_invoice": Format(
        "one record per invoice line of any other provider",
        ("provider", "billing_period_start", "line_type", "amount", "currency"),
        "account_id, invoice_id, charge_start_at, charge_end_at, model, meter, quantity, unit, "
        "key_or_project_id, description",
        (
            "`line_type` is one of usage, credit, refund, tax, fee, commitment, correction.",
            "The amount of a credit or a refund is zero or below.",
        ),
        has_accounts=True,
    ),
    "cloud_billing/focus": Format(
        "a FOCUS 1.0 to 1.3 cost and usage export (AWS, Azure, Google Cloud, Oracle)",
        (
            "BillingAccountId",
            "BillingPeriodStart",
            "ChargePeriodStart",
            "ChargePeriodEnd",
            "ChargeCategory",
            "BilledCost",
            "BillingCurrency",
        ),
        "ServiceName, ChargeDescription, SkuId, ConsumedQuantity, ConsumedUnit, EffectiveCost, "
        "ResourceId, Tags, InvoiceId",
        ("One of `ProviderName` and `ServiceProviderName` is required too.",),
    ),
    "gpu_usage/generic": Format(
        "one record per GPU and hour, from your monitoring",
        ("hour_start_at", "pool_id", "gpu_id"),
        "node_id, gpu_model, is_allocated, utilization_share, memory_used_share, running_requests, tokens, "
        "team_id, job_id, sample_count, expected_sample_count",
        (
            "Shares run from 0 to 1. Leave a value empty where nothing was measured: empty is not 0.",
            "Each `pool_id` has a row in the seed `gpu_pools`, with its price.",
        ),
    ),
    "gpu_jobs/generic": Format(
        "one record per training or batch job, from your scheduler",
        ("job_id", "pool_id", "state", "submitted_at", "gpu_count"),
        "team_id, user_id, started_at, ended_at, gpu_model, time_limit_hours, "
        "has_auto_stop, last_progress_at",
        ("Deliver a job again when it has changed: the newest delivery counts.",),
    ),
}


def write(folder: Path) -> str:
    """Write an empty company into `folder`; returns what to do next.

    Raises NotEmpty when the folder holds anything or is a file, OSError when it cannot be written.
    """
    root = folder.expanduser().resolve()
    if root.is_file():
        raise NotEmpty(f"{root} is a file: name a new or empty folder")
    if root.is_dir() and (held := min((path.name for path in root.iterdir()), default=None)) is not None:
        raise NotEmpty(f"{root} is not empty (it holds {held}): name a new or empty folder")
    seeds = sorted(DEMO_SEEDS.glob("*.csv"))
    if not seeds:
        raise FileNotFoundError(2, "the project's own seeds are missing", str(DEMO_SEEDS))
    for seed in seeds:
        text = seed.read_text(encoding="utf-8")
        _write(root / "seeds" / seed.name, text.splitlines()[0] + "\n")
        _write(root / "examples" / seed.name, text)
    for name, content in FORMATS.items():
        _write(root / "landing" / name / "README.md", _readme(name, content))
    (root / "warehouse").mkdir()
    env = root / "ai-cost.env"
    _write(env, _environment(root, _link(root)))
    return _next_steps(root, env)


def _link(root: Path) -> Path:
    """A link to the company's seeds in the project, named like the company's folder."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", root.name) or "company"
    number, link = 1, LINKS / name
    while link.exists() and link.resolve() != root / "seeds":
        number += 1
        link = LINKS / f"{name}-{number}"
    LINKS.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)  # of a company that was here before
    link.symlink_to(root / "seeds", target_is_directory=True)
    return link


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _environment(root: Path, link: Path) -> str:
    values = {
        "AI_COST_LANDING": str(root / "landing"),
        "AI_COST_WAREHOUSE": str(root / "warehouse"),
        "AI_COST_COMPANY": os.path.relpath(link, settings.PROJECT),
    }
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def _readme(name: str, content: Format) -> str:
    file_types = PAGE_FILE_TYPES if content.required_in_bucket else FILE_TYPES
    lines = [
        f"# {name}",
        "",
        f"{content.what[0].upper()}{content.what[1:]}.",
        "",
        f"- File types: {file_types}.",
    ]
    if content.required_in_bucket:
        lines.append(f"- Required in each bucket: {_names(content.required_in_bucket)}.")
        lines.append(f"- Required in each result: {_names(content.required)}.")
    else:
        lines.append(f"- Required fields: {_names(content.required)}.")
    lines.append(f"- Used where there: {content.useful}.")
    lines += [f"- {note}" for note in content.notes]
    lines.append(
        "- Sub-folders are free: by date, for example. A file that is replaced replaces its records."
    )
    if content.has_accounts:
        lines.append(
            "- Several accounts: the first sub-folder is the account's id, as in `acme-eu/2026-10.json`."
        )
    lines.append("")
    lines.append(
        "`ai-cost check` tells what is wrong with a file. A record that cannot be read is listed with"
    )
    lines += ["its reason in `marts.fct_rejected_records`.", ""]
    return "\n".join(lines)


def _names(fields: tuple[str, ...]) -> str:
    return ", ".join(f"`{field}`" for field in fields)


def _next_steps(root: Path, env: Path) -> str:
    return f"""Written to {root}
  seeds/       what you decide: one CSV per seed, header only
  examples/    the same seeds as the demo company fills them in
  landing/     what you receive: a README in each folder says what goes there
  warehouse/   where the audit will be

Next:
  1. Fill in seeds/teams.csv, seeds/key_owners.csv and, if you run GPUs, seeds/gpu_pools.csv.
     The others can wait.
  2. Copy files into the folders of landing/ that you have a source for. Empty ones are fine.
  3. In the project's folder:
       set -a; . {shlex.quote(str(env))}; set +a
       make build"""
