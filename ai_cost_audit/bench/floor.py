"""The floor: what one DuckDB statement needs to read both formats typed, price each row and write the ledger.

It uses nothing of the product but the seeds' CSV files, so its totals are an independent recomputation too. It leaves
out what the product adds: rejected records, regions, long-context prices, contract rates, traces that name an owner.

Run as a program it prints its seconds as JSON, so that its memory can be measured from outside:

    python -m ai_cost_audit.bench.floor LANDING PROJECT DATABASE
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ai_cost_audit.bench import data
from ai_cost_audit.bench.marts import COMPARISONS, MARTS

TIMES = 3  # it is measured; the median counts
METERS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
# A meter without a price of its own costs what the one it is a kind of does.
KINDS_OF = {
    "cache_read": ("input",),
    "cache_write_5m": ("input",),
    "cache_write_1h": ("cache_write_5m", "input"),
}

GENERIC_COLUMNS = {
    "timestamp": "timestamp",
    "request_id": "varchar",
    "team_id": "varchar",
    "user_id": "varchar",
    "tenant_id": "varchar",
    "feature_name": "varchar",
    "environment": "varchar",
    "provider": "varchar",
    "model": "varchar",
    "input_tokens": "bigint",
    "output_tokens": "bigint",
    "cached_tokens": "bigint",
    "latency_ms": "double",
    "status_code": "integer",
    "prompt_template_version": "varchar",
    "workflow_name": "varchar",
    "cache_write_tokens": "bigint",
    "cache_write_1h_tokens": "bigint",
    "reasoning_tokens": "bigint",
    "session_id": "varchar",
    "trace_id": "varchar",
    "attempt": "integer",
    "api_key_hash": "varchar",
    "prompt_fingerprint": "varchar",
    "system_prompt_tokens": "bigint",
    "context_tokens": "bigint",
    "service_tier": "varchar",
    "is_streaming": "boolean",
}

LITELLM_COLUMNS = {
    "id": "varchar",
    "trace_id": "varchar",
    "session_id": "varchar",
    "stream": "boolean",
    "status": "varchar",
    "custom_llm_provider": "varchar",
    "model": "varchar",
    "prompt_tokens": "bigint",
    "completion_tokens": "bigint",
    "startTime": "double",
    "endTime": "double",
    "end_user": "varchar",
    "error_information": "struct(error_code varchar)",
    "metadata": """struct(
        user_api_key_hash varchar, user_api_key_team_id varchar, user_api_key_user_id varchar,
        user_api_key_end_user_id varchar, attempted_retries integer, billed_retry_attempt boolean,
        parent_request_id varchar,
        spend_logs_metadata struct(
            feature_name varchar, workflow_name varchar, environment varchar, prompt_template_version varchar,
            prompt_fingerprint varchar
        ),
        usage_object struct(
            service_tier varchar,
            prompt_tokens_details struct(
                cached_tokens bigint,
                cache_creation_token_details struct(ephemeral_5m_input_tokens bigint, ephemeral_1h_input_tokens bigint)
            ),
            completion_tokens_details struct(reasoning_tokens bigint)
        )
    )""",
}

_GENERIC = """
    select
        'generic' as gateway, request_id, attempt, "timestamp" as requested_at, provider, model, service_tier, team_id,
        user_id, tenant_id, feature_name, workflow_name, environment, session_id, trace_id, api_key_hash,
        prompt_template_version, prompt_fingerprint, status_code, is_streaming, latency_ms,
        input_tokens - cached_tokens - cache_write_tokens - cache_write_1h_tokens as input_tokens,
        cached_tokens as cache_read_tokens, cache_write_tokens as cache_write_5m_tokens,
        cache_write_1h_tokens, output_tokens, reasoning_tokens,
        case when attempt = 1 then 1 else 0 end as request_count, filename
    from {read}
"""

_LITELLM = """
    select
        'litellm' as gateway, coalesce(metadata.parent_request_id, id) as request_id,
        coalesce(metadata.attempted_retries + 1, regexp_extract(id, '-attempt-([0-9]+)$', 1)::integer) as attempt,
        make_timestamp(round("startTime" * 1000)::bigint * 1000) as requested_at,
        case custom_llm_provider when 'gemini' then 'google' else custom_llm_provider end as provider,
        model, metadata.usage_object.service_tier, metadata.user_api_key_team_id,
        metadata.user_api_key_user_id, nullif(end_user, ''), metadata.spend_logs_metadata.feature_name,
        metadata.spend_logs_metadata.workflow_name, metadata.spend_logs_metadata.environment, session_id, trace_id,
        metadata.user_api_key_hash, metadata.spend_logs_metadata.prompt_template_version,
        metadata.spend_logs_metadata.prompt_fingerprint,
        coalesce(try_cast(error_information.error_code as integer), 200), stream, ("endTime" - "startTime") * 1000,
        prompt_tokens - metadata.usage_object.prompt_tokens_details.cached_tokens
            - metadata.usage_object.prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens
            - metadata.usage_object.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens,
        metadata.usage_object.prompt_tokens_details.cached_tokens,
        metadata.usage_object.prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens,
        metadata.usage_object.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens,
        completion_tokens, metadata.usage_object.completion_tokens_details.reasoning_tokens,
        case when metadata.billed_retry_attempt then 0 else 1 end, filename
    from {read}
