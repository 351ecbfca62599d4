"""The page of the requests shows what they cost part by part, by model and by feature, and which have no price."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from site_browser import PHONE, Opener, Page, Query, usd

pytestmark = pytest.mark.slow

AUDIT_MONTH = "(select strftime(audit_month, '%Y-%m') from marts.audit_run)"
PARTS = {
    "Input": ("input_cost_usd", "uncached_input_tokens"),
    "Cache reads": ("cache_read_cost_usd", "cache_read_tokens"),
    "Cache writes": ("cache_write_cost_usd", "cache_write_tokens"),
    "Output": ("output_cost_usd", "output_tokens"),
    "Tools": ("tool_cost_usd", None),
    "Retries": ("retry_cost_usd", None),
}


def shows(page: Page, published: Query, where: str) -> None:
    """The page shows the requests for which a condition on the mart holds, in all its tables and figures."""
    mart = f"marts.fct_request_costs_monthly where {where}"

    def one(sql: str) -> Any:
        ((found,),) = published(f"select {sql} from {mart}")
        return found

    cost = one("sum(cost_usd)")
    parts = [
        (part, one(f"sum({column})"), one(f"sum({tokens})") if tokens else None)
        for part, (column, tokens) in PARTS.items()
    ]
    assert sum((amount for _, amount, _ in parts), Decimal(0)) == cost > 0
    tokens = sum(count for *_, count in parts if count is not None)
    page.shows_table(
        ("Part", "Cost", "Share", "Tokens"),
        [
            *(
                (part, usd(amount), f"{amount / cost:.1%}", "-" if count is None else f"{count:,}")
                for part, amount, count in parts
            ),
            ("Total", usd(cost), "-", f"{tokens:,}"),
        ],
    )
    for title, column in (("Model", "model"), ("Feature", "feature_name")):
        rows = published(f"""
            select {column}, sum(cost_usd), sum(request_count - unpriced_request_count), sum(request_count),
                sum(retry_cost_usd), sum(retried_request_count), sum(error_count), sum(list_cost_usd)
            from {mart} group by 1 order by 2 desc, 1
        """)
        sums = [sum((row[place] for row in rows), Decimal(0)) for place in range(1, 8)]
        page.shows_table(
            (
                title, "Spend", "Per 1,000", "Requests", "Retries", "Retries in %", "Retried", "Failed", "At list price"
            ),
            [
                *(
                    (
                        "No feature" if name == "(none)" else name, usd(spend), usd(1000 * spend / priced), f"{n:,}",
                        usd(retries), f"{retries / spend:.1%}", f"{retried:,}", f"{failed:,}", usd(at_list),
                    )
                    for name, spend, priced, n, retries, retried, failed, at_list in rows
                ),
                (
                    "Total", usd(sums[0]), "-", f"{sums[2]:,}", usd(sums[3]), "-", f"{sums[4]:,}", f"{sums[5]:,}",
                    usd(sums[6]),
                ),
            ],
        )  # fmt: skip
    page.shows_value("Spend on requests", usd(cost))
    page.shows_value("Requests", f"{one('sum(request_count)'):,}")
    priced = one("sum(request_count - unpriced_request_count)")
    page.shows_value("Per 1,000 requests", usd(1000 * cost / priced))
    unpriced = published(f"""
        select model, sum(exposure_usd), sum(unpriced_request_count) from {mart} and unpriced_request_count > 0
        group by 1 order by 2 desc, 1
    """)
    page.shows_value("Without a price", f"{sum(row[2] for row in unpriced):,}")
    if unpriced:
        page.shows_table(
            ("Model", "At most", "Unpriced requests"),
            [
                *((model, usd(most), f"{n:,}") for model, most, n in unpriced),
                ("Total", usd(sum(row[1] for row in unpriced)), f"{sum(row[2] for row in unpriced):,}"),
            ],
        )
    else:
        page.shows_text("Every request of this choice has a price")


def test_the_audit_month_and_its_filters(open_page: Opener, published: Query) -> None:
    page = open_page("/pricing/")
    month = f"strftime(month, '%Y-%m') = {AUDIT_MONTH}"
    shows(page, published, month)
    page.choose("Provider", "OpenAI")
    shows(page, published, f"{month} and provider = 'openai'")
    ((team_id, name),) = published(f"""
        select team_id, team_name from marts.fct_team_spend_monthly as spend
        where {month} and team_id in (
            select team_id from marts.fct_request_costs_monthly where {month} and provider = 'openai'
        )
        order by team_name limit 1
    """)
    page.choose("Team", name)
    shows(page, published, f"{month} and provider = 'openai' and team_id = '{team_id}'")


def test_a_link_to_another_month_and_provider(open_page: Opener, published: Query) -> None:
    ((month,),) = published("select strftime(min(month), '%Y-%m') from marts.fct_request_costs_monthly")
    page = open_page(f"/pricing/?month={month}&provider=anthropic", PHONE)
    shows(page, published, f"strftime(month, '%Y-%m') = '{month}' and provider = 'anthropic'")


def test_a_team_without_requests_of_a_provider_is_told_so(open_page: Opener, published: Query) -> None:
    ((team_id, provider),) = published(f"""
        with there as (
            select distinct team_id, provider from marts.fct_request_costs_monthly
            where strftime(month, '%Y-%m') = {AUDIT_MONTH}
        )
        select team_id, provider from (select distinct team_id from there), (select distinct provider from there)
        except select team_id, provider from there
        order by all limit 1
    """)
    page = open_page(f"/pricing/?team={team_id}&provider={provider}")
    page.shows_text("No request in this month")
    assert page.table("Part", "Cost") is None
