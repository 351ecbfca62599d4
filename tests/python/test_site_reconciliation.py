"""The pages of the reconciliation show the residuals, coverage, gates and matches that the marts state."""

from __future__ import annotations

from decimal import Decimal

import pytest
from site_browser import PHONE, Opener, Page, Query, usd

pytestmark = pytest.mark.slow

NAMES = {
    "anthropic": "Anthropic",
    "bedrock": "Amazon Bedrock",
    "google": "Google",
    "gpu_cloud": "GPU cloud",
    "openai": "OpenAI",
}
CENT = Decimal("0.005")


def words(code: str) -> str:
    return code.replace("_", " ").capitalize()


def audit_month(published: Query) -> str:
    return str(published("select strftime(audit_month, '%Y-%m') from marts.audit_run")[0][0])


def shows_the_bridge(page: Page, published: Query, month_id: str, provider: str) -> None:
    """Ledger, each residual class of a cent or more with the largest first, invoice; and the figures above it."""
    ((ledger, invoice),) = published(f"""
        select ledger_usd, invoice_usd from marts.fct_coverage_monthly
        where strftime(month, '%Y-%m') = '{month_id}' and provider = '{provider}'
    """)
    steps = published(f"""
        select residual_class, sum(residual_usd) from marts.fct_reconciliation_residuals_monthly
        where strftime(month, '%Y-%m') = '{month_id}' and '{provider}' in ('all', provider)
        group by 1 order by abs(sum(residual_usd)) desc, 1
    """)
    difference = sum((amount for _, amount in steps), Decimal(0))
    assert ledger + difference == invoice
    shown = [(words(name), usd(amount)) for name, amount in steps if abs(amount) >= CENT]
    page.shows_table(("Step", "Amount"), [("Ledger", usd(ledger)), *shown, ("Invoice", usd(invoice))])
    page.shows_value("Invoiced", usd(invoice))
    page.shows_value("In the ledger", usd(ledger))
    page.shows_value("Difference", usd(difference))


def test_the_invoice_is_explained(open_page: Opener, published: Query) -> None:
    page = open_page("/reconciliation/")
    month_id = audit_month(published)
    shows_the_bridge(page, published, month_id, "all")
    residuals = published(f"""
        select provider, residual_class, residual_usd, evidence from marts.fct_reconciliation_residuals_monthly
        where strftime(month, '%Y-%m') = '{month_id}' and abs(residual_usd) >= 0.005
        order by abs(residual_usd) desc, provider
    """)
    page.shows_table(
        ("Reason", "Provider", "Difference", "Evidence"),
        [
            (words(reason), NAMES[who], usd(amount), evidence)
            for who, reason, amount, evidence in residuals[:10]
        ],
    )
    providers = published(f"""
        select provider, invoice_usd, ledger_usd, unattributed_usd, coverage_share, verdict
        from marts.fct_coverage_monthly
        where strftime(month, '%Y-%m') = '{month_id}' and provider <> 'all' order by invoice_usd desc
    """)
    page.shows_table(
        ("Provider", "Invoiced", "In the ledger", "No owner", "Has an owner", "Verdict"),
        [
            (NAMES[who], usd(invoice), usd(ledger), usd(unowned), f"{share * 100:.1f}%", words(verdict))
            for who, invoice, ledger, unowned, share, verdict in providers
        ],
    )


def test_coverage_by_method(open_page: Opener, published: Query) -> None:
    page = open_page("/reconciliation/")
    ((stamped, key, rule, after, nobody, share, traced),) = published(f"""
        select stamped_usd, key_owner_usd, rule_usd, after_the_fact_usd, unattributed_usd, coverage_share,
            traced_coverage_share
        from marts.fct_coverage_monthly
        where strftime(month, '%Y-%m') = '{audit_month(published)}' and provider = 'all'
    """)
    page.shows_table(
        ("Owner found through", "Billed"),
        [
            ("Stamped on the request", usd(stamped)),
            ("Owner of the key", usd(key)),
            ("Owned by rule", usd(rule)),
            ("Keys and tags of the bill", usd(after)),
            ("Nobody", usd(nobody)),
        ],
    )
    page.shows_value("Has an owning team", f"{share * 100:.1f}%")
    page.shows_text(f"{traced * 100:.1f}%")


