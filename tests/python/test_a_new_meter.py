"""A new meter is a seed row and the reader that sees it: every figure follows, from the ledger to FOCUS.

The contract of fct_attempts gains the column's name, because a contract lists what readers may rely on. Anything else
that had to change would be a list of meters kept by hand.
"""

from __future__ import annotations

import difflib
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import COMPANY, NO_TESTS, ROOT, copy_company, rows
from test_adding_a_format import changed, copy_of_project

METERS = "seeds/reference/meters.csv"
READER = "models/staging/gateway_traces/generic/stg_gateway_traces_generic__requests.sql"
CONTRACT = "models/ledger/calls/_calls__models.yml"

# Each file's one new line, and the line that it is put before.
NEW_LINES = {
    METERS: (
        "cache_write_2h,token,cache_write_2h_tokens,,cache_write_5m input,cache_write,2 hours,cache_write,"
        "cache write tokens (2 hours)\n",
        "output,token,",
    ),
    READER: (
        "    'cache_write_2h_tokens': 'cache_write_2h_tokens',\n",
        "    'cache_write_1h_tokens': 'cache_write_1h_tokens',\n",
    ),
    CONTRACT: (
        "      - {name: cache_write_2h_tokens, data_type: bigint, description: Prompt tokens written for two hours.}\n",
        "      - name: cache_write_12h_tokens\n        data_type: bigint\n",
    ),
}

# The one model has a price of the new meter, the other is charged the price that the meter is a kind of.
PRICES = "".join(
    f"acme,{model},{meter},standard,0,{usd},token,2026-01-01,,price list,2026-01-01\n"
    for model, meter, usd in [
        ("large", "input", "0.000003"),
        ("large", "cache_write_5m", "0.00000375"),
        ("large", "cache_write_2h", "0.000005"),
        ("large", "output", "0.000015"),
        ("small", "input", "0.000001"),
        ("small", "cache_write_5m", "0.00000125"),
        ("small", "output", "0.000004"),
    ]
)
# Of 1,000 input tokens 600 are written for two hours and 100 for one; 200 come out.
REQUESTS = [
    {
        "timestamp": "2026-09-10T12:00:00Z",
        "request_id": f"r-{model}",
        "team_id": "search",
        "provider": "acme",
        "model": model,
        "input_tokens": 1000,
        "cache_write_1h_tokens": 100,
        "cache_write_2h_tokens": 600,
        "output_tokens": 200,
    }
    for model in ("large", "small")
]
# 600 tokens at the price of two hours, or of five minutes where there is none; 100 at that of five minutes.
WRITTEN = {"large": Decimal("0.003375"), "small": Decimal("0.000875")}
COSTS = {"large": Decimal("0.007275"), "small": Decimal("0.001975")}  # and 300 input and 200 output tokens


@pytest.mark.slow
def test_a_new_meter_is_a_seed_row_and_the_reader_that_sees_it_and_nothing_else(tmp_path: Path) -> None:
    project = copy_of_project(tmp_path / "project")
    for name, (line, before) in NEW_LINES.items():
        text = (project / name).read_text()
        assert text.count(before) >= 1, name
        at = text.rindex(before)  # fct_attempts is the last that types its columns
        (project / name).write_text(text[:at] + line + text[at:])
    assert changed(project) == set(NEW_LINES)
    for name in NEW_LINES:
        old, new = ((root / name).read_text().splitlines() for root in (ROOT, project))
        touched = [line for line in difflib.ndiff(old, new) if line[0] in "+-"]
        assert [line[0] for line in touched] == ["+"], touched

    header = (COMPANY / "own_model_prices.csv").read_text().splitlines()[0]
    copy_company(project / "seeds" / "linked" / "acme", own_model_prices=f"{header}\n{PRICES}")
    traces = tmp_path / "landing" / "gateway_traces" / "generic" / "september.jsonl"
    traces.parent.mkdir(parents=True)
    traces.write_text("".join(json.dumps(request) + "\n" for request in REQUESTS))
    done = subprocess.run(
        [str(Path(sys.executable).parent / "dbt"), "--no-use-colors", "build", *NO_TESTS],
        cwd=project,
        env={
            **os.environ,
            "PYTHONPATH": str(project),
            "DBT_PROJECT_DIR": str(project),
            "DBT_PROFILES_DIR": str(project),
            "DBT_TARGET_PATH": str(tmp_path / "target"),
            "DBT_LOG_PATH": str(tmp_path / "logs"),
            "AI_COST_LANDING": str(tmp_path / "landing"),
            "AI_COST_WAREHOUSE": str(tmp_path / "warehouse"),
            "AI_COST_COMPANY": "seeds/linked/acme",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]

    built = tmp_path / "warehouse" / "build.duckdb"
    ledger = rows(
        built,
        "select model, uncached_input_tokens, cache_write_2h_tokens, cache_write_cost_usd, attempt_cost_usd,"
        " pricing_status from marts.fct_attempts order by 1",
    )
    assert ledger == [(model, 300, 600, WRITTEN[model], COSTS[model], "priced") for model in COSTS]
    requests = rows(
        built,
        "select model, cache_write_tokens, cache_write_cost_usd, request_cost_usd from marts.fct_requests order by 1",
    )
    assert requests == [(model, 700, WRITTEN[model], COSTS[model]) for model in COSTS]

    charges = rows(
        built,
        "select ChargeDescription, x_CacheWriteTokens, BilledCost from marts.focus_cost_and_usage"
        " where SkuMeter = 'cache_write_2h' order by 1",
    )
    assert charges == [
        ("large cache write tokens (2 hours)", 600, Decimal("0.003")),
        ("small cache write tokens (2 hours)", 600, Decimal("0.00075")),
    ]
    assert rows(built, "select sum(BilledCost) from marts.focus_cost_and_usage") == [(sum(COSTS.values()),)]

    matched = rows(
        built,
        "select model, ledger_tokens, ledger_cost_usd from marts.fct_three_way_match"
        " where meter = 'cache_write_2h' order by 1",
    )
    assert matched == [("large", 600, Decimal("0.003")), ("small", 600, Decimal("0.00075"))]
