"""The same ledger and marts by chdb (embedded ClickHouse), run as a program by an interpreter that has it.

    PYTHON chdb_marts.py WORK.json

It imports nothing of this package, so that the interpreter needs nothing else. WORK.json is what `work` returns; the
program prints its seconds, the rows of its ledger and its dollars by provider and month as JSON.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

TIMES = 3  # it is measured; the median counts

# What the columns of DuckDB are called here; an absent or empty value is null, as it is there.
_GENERIC_COLUMNS = """
    timestamp DateTime64(3, 'UTC'), request_id String, team_id Nullable(String), user_id Nullable(String),
    tenant_id Nullable(String), feature_name Nullable(String), environment Nullable(String), provider String,
    model String, input_tokens Int64, output_tokens Int64, cached_tokens Int64, latency_ms Float64, status_code Int32,
    prompt_template_version Nullable(String), workflow_name Nullable(String), cache_write_tokens Int64,
    cache_write_1h_tokens Int64, reasoning_tokens Int64, session_id Nullable(String), trace_id Nullable(String),
    attempt Int32, api_key_hash Nullable(String), prompt_fingerprint Nullable(String),
    system_prompt_tokens Nullable(Int64),
    context_tokens Nullable(Int64), service_tier String, is_streaming Nullable(Bool)
"""

_LITELLM_COLUMNS = """
    id String, trace_id Nullable(String), session_id Nullable(String), stream Nullable(Bool), status Nullable(String),
    custom_llm_provider String, model String, prompt_tokens Int64, completion_tokens Int64, startTime Float64,
    endTime Float64, end_user Nullable(String), error_information Tuple(error_code Nullable(String)),
    metadata Tuple(
        user_api_key_hash Nullable(String), user_api_key_team_id Nullable(String),
        user_api_key_user_id Nullable(String), user_api_key_end_user_id Nullable(String),
        attempted_retries Nullable(Int32), billed_retry_attempt Nullable(Bool), parent_request_id Nullable(String),
        spend_logs_metadata Tuple(
            feature_name Nullable(String), workflow_name Nullable(String), environment Nullable(String),
            prompt_template_version Nullable(String), prompt_fingerprint Nullable(String)
        ),
        usage_object Tuple(
            service_tier String,
            prompt_tokens_details Tuple(
                cached_tokens Int64,
                cache_creation_token_details Tuple(ephemeral_5m_input_tokens Int64, ephemeral_1h_input_tokens Int64)
            ),
            completion_tokens_details Tuple(reasoning_tokens Int64)
        )
    )
"""

_GENERIC = """
    select
        'generic' as gateway, request_id, attempt, timestamp as requested_at, provider, model, service_tier,
        team_id as said_team_id, user_id, tenant_id, feature_name as said_feature_name, workflow_name, environment,
        session_id, trace_id, api_key_hash, prompt_template_version, prompt_fingerprint, status_code,
        is_streaming, latency_ms,
        input_tokens - cached_tokens - cache_write_tokens - cache_write_1h_tokens as input_tokens,
        cached_tokens as cache_read_tokens, cache_write_tokens as cache_write_5m_tokens,
        cache_write_1h_tokens, output_tokens, reasoning_tokens,
        toInt64(attempt = 1) as request_count, _path as filename
    from {read}
"""

_LITELLM = """
    with
        metadata.usage_object.prompt_tokens_details as details,
        details.cache_creation_token_details as writes,
        metadata.spend_logs_metadata as caller
    select
        'litellm' as gateway, coalesce(metadata.parent_request_id, id) as request_id,
        coalesce(metadata.attempted_retries + 1, toInt32OrZero(extract(id, '-attempt-([0-9]+)$'))) as attempt,
        fromUnixTimestamp64Milli(toInt64(round(startTime * 1000)), 'UTC') as requested_at,
        if(custom_llm_provider = 'gemini', 'google', custom_llm_provider) as provider,
        model, metadata.usage_object.service_tier as service_tier, metadata.user_api_key_team_id as said_team_id,
        metadata.user_api_key_user_id as user_id, nullIf(end_user, '') as tenant_id,
        caller.feature_name as said_feature_name,
        caller.workflow_name as workflow_name, caller.environment as environment, session_id, trace_id,
        metadata.user_api_key_hash as api_key_hash, caller.prompt_template_version as prompt_template_version,
        caller.prompt_fingerprint as prompt_fingerprint,
        coalesce(toInt32OrNull(error_information.error_code), 200) as status_code, stream as is_streaming,
        (endTime - startTime) * 1000 as latency_ms,
        prompt_tokens - details.cached_tokens - writes.ephemeral_5m_input_tokens - writes.ephemeral_1h_input_tokens
            as input_tokens,
        details.cached_tokens as cache_read_tokens, writes.ephemeral_5m_input_tokens as cache_write_5m_tokens,
        writes.ephemeral_1h_input_tokens as cache_write_1h_tokens, completion_tokens as output_tokens,
        metadata.usage_object.completion_tokens_details.reasoning_tokens as reasoning_tokens,
        toInt64(not coalesce(metadata.billed_retry_attempt, false)) as request_count, _path as filename
    from {read}