def test_days_and_gates(open_page: Opener, published: Query) -> None:
    page = open_page("/reconciliation/")
    days = published(f"""
        select strftime(date, '%Y-%m-%d'), model, gap_usd, billed_usd, ledger_cost_usd, provider, status
        from marts.fct_reconciliation_daily
        where strftime(date, '%Y-%m') = '{audit_month(published)}' and status <> 'matched'
        order by abs(gap_usd) desc nulls last, date, provider, model limit 10
    """)
    page.shows_table(
        ("Day", "Model", "Gap", "Billed", "In the ledger", "Provider", "Status"),
        [
            (day, model, usd(gap), usd(billed), usd(ledger), NAMES[who], words(status))
            for day, model, gap, billed, ledger, who, status in days
        ],
    )
    gates = published("""
        select status, gate_id, provider, amount_usd, look_first from marts.fct_gates where status <> 'pass'
    """)
    assert gates
    for status, gate, provider, amount, look_first in gates:
        dollars = "" if amount is None else f", {usd(amount)}"
        name = NAMES.get(provider, "All")
        page.shows_text(f"{words(status)}: {words(gate)}, {name}{dollars}. Look first: {look_first}")


def test_a_provider_can_be_chosen_and_linked_to(open_page: Opener, published: Query) -> None:
    first = published("select strftime(min(month), '%Y-%m') from marts.fct_coverage_monthly")[0][0]
    page = open_page(f"/reconciliation/?month={first}", PHONE)
    shows_the_bridge(page, published, first, "all")
    page.choose("Provider", "Google")
    shows_the_bridge(page, published, first, "google")
    assert "provider=google" in page.page.url
    shows_the_bridge(
        open_page("/reconciliation/?provider=google"), published, audit_month(published), "google"
    )


def tokens(count: Decimal | None) -> str:
    """A count as the page prints it."""
    return "-" if count is None else f"{count:,.0f}"


def test_a_provider_is_a_click_away(open_page: Opener, published: Query) -> None:
    month_id = audit_month(published)
    ((provider,),) = published(f"""
        select provider from marts.fct_reconciliation_residuals_monthly
        where strftime(month, '%Y-%m') = '{month_id}' and residual_class = 'not_captured'
        order by abs(residual_usd) desc limit 1
    """)
    page = open_page("/reconciliation/")
    page.page.get_by_role("link", name=NAMES[provider], exact=True).last.click()
    page.page.wait_for_url(f"**/reconciliation/{provider}/**")
    shows_the_bridge(page, published, month_id, provider)
    matches = published(f"""
        select meter, status, sum(billed_less_ledger_usd), sum(billed_usd), sum(ledger_cost_usd),
            sum(billed_tokens), sum(ledger_tokens)
        from marts.fct_three_way_match
        where strftime(month, '%Y-%m') = '{month_id}' and provider = '{provider}'
        group by all
    """)
    gaps = [(m, s, Decimal(0) if abs(gap) < CENT else gap, *rest) for m, s, gap, *rest in matches]
    gaps.sort(key=lambda row: (-abs(row[2]), -row[3], words(row[0])))
    page.shows_table(
        (
            "Meter",
            "Status",
            "Gap",
            "Billed",
            "Ledger",
            "Billed tokens",
            "Ledger tokens",
        ),
        [
            (words(m), words(s), usd(gap), usd(billed), usd(ledger), tokens(there), tokens(here))
            for m, s, gap, billed, ledger, there, here in gaps
        ],
    )
    worst = published(f"""
        select strftime(period_start, '%Y-%m-%d'), model, billed_less_ledger_usd, status
        from marts.fct_three_way_match
        where strftime(month, '%Y-%m') = '{month_id}' and provider = '{provider}'
            and status not in ('matched', 'not_compared')
        order by abs(billed_less_ledger_usd) desc nulls last, period_start, account_id, model, meter limit 10
    """)
    page.shows_table(
        ("Day", "Model", "Gap", "Status"),
        [(day, model, usd(gap), words(status)) for day, model, gap, status in worst],
    )
