"""Write attempts as gateway traces: one file a day and format (more on very large days), by DuckDB."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from ai_cost_audit.demo.company import ROUTES, digest
from ai_cost_audit.demo.defects import Calendar
from ai_cost_audit.demo.traffic import NOBODY, STAMPED, Ints, Rows, Slice, prompt_version

UNKNOWN_KEY = digest("key/not-registered")
LITELLM_PROVIDERS = {"openai": "openai", "anthropic": "anthropic", "google": "gemini"}

_PEOPLE = f"""
    route.*,
    case when stamp = {STAMPED} then route.team_id end as stamped_team_id,
    case when stamp = {NOBODY} then null else route.api_key_hash end as key_hash,
    case
        when stamp = {NOBODY} and "user" % 5 <> 0 then null  -- service traffic: no person behind it either
        else 'user_' || lpad("user"::varchar, 4, '0')
    end as user_id,
    case when tenant > 0 then 'tenant_' || lpad(tenant::varchar, 3, '0') end as tenant_id,
    case when staging = 1 then 'staging' else 'prod' end as environment,
    'req_' || lpad(lower(hex(rid)), 16, '0') as request_id,
    case when sid <> 0 then 'sess_' || lpad(lower(hex(sid)), 16, '0') end as session_id,
    uncached + "read" + write5 + write1 as input_tokens,
    day_rows.*
"""

_GENERIC = """
    select
        {timestamp} as "timestamp",
        request_id,
        stamped_team_id as team_id,
        user_id,
        tenant_id,
        feature_name,
        environment,
        provider,
        model,
        input_tokens,
        output as output_tokens,
        "read" as cached_tokens,
        1 as request_count,
        latency as latency_ms,
        status as status_code,
        attempt - 1 as retry_count,
        prompt_template_version,
        workflow_name,
        write5 as cache_write_tokens,
        write1 as cache_write_1h_tokens,
        reasoning as reasoning_tokens,
        session_id,
        'trace_' || substr(request_id, 5) as trace_id,
        attempt,
        key_hash as api_key_hash,
        prompt_fingerprint,
        "system" as system_prompt_tokens,
        context as context_tokens,
        'standard' as service_tier,
        is_streaming
    from named
    order by position
