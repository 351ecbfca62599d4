"""Bills that are right and odd: next to nothing, in pieces, of a provider that nobody traced. None may stop a build.

Each provider has one oddity in October 2026; the figures are worked out by hand.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from conftest import COMPANY, Build, Dbt, copy_company
from test_bills import OCTOBER, Row, invoiced, used, write_csv, write_lines

pytestmark = pytest.mark.slow

DAY = "2026-10-31"
MODEL = "gpt-4.1-mini"  # USD 0.40 and 1.60 a million tokens: USD 120 a day of test_bills.used
SELECTION = (
    "build", "--select", "+fct_gates", "+fct_commitments_monthly", "+fct_reconciliation_daily", "+fct_three_way_match",
    "+fct_chargeback_monthly", "+focus_cost_and_usage", "assert_residuals_close_the_books",
    "assert_chargeback_adds_up_to_the_invoice", "assert_focus_charges_meet_the_invoice",
    "assert_three_way_match_holds_every_token_and_dollar", "assert_own_thresholds_name_a_provider",
    "--indirect-selection", "empty", "--exclude-resource-type", "unit_test",
)  # fmt: skip
COMMITMENTS = """
ptu,azure,provisioned_throughput,ptu-chat,,gpt-4.1-mini,ptu,2,1000,,,,2026-09-01,,order 7
pt,google,provisioned_throughput,gemini-2.5-pro,,,pt,1,5556,,,,2026-10-31,,order 8
""".lstrip()
THRESHOLDS = """
reconciliation_gap,azur,0.5,0.9,a slip of the pen
reconciliation_gap,azure,0.5,0.9,
unknown_share,,0.5,0.9,
coverage_floor,all,0.5,0.4,
""".lstrip()


def line(provider: str, amount: str, line_type: str = "usage", **columns: Any) -> Row:
    return invoiced(provider, OCTOBER, DAY, line_type, amount, **{"currency": "USD", **columns})


@pytest.fixture(scope="module")
def books(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder = tmp_path_factory.mktemp("odd")
    write_lines(
        folder / "landing" / "gateway_traces" / "generic" / "traces.jsonl",
        [
            used("openai", MODEL, DAY),
            used("mistral", "codestral-2508", DAY),
            used("deepseek", "deepseek-chat", DAY),
            used("google", "gemini-2.5-pro", "2026-10-30", output=False),
            used("google", "gemini-2.5-pro", DAY, output=False),
            {**used("azure", "ptu-chat", DAY), "input_tokens": 10, "output_tokens": 0},
        ],
    )
    write_csv(
        folder / "landing" / "provider_costs" / "generic_invoice" / "october.csv",
        [
            # What clouds bill of a request or two.
            line("mistral", "0.00000000001", model="codestral-2508", meter="input", quantity=1, unit="token"),
            # A month as one piece, of a model that is traced and of one that is not.
            line("openai", "5000", model=MODEL, meter="input", quantity=1),
            line("nova", "5000", model="nova-1", meter="input", quantity=1),
            # Capacity that served one request.
            line("azure", "100000", "commitment", key_or_project_id="ptu"),
            # 100 million tokens a day at USD 1.25; capacity from the 31st on, and 20 million beyond it.
            *(
                line(
                    "google",
                    usd,
                    model="gemini-2.5-pro",
                    meter="input",
                    quantity=quantity,
                    unit="token",
                    charge_start_at=f"{day}T00:00:00Z",
                    charge_end_at=f"{day}T23:59:59Z",
                )
                for day, quantity, usd in [("2026-10-30", 100_000_000, "125"), (DAY, 20_000_000, "25")]
            ),
            line("google", "90", "commitment", key_or_project_id="pt"),
            # Its prices are not those of the sheet (USD 3 a million), which a bill past the gateway cannot tell.
            line("xai", "77", model="grok-4", meter="input", quantity=100_000_000, unit="token"),
            # Nobody has a rate for the pound.
            line(
                "deepseek",
                "50",
                model="deepseek-chat",
                meter="input",
                quantity=9,
                unit="token",
                currency="GBP",
            ),
            line("deepseek", "10", "tax", currency="GBP"),
        ],
    )
    commitments = (COMPANY / "commitments.csv").read_text() + COMMITMENTS
    thresholds = (COMPANY / "gate_thresholds.csv").read_text() + THRESHOLDS
    return dbt.run(
        folder,
        *SELECTION,
        company=copy_company(folder / "company", commitments=commitments, gate_thresholds=thresholds),
    ).ok()


def residuals(books: Build, provider: str) -> list[tuple[str, Decimal]]:
    return books.rows(f"""
        select residual_class, residual_usd from marts.fct_reconciliation_residuals_monthly
        where provider = '{provider}' and residual_usd != 0 order by 1
    """)


def gate(books: Build, gate_id: str, provider: str) -> list[tuple[str]]:
    return books.rows(
        f"select status from marts.fct_gates where gate_id = '{gate_id}' and provider = '{provider}'"
    )


def test_a_bill_of_next_to_nothing_is_off_by_all_and_has_no_ratio(books: Build) -> None:
    assert gate(books, "reconciliation_gap", "mistral") == [("fail",)]
    shares = books.rows("select gap_share from marts.fct_reconciliation_daily where provider = 'mistral'")
    assert shares == [(None,)]


def test_a_piece_is_no_token(books: Build) -> None:
    assert books.rows("""
        select provider, tokens from reconciliation.int_reconciliation__usage_lines
        where provider in ('openai', 'nova') order by 1
    """) == [("nova", None), ("openai", None)]
    assert residuals(books, "nova") == [("not_captured", Decimal(5000))]
    assert residuals(books, "openai") == [("unknown", Decimal(4880))]


def test_capacity_for_one_request_has_no_price_per_token(books: Build) -> None:
    found = books.rows("""
        select commitment_cost_usd, served_tokens, effective_usd_per_1k_tokens, verdict
        from marts.fct_commitments_monthly where provider = 'azure'
    """)
    assert found == [(Decimal(100_000), 10, None, "never_pays_off")]


def test_what_is_billed_beyond_a_commitment_is_of_the_commitment(books: Build) -> None:
    # The fee of 90 and 25 by the token, for what the ledger has at 125.
    assert residuals(books, "google") == [("minimum_or_commitment", Decimal(-10))]


def test_the_whole_bill_of_a_provider_without_a_trace_was_not_captured(books: Build) -> None:
    assert residuals(books, "xai") == [("not_captured", Decimal(77))]
    ((evidence,),) = books.rows("""
        select evidence from marts.fct_reconciliation_residuals_monthly
        where provider = 'xai' and residual_class = 'not_captured'
    """)
    assert "no trace of the month names the model" in evidence


def test_a_bill_without_a_rate_has_no_dollars_and_fails_a_gate(books: Build) -> None:
    found = books.rows(
        "select billed_usd, invoice_usd from marts.fct_coverage_monthly where provider = 'deepseek'"
    )
    assert found == [(None, None)]
    assert gate(books, "unconverted_currency", "deepseek") == [("fail",)]


def test_a_threshold_for_nobody_is_named_and_those_that_judge_are_not(books: Build) -> None:
    assert "WARN 1 assert_own_thresholds_name_a_provider" in books.output
