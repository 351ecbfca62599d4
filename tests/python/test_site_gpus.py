"""The pages of the GPU pools show what the marts say: cost, idle hours by hour of the week, training jobs."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from site_browser import PHONE, Opener, Query, usd

pytestmark = pytest.mark.slow

AUDIT_MONTH = "(select audit_month from marts.audit_run)"
POOLS = "marts.fct_gpu_pools_monthly"


def test_a_month_of_all_pools(open_page: Opener, published: Query) -> None:
    page = open_page("/gpus/")
    rows = published(f"""
        select pool_id, recoverable_usd, cost_usd from {POOLS}
        where month = {AUDIT_MONTH} order by recoverable_usd desc, cost_usd desc, pool_id
    """)
    total = ("Total", usd(sum(row[1] for row in rows)), usd(sum(row[2] for row in rows)))
    page.shows_table(
        ("Pool", "Recoverable", "Cost"), [*((pool, usd(back), usd(cost)) for pool, back, cost in rows), total]
    )


def test_orphaned_jobs_come_first(open_page: Opener, published: Query) -> None:
    page = open_page("/gpus/")
    rows = published("""
        select job_id, waste_usd, cost_usd, gpu_hours, is_orphaned from marts.fct_training_jobs
        order by is_orphaned desc, waste_usd desc, cost_usd desc, pool_id, job_id limit 15
    """)
    assert rows[0][4], "no orphaned job in the demo"
    page.shows_table(
        ("Job", "Waste", "Cost", "Orphaned", "GPU hours"),
        [
            (job, usd(waste), usd(cost), "Orphaned" if orphaned else "No", f"{hours:.1f}")
            for job, waste, cost, hours, orphaned in rows
        ],
    )


def test_a_pool_and_when_it_idles(open_page: Opener, published: Query) -> None:
    ((pool,),) = published(f"""
        select pool_id from {POOLS} where month = {AUDIT_MONTH} order by idle_usd desc, pool_id limit 1
    """)
    page = open_page("/gpus/", PHONE)
    page.page.get_by_role("cell", name=pool, exact=True).first.click()
    page.page.wait_for_url(f"**/gpus/{pool}/**")
    months = published(f"""
        select strftime(month, '%b %Y'), recoverable_usd, cost_usd, idle_usd, orphaned_usd, oversize_usd
        from {POOLS} where pool_id = '{pool}' order by month desc
    """)
    page.shows_table(
        ("Month", "Recoverable", "Cost", "Idle", "Orphaned", "Oversized"),
        [(month, *map(usd, amounts)) for month, *amounts in months],
    )
    classes = published(f"""
        select class, round(sum(gpu_hours)), sum(cost_usd) from marts.fct_gpu_hours_classified
        where pool_id = '{pool}' and date_trunc('month', hour) = {AUDIT_MONTH} group by class order by 2 desc
    """)
    assert len(classes) > 1, "no idle hour in the demo"
    total = ("Total", f"{sum(row[1] for row in classes):,.0f}", usd(sum(row[2] for row in classes)))
    page.shows_table(
        ("GPU hours that were", "GPU hours", "Cost"),
        [
            *(
                (kind.replace("_", " ").capitalize(), f"{hours:,.0f}", usd(cost))
                for kind, hours, cost in classes
            ),
            total,
        ],
    )


def test_the_heat_map_of_idle_hours(open_page: Opener, published: Query) -> None:
    """The chart is a drawing; what it was drawn from is what it lets a reader download."""
    expected = {
        (day, hour): float(idle)
        for day, hour, idle in published(f"""
            select strftime(hour, '%a'), strftime(hour, '%H'),
                sum(case when class in ('allocated_idle', 'unallocated_idle') then gpu_hours else 0 end)
            from marts.fct_gpu_hours_classified where date_trunc('month', hour) = {AUDIT_MONTH} group by all
        """)
    }
    assert len(expected) == 7 * 24
    assert sum(expected.values()) > 0
    page = open_page("/gpus/").page
    heat_map = page.locator(".chart-container").first
    heat_map.hover()
    with page.expect_download() as download:
        heat_map.get_by_role("button", name="Download Data").click()
    rows = csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines())
    assert {(row["weekday"], row["hour_of_day"]): float(row["idle_gpu_hours"]) for row in rows} == expected


def test_a_month_without_idle_hours_says_so(open_page: Opener, published: Query) -> None:
    ((month,),) = published("""
        select strftime(hour, '%Y-%m') as month from marts.fct_gpu_hours_classified
        group by month having count(*) filter (where class in ('allocated_idle', 'unallocated_idle')) = 0
        order by month limit 1
    """)
    open_page(f"/gpus/?month={month}").shows_text("No idle GPU hour was measured in this month")
