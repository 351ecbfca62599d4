"""Real clients through the whole build: LiteLLM's own cost, the price library, instrumented SDKs, a real usage log.

The clients are installed apart (`make clients`) and never skipped. The public sets lie beside the repository: without
them the usage records and the usage log are left out, and only these are skipped.
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from ai_cost_audit import parity, parity_report
from ai_cost_audit.parity import Parity
from ai_cost_audit.settings import PROJECT

PUBLIC_SETS = Path(os.environ.get("REAL_DATA") or PROJECT.parent / "shared" / "data")
needs_public_sets = pytest.mark.skipif(
    not PUBLIC_SETS.is_dir(),
    reason=f"the public data sets are not in {PUBLIC_SETS.name}/ beside the repository",
)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parity")


@pytest.fixture(scope="module")
def found(folder: Path) -> Parity:
    return parity.measure(folder, PUBLIC_SETS if PUBLIC_SETS.is_dir() else None)


def test_every_difference_is_listed_with_its_reason(found: Parity) -> None:
    assert found.unlisted() == []


def test_no_listed_difference_is_gone(found: Parity) -> None:
    assert found.gone() == []


def test_more_than_forty_models_over_five_providers_were_driven(found: Parity) -> None:
    costs = [one for one in found.compared if one.comparison == "litellm"]
    assert len({one.model for one in costs}) >= 100
    assert {one.group for one in costs} == {"openai", "anthropic", "bedrock", "vertex_ai", "gemini", "azure"}
    cases = {one.case for one in costs}
    assert {"cached", "cache writes 5m and 1h", "reasoning", "batch", "audio", "flex", "priority"} <= cases
    assert {"stream", "stream without usage", "failed", "retried", "web search", "long context"} <= cases
    assert sum(one.is_equal for one in costs) >= len(costs) - len(found.known)


def test_tokens_of_litellm_are_those_of_the_providers_answer(found: Parity) -> None:
    tokens = [one for one in found.compared if (one.comparison, one.group) == ("tokens", "LiteLLM")]
    assert len(tokens) >= 150
    assert [one for one in tokens if not one.is_equal] == []


def test_nothing_that_was_said_is_kept(found: Parity, folder: Path) -> None:
    with duckdb.connect(str(folder / "warehouse" / "build.duckdb"), read_only=True) as sql:
        for model in ("litellm", "otel_genai"):
            table = f"staging.stg_gateway_traces_{model}__requests"
            said = sql.execute(
                f"select count(*) from {table} as row where row::text like '%not read%'"
            ).fetchone()
            rejected = f"select count(*) from {table} where _reject_reason is not null"
            assert said == sql.execute(rejected).fetchone() == (0,)


@needs_public_sets
def test_all_usage_records_read_as_the_library_reads_them(found: Parity) -> None:
    records = [one for one in found.compared if one.comparison == "usage records"]
    assert len(records) == 789
    assert [one for one in records if not one.is_equal] == []


@needs_public_sets
def test_each_call_of_the_usage_log_has_a_class(found: Parity) -> None:
    calls = {one.name: one.calls for one in found.aider}
    assert sum(calls.values()) == 4_446
    assert "unexplained" not in calls
    equal = sum(number for name, number in calls.items() if name.startswith("equal"))
    assert equal >= 3_900
    assert calls["equal, price cut since"] > 300  # priced as of their own day


@needs_public_sets
def test_the_page_is_what_the_command_writes(found: Parity) -> None:
    assert parity_report.PAGE.read_text(encoding="utf-8") == parity_report.markdown(found), (
        "docs/parity.md is not what `ai-cost parity DIR --write` writes now"
    )