"""

# A line captured twice counts once.
_LEDGER = """
    create table ledger engine = MergeTree order by (request_date, provider, model)
    as
    select
        * except (input_rate, cache_read_rate, cache_write_5m_rate, cache_write_1h_rate, output_rate, is_free,
            said_team_id, said_feature_name, owner_team_id, owner_feature_name, price_date),
        coalesce(said_team_id, owner_team_id, 'unattributed') as team_id,
        coalesce(said_feature_name, owner_feature_name) as feature_name,
        multiIf(isNotNull(said_team_id), 'stamped', isNotNull(owner_team_id), 'key_owner', 'unattributed')
            as attribution_method,
        price_date as request_date,
        toStartOfMonth(price_date) as month,
        concat(feature_name, '/', workflow_name) as route_id,
        if(is_free, toDecimal64(0, 12), input_tokens * input_rate) as input_usd,
        if(is_free, toDecimal64(0, 12), cache_read_tokens * cache_read_rate) as cache_read_usd,
        if(is_free, toDecimal64(0, 12), cache_write_5m_tokens * cache_write_5m_rate) as cache_write_5m_usd,
        if(is_free, toDecimal64(0, 12), cache_write_1h_tokens * cache_write_1h_rate) as cache_write_1h_usd,
        if(is_free, toDecimal64(0, 12), output_tokens * output_rate) as output_usd,
        input_usd + cache_read_usd + cache_write_5m_usd + cache_write_1h_usd + output_usd as cost_usd,
        toInt64(isNull(cost_usd)) as is_unpriced
    from (
        select
            records.*,
            records.input_tokens + records.cache_read_tokens + records.cache_write_5m_tokens
                + records.cache_write_1h_tokens + records.output_tokens as tokens,
            records.provider = 'self_hosted' or tokens = 0 as is_free,
            owner_team_id, owner_feature_name,
            input_rate, cache_read_rate, cache_write_5m_rate, cache_write_1h_rate, output_rate
        from (
            select *, toDate(requested_at) as price_date from ({records})
            limit 1 by gateway, request_id, attempt, requested_at
        ) as records
        left join (
            select
                provider as owner_provider, key_hash_or_id, team_id as owner_team_id, feature_name as owner_feature_name
            from file('{owners}', CSVWithNames,
                'provider String, key_hash_or_id String, team_id Nullable(String), feature_name Nullable(String)')
        ) as owners
            on records.api_key_hash = owners.key_hash_or_id and records.provider = owners.owner_provider
        asof left join (
            select
                provider as sheet_provider, model as sheet_model, service_tier as sheet_tier, starts_on, input_rate,
                cache_read_rate, cache_write_5m_rate, cache_write_1h_rate, output_rate
            from file('{sheet}', Parquet,
                'provider String, model String, service_tier String, starts_on Date,
                input_rate Nullable(Decimal(18, 12)), cache_read_rate Nullable(Decimal(18, 12)),
                cache_write_5m_rate Nullable(Decimal(18, 12)), cache_write_1h_rate Nullable(Decimal(18, 12)),
                output_rate Nullable(Decimal(18, 12))')
        ) as sheet
            on
                records.provider = sheet.sheet_provider and records.model = sheet.sheet_model
                and records.service_tier = sheet.sheet_tier and records.price_date >= sheet.starts_on
    )
"""


def work(
    files: dict[str, str], sheet: Path, owners: Path, folder: Path, marts: dict[str, str]
) -> dict[str, Any]:
    """What the program is told: file patterns by format, the wide price sheet, the owners of keys, SQL of the marts."""
    return {
        "files": files,
        "sheet": str(sheet),
        "owners": str(owners),
        "folder": str(folder),
        "marts": marts,
    }


def ledger_statement(told: dict[str, Any]) -> str:
    """The one statement."""
    selects = {"generic": (_GENERIC, _GENERIC_COLUMNS), "litellm": (_LITELLM, _LITELLM_COLUMNS)}
    parts = []
    for name, pattern in told["files"].items():
        select, columns = selects[name]
        kind = "Parquet" if pattern.endswith(".parquet") else "JSONEachRow"
        structure = " ".join(columns.split()).replace("'", "\\'")
        parts.append(select.format(read=f"file('{pattern}', {kind}, '{structure}')"))
    return _LEDGER.format(records="\nunion all\n".join(parts), owners=told["owners"], sheet=told["sheet"])


def main(path: str) -> None:
    """Print seconds, rows and dollars."""
    from chdb import session as chdb_session  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

    told = json.loads(Path(path).read_text(encoding="utf-8"))
    session = chdb_session.Session(told["folder"])
    for setting in (
        "input_format_skip_unknown_fields = 1",
        "input_format_null_as_default = 1",
        "date_time_input_format = 'best_effort'",
        "join_use_nulls = 1",
        "prefer_column_name_to_alias = 1",
    ):
        session.query(f"set {setting}")
    session.query("create database if not exists bench")
    session.query("use bench")
    taken: dict[str, list[float]] = {"ledger": [], "marts": []}
    used: dict[str, list[float]] = {"ledger": [], "marts": []}
    steps = {
        "ledger": [ledger_statement(told)],
        "marts": [
            f"create table {name} engine = MergeTree order by tuple() as {query}"
            for name, query in told["marts"].items()
        ],
    }
    for _ in range(TIMES):
        for name in ("ledger", *told["marts"]):
            session.query(f"drop table if exists {name} sync")
        for step, statements in steps.items():
            started, processors = time.monotonic(), time.process_time()
            for statement in statements:
                session.query(statement)
            taken[step].append(time.monotonic() - started)
            used[step].append(time.process_time() - processors)
    dollars = session.query("select provider, month, sum(cost_usd) from ledger group by all", "JSONCompact")
    rows = session.query("select count() from ledger", "CSV")
    found = {
        "seconds": {step: statistics.median(each) for step, each in taken.items()},
        "cpu_seconds": {step: statistics.median(each) for step, each in used.items()},
        "rows": int(str(rows)),
        "dollars": json.loads(str(dollars))["data"],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