"""

_SHEET = """
    listed as (
        select
            provider, model, service_tier, meter, usd_per_unit, effective_from,
            coalesce(effective_until, date '9999-12-31') as effective_until
        from read_csv('{prices}', types = {{
            'usd_per_unit': 'decimal(18, 12)', 'effective_from': 'date', 'effective_until': 'date',
            'above_context_tokens': 'bigint'
        }})
        where coalesce(above_context_tokens, 0) = 0
    ),

    boundaries as (
        select provider, model, service_tier, effective_from as starts_on from listed
        union
        select provider, model, service_tier, effective_until from listed
    ),

    periods as (
        select *, lead(starts_on) over (partition by provider, model, service_tier order by starts_on) as ends_on
        from boundaries
    ),

    wide as (
        select
            periods.provider, periods.model, periods.service_tier, starts_on, ends_on,
            {meters}
        from periods
        inner join listed
            on
                periods.provider = listed.provider and periods.model = listed.model
                and periods.service_tier = listed.service_tier
                and starts_on >= effective_from and starts_on < effective_until
        where ends_on is not null
        group by all
    ),

    sheet as (
        select provider, model, service_tier, starts_on, ends_on, {rates}
        from wide
    )
"""

_LEDGER = """
    create or replace table ledger as
    with

    {sheet},

    owners as (
        select
            provider, key_hash_or_id, team_id, feature_name, effective_from,
            coalesce(effective_until, date '9999-12-31') as effective_until
        from read_csv('{owners}', types = {{
            'key_hash_or_id': 'varchar', 'effective_from': 'date', 'effective_until': 'date'
        }})
    ),

    records as (
        {records}
    ),

    priced as (
        select
            records.* replace (
                coalesce(records.team_id, owners.team_id, 'unattributed') as team_id,
                coalesce(records.feature_name, owners.feature_name) as feature_name
            ),
            case
                when records.team_id is not null then 'stamped'
                when owners.team_id is not null then 'key_owner'
                else 'unattributed'
            end as attribution_method,
            cast(records.requested_at as date) as request_date,
            input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens + output_tokens as tokens,
            records.provider = 'self_hosted' or tokens = 0 as is_free,
            sheet.* exclude (provider, model, service_tier, starts_on, ends_on)
        from records
        left join owners
            on
                records.api_key_hash = owners.key_hash_or_id and records.provider = owners.provider
                and records.requested_at >= owners.effective_from and records.requested_at < owners.effective_until
        left join sheet
            on
                records.provider = sheet.provider and records.model = sheet.model
                and records.service_tier = sheet.service_tier
                and records.requested_at >= sheet.starts_on and records.requested_at < sheet.ends_on
    )

    select
        * exclude ({rate_names}, is_free),
        cast(date_trunc('month', request_date) as date) as month,
        feature_name || '/' || workflow_name as route_id,
        {costs},
        cast(
            case when is_free then 0 else {amounts} end as decimal(18, 12)
        ) as cost_usd,
        case when cost_usd is null then 1 else 0 end as is_unpriced
    from priced
"""

# A line captured twice counts once: the keys are narrow, and few are there twice.
DUPLICATES = """
    delete from ledger
    where rowid in (
        select unnest(list_sort(list(rowid))[2:])
        from ledger
        group by gateway, request_id, attempt, requested_at
        having count(*) > 1
    )
