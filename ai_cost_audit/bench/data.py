"""The data that is measured: requests of the demo company's routes, written by DuckDB, a file a day and format.

Everything about a request is a hash of its number, so that the same shape is the same data, whatever it is written for.
(DuckDB's `hash` may change with its version: compare results that were made with one version.)

In a hundred requests two fail and one is tried twice; one line in a thousand is captured twice. Requests stay below
every long-context price. The invoice of a month is what the ledger comes to.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import duckdb

from ai_cost_audit.demo.company import ROUTES, Route, digest
from ai_cost_audit.demo.traces import LITELLM_PROVIDERS

Layout = Literal["jsonl", "parquet"]
Progress = Callable[[str, int, int], None]

LAST_DAY = date(2026, 10, 30)  # of the history; the new day is the one after it, in the same month
DAY_MS = 86_400_000
LATE_DAYS = 30
LATE_NUMBERS = 1 << 40  # the numbers of late requests start here, those of the new day at twice it
FORMATS = ("generic", "litellm")
WRITERS = 2  # files written at once, each with one thread

# The models of a provider's tier: the first serves two thirds of the requests. Several changed their price in 2026.
MODELS = {
    ("openai", "frontier"): ("gpt-5.6-sol", "gpt-6.1-sol"),
    ("openai", "mid"): ("gpt-5.6-terra", "gpt-6.1-terra"),
    ("openai", "mini"): ("gpt-5.6-luna", "gpt-5-mini"),
    ("anthropic", "frontier"): ("claude-opus-5-5", "claude-opus-4-8"),
    ("anthropic", "mid"): ("claude-sonnet-5-5", "claude-sonnet-4-5"),
    ("anthropic", "mini"): ("claude-haiku-4-5", "claude-haiku-5-5"),
    ("google", "frontier"): ("gemini-4-argon", "gemini-2.5-pro"),
    ("google", "mini"): ("gemini-3.6-flash", "gemini-3.5-flash-lite"),
    ("bedrock", "mid"): ("claude-sonnet-4-5", "mistral-large-2407"),
    ("bedrock", "mini"): ("claude-haiku-4-5", "nova-lite"),
}
# One request in eight of these models is served in another tier than standard, from the day it had a price.
TIERS = {
    "gpt-5.6-sol": (("flex", "priority"), date(2026, 8, 21)),
    "gemini-3.6-flash": (("flex", "batch"), date(2026, 6, 1)),
    "gemini-2.5-pro": (("priority", "priority"), date(2025, 12, 1)),
    "claude-sonnet-4-5": (("batch", "batch"), date(2025, 9, 1)),
}
LONGEST = {"mini": 60_000}  # tokens of context; of the other tiers LONGEST_CONTEXT with the system prompt
LONGEST_CONTEXT = 180_000

_SETTINGS = """
    create macro part(n, what) as (hash(n, what) % 1000003) / 1000003.0;
    create macro normal(n, what) as
        (part(n, what || 'a') + part(n, what || 'b') + part(n, what || 'c') - 1.5) * 2;
    create macro name_of(n, what) as lpad(lower(to_hex(hash(n, what))), 16, '0');