"""

_LITELLM = """
    select
        case when final = 1 then request_id else request_id || '-attempt-' || attempt end as id,
        'trace_' || substr(request_id, 5) as trace_id,
        session_id,
        'call_' || substr(request_id, 5)
            || case when final = 1 then '' else '-attempt-' || attempt end as litellm_call_id,
        'acompletion' as call_type,
        is_streaming as stream,
        case when status = 200 then 'success' else 'failure' end as status,
        litellm_provider as custom_llm_provider,
        model,
        model as model_group,
        '' as model_id,
        '' as api_base,
        input_tokens as prompt_tokens,
        output as completion_tokens,
        input_tokens + output as total_tokens,
        ts / 1000.0::double as "startTime",
        (ts + latency) / 1000.0::double as "endTime",
        (ts + latency // 4) / 1000.0::double as "completionStartTime",
        case when is_streaming then latency // 4 else latency end / 1000.0::double as response_time,
        cost / 1e12::double as response_cost,
        null::boolean as cache_hit,
        0.0::double as saved_cache_cost,
        []::varchar[] as request_tags,
        coalesce(tenant_id, '') as end_user,
        {{
            'user_api_key_hash': coalesce(key_hash, '{unknown_key}'),
            'user_api_key_alias': null::varchar,
            'user_api_key_team_id': stamped_team_id,
            'user_api_key_team_alias': null::varchar,
            'user_api_key_org_id': null::varchar,
            'user_api_key_user_id': user_id,
            'user_api_key_user_email': null::varchar,
            'user_api_key_end_user_id': tenant_id,
            'attempted_retries': case when final = 1 then failures end,
            'max_retries': 2,
            'billed_retry_attempt': case when final = 1 then null else true end,
            'parent_request_id': case when final = 1 then null else request_id end,
            'spend_logs_metadata': {{
                'feature_name': feature_name,
                'workflow_name': workflow_name,
                'environment': environment,
                'tenant_id': tenant_id,
                'prompt_template_version': prompt_template_version,
                'prompt_fingerprint': prompt_fingerprint,
                'system_prompt_tokens': "system",
                'context_tokens': context
            }},
            'usage_object': {{
                'prompt_tokens': input_tokens,
                'completion_tokens': output,
                'total_tokens': input_tokens + output,
                'prompt_tokens_details': {{
                    'cached_tokens': "read",
                    'cache_creation_tokens': write5 + write1,
                    'cache_creation_token_details': {{
                        'ephemeral_5m_input_tokens': write5,
                        'ephemeral_1h_input_tokens': write1
                    }}
                }},
                'completion_tokens_details': {{'reasoning_tokens': reasoning}}
            }}
        }} as metadata,
        case when status <> 200 then 'provider error ' || status end as error_str,
        {{
            'error_code': case when status <> 200 then status::varchar else '' end,
            'error_class': case when status <> 200 then 'APIError' else '' end,
            'llm_provider': litellm_provider
        }} as error_information,
        null::varchar as messages,
        null::varchar as response
    from named
    where final = 1 or input_tokens > 0
    order by position
"""


class TraceWriter:
    """Writes each day's attempts to `gateway_traces/generic` and `gateway_traces/litellm`.

    `as_parquet` is for large volumes: every route becomes `generic` Parquet, as LiteLLM logs JSON only.
    """

    def __init__(self, landing: Path, calendar: Calendar, models: dict[str, str], as_parquet: bool) -> None:
        self._folder = landing / "gateway_traces"
        self._calendar = calendar
        self._models = models
        self._as_parquet = as_parquet
        self._late: Rows | None = None
        self._connection = duckdb.connect(config={"threads": 1})

    def __enter__(self) -> TraceWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def write(self, piece: Slice, rows: Rows) -> int:
        """Write a slice, with rows of the one before that are logged again; returns the lines written."""
        is_last = piece.day == self._calendar.days[-1] and piece.part == piece.parts - 1
        logged = _with_repeats(rows, self._late, is_last)
        marked = rows["dup"] == 2
        self._late = {name: values[marked] for name, values in rows.items()}
        logged["position"] = np.arange(len(logged["ts"]))
        written = 0
        for gateway in ("generic",) if self._as_parquet else ("generic", "litellm"):
            written += self._copy(piece, gateway, logged)
        return written

    def _copy(self, piece: Slice, gateway: str, rows: Rows) -> int:
        routes = self._routes(piece.day, gateway)
        keep = np.isin(rows["r"], routes["route_number"].to_numpy())
        day_rows = pd.DataFrame({name: values[keep] for name, values in rows.items()})
        if day_rows.empty:
            return 0
        self._connection.register("route", routes)
        self._connection.register("day_rows", day_rows)
        name = f"{piece.day}" if piece.parts == 1 else f"{piece.day}-{piece.part:03d}"
        path = self._folder / gateway / f"{name}.{'parquet' if self._as_parquet else 'jsonl.gz'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        query = (
            f"with named as (select {_PEOPLE} from day_rows join route on route.route_number = day_rows.r) "
        )
        query += _LITELLM.format(unknown_key=UNKNOWN_KEY) if gateway == "litellm" else self._generic_query()
        options = "format parquet, compression zstd" if self._as_parquet else "format json, compression gzip"
        self._connection.execute(f"copy ({query}) to '{path}' ({options})")
        return len(day_rows)

    def _generic_query(self) -> str:
        as_text = "strftime(epoch_ms(ts), '%Y-%m-%dT%H:%M:%S.%gZ')"
        return _GENERIC.format(timestamp="epoch_ms(ts)" if self._as_parquet else as_text)

    def _routes(self, day: date, gateway: str) -> pd.DataFrame:
        """What is constant for a route on a day."""
        records: list[dict[str, Any]] = []
        for number, route in enumerate(ROUTES):
            if route.gateway != gateway and not self._as_parquet:
                continue
            version = prompt_version(route, day, self._calendar)
            records.append(
                {
                    "route_number": number,
                    "team_id": route.team_id,
                    "feature_name": route.feature,
                    "workflow_name": route.workflow,
                    "provider": route.provider,
                    "litellm_provider": LITELLM_PROVIDERS.get(route.provider, route.provider),
                    "model": self._models[route.route_id],
                    "api_key_hash": route.api_key_hash,
                    "is_streaming": route.is_streaming,
                    "prompt_template_version": version,
                    "prompt_fingerprint": digest(f"prompt/{route.route_id}/{version}")[:16],
                }
            )
        return pd.DataFrame(records)


def _with_repeats(rows: Rows, late: Rows | None, is_last: bool) -> Rows:
    """Insert the rows that are logged twice; on the last day the late repeats come at its end."""
    again = (rows["dup"] == 1) | ((rows["dup"] == 2) & is_last)
    index: Ints = np.sort(np.concatenate([np.arange(len(again)), np.flatnonzero(again)]))
    parts = [{name: values[index] for name, values in rows.items()}]
    if late is not None:
        parts.insert(0, late)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
