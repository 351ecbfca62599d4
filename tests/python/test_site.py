"""Every page of the site in a real browser: it opens, stays on this host, is accessible and fits a phone.

What the pages show has tests of its own: test_site_<page>.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from site_browser import DESKTOP, PHONE, Opener

from ai_cost_audit.report import DBT_DOCS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / ".test" / "screenshots"  # of one page of each kind, to look at


def templates() -> list[str]:
    """The folders with a page of its own for each of something: teams/[team].md is one for each team."""
    folder = ROOT / "reports" / "pages"
    return [f"/{path.parent.relative_to(folder).as_posix()}/" for path in folder.rglob("[[]*[]].md")]


def kinds(paths: list[str]) -> list[str]:
    """One page of each kind: those of a template look alike."""
    found = {}
    for path in paths:
        parent = path.rstrip("/").rpartition("/")[0] + "/"
        found.setdefault(f"{parent}*" if path != "/" and parent in templates() else path, path)
    return list(found.values())


def pages(built_site: Path) -> list[str]:
    """The path of every page that was built. dbt's own page is not one of ours: it has its own test."""
    found = sorted(
        f"/{path.parent.relative_to(built_site).as_posix()}/"
        for path in built_site.rglob("index.html")
        if path.parent.name != DBT_DOCS
    )
    return ["/" if path == "/./" else path for path in found]


def test_every_page_is_sound_and_accessible(built_site: Path, open_page: Opener) -> None:
    """Every page at both widths; of each kind, light and dark, axe-core's word and a picture to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    paths = pages(built_site)
    # Each template has its list, and the overview.
    assert len(paths) > len(kinds(paths)) > 2 * len(templates()) > 0
    faults = []
    light, dark = open_page("/", PHONE), open_page("/", PHONE, dark=True)
    for path in paths:
        one_of_a_kind = path in kinds(paths)
        light.go(path)
        assert light.page.locator("h1").count() == 1, path
        if one_of_a_kind:
            dark.go(path)
        for width in (PHONE, DESKTOP):
            light.wide(width).is_sound()
            if not one_of_a_kind:
                continue
            name = path.strip("/").replace("/", "-") or "overview"
            light.page.screenshot(path=str(SCREENSHOTS / f"{name}-{width}.png"), full_page=True)
            faults += [f"{path} {width} {fault}" for fault in light.accessibility_faults()]
            faults += [f"{path} {width} dark {fault}" for fault in dark.wide(width).accessibility_faults()]
    assert not faults, "\n".join(faults)


def test_the_page_of_the_models_is_a_click_away_and_stays_on_this_host(
    built_site: Path, open_page: Opener
) -> None:
    page = open_page("/")
    page.is_sound()
    page.page.get_by_role("link", name="How each table is made").click()
    page.page.wait_for_url(f"**/{DBT_DOCS}/**")
    page.go(f"/{DBT_DOCS}/#!/model/model.ai_cost_audit.fct_gates")
    page.shows_text("One row per gate and provider")
    page.shows_text("look_first")
    outside = [problem for problem in page.problems if problem.startswith(("request to", "script error"))]
    page.go("/").problems.clear()  # dbt's page asks for two icons that it does not have
    assert not outside
    assert str(ROOT) not in (built_site / DBT_DOCS / "index.html").read_text(encoding="utf-8")


def test_an_unsound_page_is_noticed(open_page: Opener) -> None:
    """The watchers of the other tests are not blind."""
    troubles: dict[str, Callable[[], object]] = {}
    page = open_page("/", PHONE)
    troubles["console: planted"] = lambda: page.page.evaluate("console.error('planted')")
    troubles["another host"] = lambda: page.page.evaluate(
        "fetch('http://localhost:9/', {mode: 'no-cors'}).catch(() => null)"
    )
    troubles["wider than the window"] = lambda: page.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<div style=\"width: 2000px; height: 1px\">.</div>')"
    )
    for expected, trouble in troubles.items():
        page.problems.clear()
        trouble()
        with pytest.raises(AssertionError, match=expected):
            page.is_sound()
    page.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"/icon.svg\">')")
    assert any(fault.startswith("image-alt") for fault in page.accessibility_faults())
    page.go("/")
    page.problems.clear()
