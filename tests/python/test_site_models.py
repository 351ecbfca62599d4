"""The page of the models shows what each cost, and which have no price."""

from __future__ import annotations

from decimal import Decimal

import pytest
from site_browser import PHONE, Opener, Page, Query, usd

pytestmark = pytest.mark.slow


def shows_the_month(page: Page, published: Query, month: str, provider: str = "true") -> None:
    """The models of a month (SQL of its first day) whose provider passes a condition, with their sum."""
    rows = published(f"""
        select model, sum(cost_usd), sum(tokens), sum(request_count), provider_or_pool
        from marts.fct_cost_daily where date_trunc('month', date) = {month} and {provider} and model <> '(gpu hours)'
        group by model, provider_or_pool order by 2 desc, model, provider_or_pool
    """)
    cost, tokens, requests = (sum((row[place] for row in rows), Decimal(0)) for place in (1, 2, 3))
    page.shows_table(
        ("Model", "Spend", "Tokens", "Requests"),
        [
            *((row[0], usd(row[1]), f"{row[2]:,}", f"{row[3]:,}") for row in rows),
            ("Total", usd(cost), f"{tokens:,}", f"{requests:,}"),
        ],
    )


AUDIT_MONTH = "(select audit_month from marts.audit_run)"


def test_a_month_and_a_provider(open_page: Opener, published: Query) -> None:
    page = open_page("/models/")
    shows_the_month(page, published, AUDIT_MONTH)
    page.choose("Provider", "OpenAI")
    shows_the_month(page, published, AUDIT_MONTH, "provider_or_pool = 'openai'")
    ((first,),) = published("select strftime(min(date), '%Y-%m') from marts.fct_cost_daily")
    linked = open_page(f"/models/?month={first}&provider=google", PHONE)
    shows_the_month(linked, published, f"date '{first}-01'", "provider_or_pool = 'google'")


def test_models_and_their_prices(open_page: Opener, published: Query) -> None:
    page = open_page("/models/")
    rows = published("""
        select model, token_count, request_count, strftime(first_used_on, '%Y-%m-%d'),
            case pricing_status when 'priced' then 'Priced' when 'own_gpus' then 'Own GPUs' else 'Unpriced' end
        from marts.dim_models order by token_count desc, model
    """)
    page.shows_table(
        ("Model", "All tokens", "All requests", "First used", "Price"),
        [(model, f"{tokens:,}", f"{n:,}", first or "-", price) for model, tokens, n, first, price in rows],
    )
    unpriced = published("""
        select model, exposure_usd, unpriced_token_count from marts.dim_models
        where unpriced_request_count > 0 or pricing_status = 'unpriced'
        order by exposure_usd desc, unpriced_token_count desc, model
    """)
    if unpriced:
        page.shows_table(
            ("Model", "At most", "Unpriced tokens"),
            [(model, usd(most), f"{tokens:,}") for model, most, tokens in unpriced],
        )
    else:
        page.shows_text("Every model that was used has a price")
