"""Charges in FOCUS have the ledger's dollars wherever something decides about a rate.

The size of a request of which only the excess costs more, the place, the contract, a commitment, a price per request,
tools, several requests in a row.

The rules of long contexts and of places are reference seeds, which have no such model: the test adds rows to them.
"""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from conftest import COMPANY, NO_TESTS, Build, Dbt, copy_company

CHECKS = ("assert_focus_usage_is_the_ledger", "assert_every_priced_attempt_resolves_to_one_price_row")
PRICES = """
acme,m,input,standard,0,0.000001,token,2026-01-01,,price list,2026-01-01
acme,m,input,standard,200000,0.000003,token,2026-01-01,,price list,2026-01-01
acme,m,input_audio,standard,0,0.000007,token,2026-01-01,,price list,2026-01-01
acme,m,cache_read,standard,0,0.0000003,token,2026-01-01,,price list,2026-01-01
acme,m,output,standard,0,0.000004,token,2026-01-01,,price list,2026-01-01
acme,m,output,standard,200000,0.000011,token,2026-01-01,,price list,2026-01-01
acme,m,request,standard,0,0.02,request,2026-01-01,,price list,2026-01-01
acme,m,web_search,standard,0,0.01,search,2026-01-01,,price list,2026-01-01
""".strip()
CONTRACT = "acme,m,,0.87,2026-09-16,,from the middle of the month"
COMMITMENT = "held,acme,provisioned_throughput,m-deployed,,m,,2,1000,,,,2026-09-01,2026-10-01,order 1"

# What each request has beside its time and its ids; half of them are before the contract.
REQUESTS: list[dict[str, Any]] = [
    {"model": "m", "input_tokens": 1_600_000, "request_count": 4, "output_tokens": 7},
    {"model": "m-deployed", "input_tokens": 1_600_000, "request_count": 4, "output_tokens": 7},
    {"model": "m-deployed", "input_tokens": 333_333, "output_tokens": 1_001, "cached_tokens": 77_777},
    {
        "model": "m",
        "input_tokens": 333_334,
        "output_tokens": 1_003,
        "inference_geo": "us",
        "input_audio_tokens": 31,
    },
    {"model": "m", "input_tokens": 1_000, "output_tokens": 10, "web_search_count": 3, "inference_geo": "us"},
    {"model": "m", "input_tokens": 1_000, "output_tokens": 10, "tool_cost_usd": "0.07", "request_count": 3},
    {"model": "unheard-of", "input_tokens": 1_000, "output_tokens": 10},
]


@pytest.fixture(scope="module")
def charged(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder = tmp_path_factory.mktemp("rates")
    seeds = {"own_model_prices": PRICES, "contract_rates": CONTRACT, "commitments": COMMITMENT}
    for name, lines in seeds.items():
        header = next(csv.reader((COMPANY / f"{name}.csv").read_text().splitlines()))
        seeds[name] = ",".join(header) + f"\n{lines}\n"
    company = copy_company(folder / "company", **seeds)
    traces = folder / "landing" / "gateway_traces" / "generic" / "september.jsonl"
    traces.parent.mkdir(parents=True)
    with traces.open("w") as file:
        for day in (10, 20):
            for number, request in enumerate(REQUESTS):
                ids = {"request_id": f"{day}-{number}", "provider": "acme", "team_id": "search"}
                file.write(json.dumps({"timestamp": f"2026-09-{day}T12:00:00Z", **ids, **request}) + "\n")
    dbt.run(folder, "seed", company=company).ok()
    with duckdb.connect(str(folder / "warehouse" / "build.duckdb")) as connection:
        connection.execute(
            "insert into seeds.long_context_rules values ('acme', 'm', 'excess_only', 'above', '-', null)"
        )
        connection.execute(
            "insert into seeds.regional_multipliers values ('acme', 'm', 'us', 1.1, date '2020-01-01', null, '-', null)"
        )
    build = ("build", "--select", "+focus_cost_and_usage", "--exclude-resource-type", "seed")
    return dbt.run(folder, *build, *NO_TESTS, company=company).ok()


def test_the_charges_add_up_to_the_ledger_to_the_last_digit(dbt: Dbt, charged: Build) -> None:
    company = charged.folder / "company"
    dbt.run(charged.folder, "test", "--select", *CHECKS, company=company).ok()
    assert charged.rows("select pricing_status, count(*) from marts.fct_attempts group by 1 order by 1") == [
        ("priced", 12),
        ("unpriced", 2),
    ]


def test_requests_in_one_row_pay_the_rates_of_one_also_under_a_commitment(charged: Build) -> None:
    # Four requests of 400,000 tokens: half of each at 1, half at 3 dollars a million.
    found = charged.rows(
        "select ConsumedQuantity, ListCost, BilledCost from marts.focus_cost_and_usage"
        " where x_Meter = 'input' and ConsumedQuantity = 3200000 order by ChargePeriodStart"
    )
    assert found == [
        (Decimal(3_200_000), Decimal("6.4"), Decimal("6.4")),
        (Decimal(3_200_000), Decimal("6.4"), Decimal("5.568")),
    ]
