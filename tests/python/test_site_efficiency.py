"""The page of prompt efficiency shows what the marts say: broken caching, runaway sessions, checks."""

from __future__ import annotations

import pytest
from site_browser import PHONE, Opener, Query, usd

pytestmark = pytest.mark.slow

BREAKS = ("Route", "Waste", "From", "To", "Before", "During")
ALL = "*"
LOOPS = ("Session", "Waste", "Calls", "Normal")


def broken_caching(published: Query, month: str = ALL) -> list[tuple[str, ...]]:
    """Of all months, or those that were broken in one."""
    where = (
        "true"
        if month == ALL
        else f"'{month}' between strftime(first_date, '%Y-%m') and strftime(last_date, '%Y-%m')"
    )
    rows = published(f"""
        select route_id, waste_usd, cast(first_date as varchar), cast(last_date as varchar),
            established_read_share, read_share_during
        from marts.fct_cache_breaks where {where} order by waste_usd desc, route_id, first_date
    """)
    return [
        *(
            (route, usd(waste), first, last, f"{before:.1%}", f"{during:.1%}")
            for route, waste, first, last, before, during in rows
        ),
        ("Total", usd(sum(row[1] for row in rows)), "-", "-", "-", "-"),
    ]


def runaway_sessions(published: Query) -> list[tuple[str, ...]]:
    rows = published("""
        select session_id, waste_usd, call_count, normal_call_count from marts.fct_agent_loops
        order by waste_usd desc, session_id
    """)
    return [
        *((session, usd(waste), f"{calls:,}", f"{normal:,}") for session, waste, calls, normal in rows),
        ("Total", usd(sum(row[1] for row in rows)), f"{sum(row[2] for row in rows):,}", "-"),
    ]


def test_what_was_wasted(open_page: Opener, published: Query) -> None:
    page = open_page("/efficiency/")
    page.shows_table(BREAKS, broken_caching(published))
    page.shows_table(LOOPS, runaway_sessions(published))
    checks = published("""
        select figure, threshold from marts.fct_audit_checklist
        where check_id in ('cache_breaks', 'runaway_sessions', 'retry_cost') order by figure desc
    """)
    page.shows_table(
        ("Measured", "At most"), [(f"{figure:.2%}", f"{threshold:.2%}") for figure, threshold in checks]
    )


def test_one_month(open_page: Opener, published: Query) -> None:
    ((month,),) = published("""
        select strftime(last_date, '%Y-%m') from marts.fct_cache_breaks order by waste_usd desc limit 1
    """)
    page = open_page(f"/efficiency/?month={month}")
    page.shows_table(BREAKS, broken_caching(published, month))


def test_a_month_without_runaway_sessions_says_so(open_page: Opener, published: Query) -> None:
    ((month,),) = published("""
        select strftime(date, '%Y-%m') as month from marts.fct_cost_daily
        where strftime(date, '%Y-%m') not in (select strftime(started_at, '%Y-%m') from marts.fct_agent_loops)
        order by month limit 1
    """)
    open_page(f"/efficiency/?month={month}", PHONE).shows_text("Every session ended by itself")


def test_a_break_leads_to_its_route(open_page: Opener, published: Query) -> None:
    route = broken_caching(published)[0][0]
    page = open_page("/efficiency/", PHONE)
    page.page.get_by_role("cell", name=route, exact=True).first.click()
    page.page.wait_for_url(f"**/routes/{route.replace('/', '--')}/**")