"""

# The routes' columns, a row a slot: a route has as many slots as its weight, and a request takes one of them.
_REQUESTS = """
    with

    numbered as (
        select
            range as n,
            {day_ms} as day_ms,
            {time_ms} as time_ms,
            hash(range, 'slot') % {slots} as slot
        from range({start}, {stop})
    ),

    routed as (
        select
            numbered.n, numbered.day_ms, numbered.day_ms + numbered.time_ms as first_ms,
            slots.*,
            case when part(n, 'model') < 0.67 then first_model else second_model end as model,
            part(n, 'stamp') as stamp,
            part(n, 'retry') < 0.01 as is_retried,
            part(n, 'error') < 0.02 as has_failed,
            part(n, 'hit') < cache_hit as is_hit,
            least(longest, (context * exp(0.45 * normal(n, 'context')))::bigint) as context_tokens,
            (prompt * (0.5 + part(n, 'prompt')))::bigint as prompt_tokens,
            (answer * exp(0.55 * normal(n, 'answer')))::bigint as answer_tokens,
            case when is_session then n // 60 else n end as person
        from numbered inner join slots on numbered.slot = slots.slot
    ),

    counted as (
        select
            *,
            case when is_hit then system // block * block else 0 end as read_hit,
            (answer_tokens * reasoning_share * part(n, 'reasoning'))::bigint as answer_reasoning,
            case
                when (first_model = model and first_tier is not null and day_ms >= first_tier_ms)
                    and part(n, 'tier') < 0.125
                    then case when part(n, 'which') < 0.5 then first_tier else first_other_tier end
                when (second_model = model and second_tier is not null and day_ms >= second_tier_ms)
                    and part(n, 'tier') < 0.125
                    then case when part(n, 'which') < 0.5 then second_tier else second_other_tier end
                else 'standard'
            end as tier
        from routed
    ),

    attempts as (
        select
            *,
            unnest(case when is_retried then [1, 2] else [1] end) as attempt,
            case when is_retried then 2 else 1 end as attempt_count
        from counted
    ),

    judged as (
        select
            *,
            attempt = attempt_count as is_final,
            case
                when attempt = attempt_count and not has_failed then 200
                when part(n, 'status') < 0.4 then 429
                else 500
            end as status_code,
            first_ms + (attempt - 1) * 4000 as at_ms,
            1 + (hash(n, 'latency') % 4000)::bigint as latency_ms,
            unnest(case when part(n * 4 + attempt, 'again') < 0.001 then [1, 2] else [1] end) as capture
        from attempts
    ),

    -- A refused call uses nothing; one that breaks off has used its input.
    used as (
        select
            *,
            case when status_code = 429 then 0 else 1 end as has_input,
            case when status_code = 200 then 1 else 0 end as has_output,
            case when writes then system - read_hit else 0 end as written
        from judged
    ),

    named as (
        select
            *,
            (context_tokens + prompt_tokens + system) * has_input as input_tokens,
            read_hit * has_input as read_tokens,
            case when is_hour then 0 else written end * has_input as write_5m_tokens,
            case when is_hour then written else 0 end * has_input as write_1h_tokens,
            answer_tokens * has_output as output_tokens,
            answer_reasoning * has_output as reasoning_tokens,
            'req_' || name_of(n, 'request') as request_id,
            'trace_' || name_of(n, 'request') as trace_id,
            case when is_session then 'sess_' || name_of(n // 60 * 64 + route_number, 'session') end as session_id,
            case when stamp < 0.90 then owner end as team_id,
            case when stamp < 0.98 then key_hash end as api_key_hash,
            case
                when stamp < 0.98
                    then 'user_' || lpad((route_number * 1000 + hash(person, 'user') % users)::varchar, 6, '0')
            end as user_id,
            case when has_tenants then 'tenant_' || lpad((hash(n, 'tenant') % 40)::varchar, 3, '0') end as tenant_id,
            case when part(n, 'environment') < 0.06 then 'staging' else 'prod' end as environment
        from used
    )
"""

_GENERIC = """
    select
        {timestamp} as "timestamp",
        request_id,
        team_id,
        user_id,
        tenant_id,
        feature_name,
        environment,
        provider,
        model,
        input_tokens,
        output_tokens,
        read_tokens as cached_tokens,
        1 as request_count,
        latency_ms,
        status_code,
        attempt - 1 as retry_count,
        'v3' as prompt_template_version,
        workflow_name,
        write_5m_tokens as cache_write_tokens,
        write_1h_tokens as cache_write_1h_tokens,
        reasoning_tokens,
        session_id,
        trace_id,
        attempt,
        api_key_hash,
        fingerprint as prompt_fingerprint,
        system as system_prompt_tokens,
        context_tokens,
        tier as service_tier,
        is_streaming
    from named
    where {format} = 'generic'
"""

# A StandardLoggingPayload of LiteLLM: what says who and what for, and the cache counts, are nested in `metadata`.
_LITELLM = """
    select
        case when is_final then request_id else request_id || '-attempt-' || attempt end as id,
        trace_id,
        session_id,
        'call_' || name_of(n, 'request')
            || case when is_final then '' else '-attempt-' || attempt end as litellm_call_id,
        'acompletion' as call_type,
        is_streaming as stream,
        case when status_code = 200 then 'success' else 'failure' end as status,
        litellm_provider as custom_llm_provider,
        model,
        model as model_group,
        name_of(route_number, 'deployment') as model_id,
        'https://gateway.example/v1' as api_base,
        input_tokens as prompt_tokens,
        output_tokens as completion_tokens,
        input_tokens + output_tokens as total_tokens,
        at_ms / 1000.0::double as "startTime",
        (at_ms + latency_ms) / 1000.0::double as "endTime",
        (at_ms + latency_ms // 4) / 1000.0::double as "completionStartTime",
        latency_ms / 1000.0::double as response_time,
        null::double as response_cost,
        null::boolean as cache_hit,
        0.0::double as saved_cache_cost,
        ['team:' || owner, 'release:2026'] as request_tags,
        coalesce(tenant_id, '') as end_user,
        {{
            'model_map_key': model,
            'model_map_value': {{
                'key': model, 'max_tokens': 200000, 'mode': 'chat', 'litellm_provider': litellm_provider
            }}
        }} as model_map_information,
        {{
            'user_api_key_hash': api_key_hash,
            'user_api_key_alias': null::varchar,
            'user_api_key_team_id': team_id,
            'user_api_key_team_alias': null::varchar,
            'user_api_key_org_id': null::varchar,
            'user_api_key_user_id': user_id,
            'user_api_key_user_email': null::varchar,
            'user_api_key_end_user_id': tenant_id,
            'attempted_retries': case when is_final then attempt_count - 1 end,
            'max_retries': 2,
            'billed_retry_attempt': case when is_final then null else true end,
            'parent_request_id': case when is_final then null else request_id end,
            'requester_ip_address': null::varchar,
            'applied_guardrails': []::varchar[],
            'spend_logs_metadata': {{
                'feature_name': feature_name,
                'workflow_name': workflow_name,
                'environment': environment,
                'tenant_id': tenant_id,
                'prompt_template_version': 'v3',
                'prompt_fingerprint': fingerprint
            }},
            'usage_object': {{
                'prompt_tokens': input_tokens,
                'completion_tokens': output_tokens,
                'total_tokens': input_tokens + output_tokens,
                'service_tier': tier,
                'prompt_tokens_details': {{
                    'cached_tokens': read_tokens,
                    'cache_creation_tokens': write_5m_tokens + write_1h_tokens,
                    'cache_creation_token_details': {{
                        'ephemeral_5m_input_tokens': write_5m_tokens,
                        'ephemeral_1h_input_tokens': write_1h_tokens
                    }}
                }},
                'completion_tokens_details': {{'reasoning_tokens': reasoning_tokens}}
            }}
        }} as metadata,
        case when status_code <> 200 then 'provider error ' || status_code end as error_str,
        {{
            'error_code': case when status_code <> 200 then status_code::varchar else '' end,
            'error_class': case when status_code <> 200 then 'APIError' else '' end,
            'llm_provider': litellm_provider
        }} as error_information,
        null::varchar as messages,
        null::varchar as response
    from named
    where {format} = 'litellm' and (is_final or input_tokens > 0)
"""


@dataclass(frozen=True)
class Shape:
    """What lands: how many requests, over how many days, in what files.

    `nested` logs the routes of LiteLLM, which make a little over half of the requests, as LiteLLM does.
    """

    requests: int
    days: int
    layout: Layout
    nested: bool

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats of the gateway traces."""
        return FORMATS if self.nested else FORMATS[:1]

    @property
    def first_day(self) -> date:
        """The first day of the history."""
        return LAST_DAY - timedelta(days=self.days - 1)


@dataclass(frozen=True)
class Slice:
    """Requests of one file: their numbers, and SQL for the day (ms since 1970) and the time in it (ms) of `range`."""

    name: str
    start: int
    stop: int
    day_ms: str
    time_ms: str


def land(landing: Path, shape: Shape, progress: Progress) -> None:
    """Write the history: a file a day and format."""
    slices = []
    for number in range(shape.days):
        start, stop = (shape.requests * (number + more) // shape.days for more in (0, 1))
        slices.append(_day(shape.first_day + timedelta(days=number), start, stop))
    write(landing, shape, slices, progress)


def land_new_day(landing: Path, shape: Shape) -> int:
    """Write the day after the history: a thirtieth of its requests, however long it is; returns how many."""
    count = max(shape.requests // 30, 1)
    start = 2 * LATE_NUMBERS
    write(landing, shape, [_day(LAST_DAY + timedelta(days=1), start, start + count)])
    return count


def land_late(landing: Path, shape: Shape) -> int:
    """Write one file a format of requests of up to 30 old days, a thousandth of all; returns how many."""
    count = max(shape.requests // 1000, LATE_DAYS)
    days = min(LATE_DAYS, shape.days)
    day = f"{_ms(shape.first_day)} + range % {days} * {shape.days // days * DAY_MS}"
    late = Slice("late", LATE_NUMBERS, LATE_NUMBERS + count, day, "(hash(range, 'late') % 86000000)::bigint")
    write(landing, shape, [late])
    return count


def land_in_files(landing: Path, shape: Shape, files: int) -> None:
    """Write all requests in so many files for all formats together, whatever the day."""
    files_a_format = max(files // len(shape.formats), 1)
    day = f"{_ms(shape.first_day)} + range * {shape.days} // {shape.requests} * {DAY_MS}"
    slices = []
    for number in range(files_a_format):
        start, stop = (shape.requests * (number + more) // files_a_format for more in (0, 1))
        slices.append(
            Slice(f"part-{number:04d}", start, stop, day, "(hash(range, 'time') % 86000000)::bigint")
        )
    write(landing, shape, slices)


def _ms(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_MS


def _day(day: date, start: int, stop: int) -> Slice:
    """Requests evenly over a day, so that the file is in the order of time as a log is."""
    in_day = f"(range - {start}) * 86000000 // {max(stop - start, 1)}"
    return Slice(day.isoformat(), start, stop, f"{_ms(day)}", in_day)


def write(landing: Path, shape: Shape, slices: list[Slice], progress: Progress | None = None) -> None:
    """Write the files of these slices, several at once."""
    parts = [slices[first::WRITERS] for first in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        for done, _ in enumerate(_as_they_end(pool, landing, shape, parts), start=1):
            if progress:
                progress("files of requests", done, len(slices))


def _as_they_end(
    pool: ThreadPoolExecutor, landing: Path, shape: Shape, parts: list[list[Slice]]
) -> Iterator[None]:
    """One item a slice written; each part has a connection of its own."""
    connections = [_connection() for _ in parts]
    try:
        for turn in range(max(map(len, parts))):
            running = [
                pool.submit(_write, connection, landing, shape, part[turn])
                for connection, part in zip(connections, parts, strict=True)
                if turn < len(part)
            ]
            for each in running:
                each.result()
                yield
    finally:
        for connection in connections:
            connection.close()


def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(_SETTINGS)
    rows = list(_slot_rows())
    columns = ", ".join(rows[0])
    values = [tuple(row.values()) for row in rows]
    marks = ", ".join("(" + ", ".join("?" * len(rows[0])) + ")" for _ in rows)
    flat = [value for row in values for value in row]
    connection.execute(f"create table routes as select * from (values {marks}) as r ({columns})", flat)
    connection.execute(
        "create table slots as select (row_number() over ()) - 1 as slot, routes.* exclude (weight) "
        "from routes, range(weight) order by route_number"
    )
    return connection


def _slot_rows() -> Iterator[dict[str, Any]]:
    """A row a route: what its requests have in common."""
    for number, route in enumerate(ROUTES):
        first, second = _models(route)
        first_tiers, first_day = TIERS.get(first, ((None, None), date.max))
        second_tiers, second_day = TIERS.get(second, ((None, None), date.max))
        yield {
            "route_number": number,
            "weight": math.ceil(route.weight),
            "owner": route.team_id,
            "feature_name": route.feature,
            "workflow_name": route.workflow,
            "route_format": route.gateway,
            "provider": route.provider,
            "litellm_provider": LITELLM_PROVIDERS.get(route.provider, route.provider),
            "first_model": first,
            "second_model": second,
            "first_tier": first_tiers[0],
            "first_other_tier": first_tiers[1],
            "first_tier_ms": _ms(first_day),
            "second_tier": second_tiers[0],
            "second_other_tier": second_tiers[1],
            "second_tier_ms": _ms(second_day),
            "key_hash": route.api_key_hash,
            "fingerprint": digest(f"prompt/{route.route_id}")[:16],
            "system": route.system,
            "context": route.context,
            "prompt": route.user,
            "answer": route.output,
            "longest": LONGEST.get(route.tier, LONGEST_CONTEXT - route.system),
            "cache_hit": route.cache_hit,
            "block": 1 if route.provider == "anthropic" else 128,
            "writes": route.provider == "anthropic" and route.cache_hit > 0,
            "is_hour": route.cache_lifetime == "1h",
            "reasoning_share": route.reasoning_share,
            "is_session": route.is_session,
            "has_tenants": route.has_tenants,
            "users": route.users,
            "is_streaming": route.is_streaming,
        }


def _models(route: Route) -> tuple[str, str]:
    return MODELS.get((route.provider, route.tier), (route.self_hosted_model, route.self_hosted_model))


def _write(connection: duckdb.DuckDBPyConnection, landing: Path, shape: Shape, piece: Slice) -> None:
    ((slots,),) = connection.execute("select count(*) from slots").fetchall()
    requests = _REQUESTS.format(
        start=piece.start, stop=piece.stop, day_ms=piece.day_ms, time_ms=piece.time_ms, slots=slots
    )
    as_format = "route_format" if shape.nested else "'generic'"
    for name in shape.formats:
        path = (
            traces(landing, name) / f"{piece.name}.{'parquet' if shape.layout == 'parquet' else 'jsonl.gz'}"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        as_text = "strftime(epoch_ms(at_ms), '%Y-%m-%dT%H:%M:%S.%gZ')"
        timestamp = "epoch_ms(at_ms)" if shape.layout == "parquet" else as_text
        select = (_GENERIC if name == "generic" else _LITELLM).format(timestamp=timestamp, format=as_format)
        kind = "parquet, compression zstd" if shape.layout == "parquet" else "json, compression gzip"
        connection.execute(f"copy ({requests} {select}) to '{path}' (format {kind})")


def traces(landing: Path, name: str) -> Path:
    """The folder of a format of gateway traces."""
    return landing / "gateway_traces" / name


def files(landing: Path, name: str) -> list[str]:
    """The files of a format of gateway traces, by name."""
    return sorted(str(path) for path in traces(landing, name).glob("*") if path.is_file())


def write_invoices(landing: Path, lines: Iterable[tuple[date, str, str, Any]]) -> None:
    """Write a line a month, provider and model of these amounts (USD) as generic invoices, a file a month."""
    folder = landing / "provider_costs" / "generic_invoice" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    by_month: dict[date, list[str]] = {}
    for month, provider, model, amount in lines:
        end = (month + timedelta(days=31)).replace(day=1)
        line = f"{provider},bench,{provider}-{month:%Y%m},{month},{month},{end},usage,{model},{amount},USD"
        by_month.setdefault(month, []).append(line)
    header = (
        "provider,account_id,invoice_id,billing_period_start,charge_start_at,charge_end_at,line_type,model,"
    )
    header += "amount,currency"
    for month, rows in by_month.items():
        text = "\n".join([header, *sorted(rows)]) + "\n"
        (folder / f"{month:%Y-%m}.csv").write_text(text, encoding="utf-8")


def landed_as(folder: Path, shape: Shape, code: str) -> bool:
    """Whether the folder holds this data already, written by this code."""
    try:
        held = json.loads((folder / "shape.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(held == asdict(shape) | {"code": code})


def remember(folder: Path, shape: Shape, code: str) -> None:
    """Say what the folder holds, when all of it is written."""
    text = json.dumps(asdict(shape) | {"code": code}) + "\n"
    (folder / "shape.json").write_text(text, encoding="utf-8")


def clear(folder: Path) -> None:
    """Remove a folder of this benchmark, if it is there."""
    if folder.is_dir():
        shutil.rmtree(folder)
