"""The pages of the findings show what the marts say, and each finding leads to its evidence."""

from __future__ import annotations

import pytest
from site_browser import PHONE, Opener, Query, usd

pytestmark = pytest.mark.slow

FINDINGS = """
    select findings.*, coalesce(teams.team_name, findings.owner_team_id, 'No owner') as owner
    from marts.fct_findings as findings
    left join marts.dim_teams as teams on findings.owner_team_id = teams.team_id
"""


def test_what_saves_the_most_comes_first(open_page: Opener, published: Query) -> None:
    page = open_page("/findings/")
    rows = published(f"""
        select subject, monthly_savings_usd, owner, effort_days from ({FINDINGS})
        where monthly_savings_usd > 0 order by monthly_savings_usd desc, rank
    """)
    total = ("-", usd(sum(row[1] for row in rows)), "-", f"{sum(row[3] for row in rows):.1f}")
    page.shows_table(
        ("Where", "Saves a month", "Owner", "Days"),
        [*((subject, usd(saves), owner, f"{days:.1f}") for subject, saves, owner, days in rows), total],
    )
    others = published(f"""
        select subject, amount_usd, owner from ({FINDINGS}) where monthly_savings_usd = 0 order by rank
    """)
    page.shows_table(
        ("Where", "Amount", "Owner"), [(subject, usd(amount), owner) for subject, amount, owner in others]
    )


def test_an_owner_sees_their_own(open_page: Opener, published: Query) -> None:
    ((team, name),) = published(f"""
        select owner_team_id, owner from ({FINDINGS})
        where monthly_savings_usd > 0 and owner_team_id is not null order by monthly_savings_usd limit 1
    """)
    rows = published(f"""
        select subject, monthly_savings_usd from ({FINDINGS})
        where owner_team_id = '{team}' and monthly_savings_usd > 0 order by monthly_savings_usd desc, rank
    """)
    expected = [*((subject, usd(saves)) for subject, saves in rows), ("-", usd(sum(row[1] for row in rows)))]
    page = open_page("/findings/")
    page.choose("Owner", name)
    page.shows_table(("Where", "Saves a month"), expected)
    open_page(f"/findings/?owner={team}").shows_table(("Where", "Saves a month"), expected)


def test_the_score_and_its_checks(open_page: Opener, published: Query) -> None:
    page = open_page("/findings/")
    ((score,),) = published("select score from marts.fct_defect_score where audit_surface = 'overall'")
    page.shows_value("FinOps score of 100", f"{score:.1f}")
    surfaces = published("""
        select score, check_count from marts.fct_defect_score
        where audit_surface <> 'overall' order by score, weight desc, audit_surface
    """)
    page.shows_table(("Score", "Checks"), [(f"{score:.1f}", str(count)) for score, count in surfaces])
    checks = published("""
        select question, upper(status[1]) || status[2:], check_id, figure, direction, threshold
        from marts.fct_audit_checklist
        order by case status when 'fail' then 1 when 'warn' then 2 when 'no_data' then 3 else 4 end,
            audit_surface, check_id
    """)
    expected = []
    for question, status, check, figure, direction, threshold in checks:
        form = ".0f" if check == "gpu_rates" else ".2%"
        word = {"at_least": "At least", "at_most": "At most"}[direction]
        measured = "-" if figure is None else f"{figure:{form}}"
        expected.append((question, status.replace("_", " "), measured, f"{word} {threshold:{form}}"))
    page.shows_table(("Check", "Status", "Measured", "Passes"), expected)


def test_a_finding_leads_to_its_evidence(open_page: Opener, published: Query) -> None:
    ((finding_id, pool, saves, amount, evidence),) = published(f"""
        select finding_id, subject, monthly_savings_usd, amount_usd, evidence from ({FINDINGS})
        where finding_type = 'idle_gpu_pool' order by rank limit 1
    """)
    page = open_page("/findings/", PHONE)
    page.page.get_by_role("cell", name="Idle GPU pool", exact=True).first.click()
    page.page.wait_for_url(f"**/findings/{finding_id.replace('/', '--').replace(':', '~')}/**")
    page.shows_value("Saves a month", usd(saves))
    page.shows_value("Amount in the month", usd(amount))
    page.shows_text(evidence)
    page.page.get_by_role("link", name="The GPU pool and its hours").click()
    page.page.wait_for_url(f"**/gpus/{pool}/**")
    page.shows_text(pool)


def test_every_finding_has_a_page_that_shows_its_amount(open_page: Opener, published: Query) -> None:
    rows = published("select finding_id, amount_usd from marts.fct_findings order by rank")
    assert rows
    for finding_id, amount in rows:
        page = open_page(f"/findings/{finding_id.replace('/', '--').replace(':', '~')}/")
        page.shows_value("Amount in the month", usd(amount))