"""

_TYPED_READ = "select {sums} from {read}"


def reader(files: list[str], columns: dict[str, str]) -> str:
    """A table function that reads these files typed."""
    paths = "[" + ", ".join(f"'{path}'" for path in files) + "]"
    if files[0].endswith(".parquet"):
        return f"read_parquet({paths}, filename = true)"
    typed = ", ".join(f"'{name}': '{' '.join(kind.split())}'" for name, kind in columns.items())
    return (
        f"read_json({paths}, format = 'newline_delimited', columns = {{{typed}}}, "
        "ignore_errors = true, filename = true)"
    )


def readers(landing: Path) -> dict[str, str]:
    """The table functions of the formats that landed."""
    columns = {"generic": GENERIC_COLUMNS, "litellm": LITELLM_COLUMNS}
    landed = {name: data.files(landing, name) for name in data.FORMATS}
    return {name: reader(files, columns[name]) for name, files in landed.items() if files}


def ledger_statement(landing: Path, project: Path) -> str:
    """The one statement."""
    selects = {"generic": _GENERIC, "litellm": _LITELLM}
    records = "\nunion all\n".join(selects[name].format(read=read) for name, read in readers(landing).items())
    rates = [f"{meter}_rate" for meter in METERS]
    amounts = {meter: f"{meter}_tokens * {meter}_rate" for meter in METERS}
    return _LEDGER.format(
        sheet=sheet(project / "seeds" / "reference" / "model_prices.csv"),
        owners=project / "seeds" / "company" / "key_owners.csv",
        records=records,
        rate_names=", ".join(rates),
        costs=",\n".join(
            f"cast(case when is_free then 0 else {amount} end as decimal(18, 12)) as {meter}_usd"
            for meter, amount in amounts.items()
        ),
        amounts=" + ".join(amounts.values()),
    )


def sheet(prices: Path) -> str:
    """Common table expressions that end in `sheet`: a row a model, tier and period, a column a meter (USD a token)."""
    pivot = [f"max(usd_per_unit) filter (where meter = '{meter}') as own_{meter}" for meter in METERS]
    rates = []
    for meter in METERS:
        own = ", ".join(f"own_{each}" for each in (meter, *KINDS_OF.get(meter, ())))
        rates.append(f"coalesce({own}) as {meter}_rate")
    return _SHEET.format(prices=prices, meters=",\n".join(pivot), rates=",\n".join(rates))


def typed_read(connection: duckdb.DuckDBPyConnection, landing: Path) -> None:
    """Read every column that the ledger has, and keep a sum of each."""
    selects = {"generic": _GENERIC, "litellm": _LITELLM}
    for name, read in readers(landing).items():
        # An aggregate of every column, so that each is read and typed.
        select = selects[name].format(read=read)
        connection.execute(f"select max(columns(*)) from ({select})").fetchall()


@dataclass(frozen=True)
class Taken:
    """What each step took: seconds of the clock, and seconds of processors."""

    seconds: dict[str, float]
    cpu_seconds: dict[str, float]


def build(connection: duckdb.DuckDBPyConnection, landing: Path, project: Path) -> Taken:
    """Make ledger and marts in the database."""
    taken = Taken({}, {})
    connection.execute("set preserve_insertion_order = false; set timezone = 'UTC'")

    def marts() -> None:
        for name, query in MARTS.items():
            connection.execute(f"create or replace table {name} as {query}")
        connection.execute("checkpoint")

    def ledger() -> None:
        connection.execute(ledger_statement(landing, project))
        connection.execute("checkpoint")

    steps: dict[str, Callable[[], Any]] = {
        "typed_read": lambda: typed_read(connection, landing),
        "ledger": ledger,
        "duplicates": lambda: connection.execute(DUPLICATES),
        "marts": marts,
    }
    for name, step in steps.items():
        started, used = time.monotonic(), time.process_time()
        step()
        taken.seconds[name] = time.monotonic() - started
        taken.cpu_seconds[name] = time.process_time() - used
    return taken


def differences(database: Path, published: Path) -> dict[str, dict[str, Any]]:
    """How far the product's published figures are from the floor's: cells compared, and the largest difference in USD.

    A cell that only one of them has counts with its whole amount.
    """
    found: dict[str, dict[str, Any]] = {}
    with (
        duckdb.connect(str(database), read_only=True) as ours,
        duckdb.connect(str(published), read_only=True) as theirs,
    ):
        for what, (floor_query, product_query) in COMPARISONS.items():
            left = _cells(ours, floor_query)
            right = _cells(theirs, product_query)
            largest, where = 0.0, ""
            for key in left.keys() | right.keys():
                difference = abs(float(left.get(key, 0) - right.get(key, 0)))
                if difference > largest:
                    largest, where = difference, " ".join(key)
            total = float(sum(left.values()))
            found[what] = {
                "cells": len(left),
                "floor_usd": total,
                "largest_difference_usd": largest,
                "where": where,
            }
    return found


def _cells(connection: duckdb.DuckDBPyConnection, query: str) -> dict[tuple[str, str], Any]:
    return {(key, period): amount or 0 for key, period, amount in connection.execute(query).fetchall()}


def medians(taken: list[dict[str, float]]) -> dict[str, float]:
    """Of each step the median of its seconds."""
    return {name: statistics.median(each[name] for each in taken) for name in taken[0]}


def main(landing: str, project: str, database: str) -> None:
    """Print the seconds of each step, the median of three times; rows of the ledger, dollars by provider and month."""
    taken = []
    for _ in range(TIMES):
        Path(database).unlink(missing_ok=True)
        with duckdb.connect(database) as connection:
            taken.append(build(connection, Path(landing), Path(project)))
            ((rows,),) = connection.execute("select count(*) from ledger").fetchall()
            dollars = connection.execute(
                "select provider, cast(month as varchar), cast(sum(cost_usd) as double) from ledger group by all"
            ).fetchall()
    found = {
        "seconds": medians([each.seconds for each in taken]),
        "cpu_seconds": medians([each.cpu_seconds for each in taken]),
        "rows": rows,
        "dollars": dollars,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
