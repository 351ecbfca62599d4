"""What the tests of the site share: the site of the small demo, built and served once, opened in a real browser.

A test of a page asks for `open_page` and `published`, and says what the page has to show:

    def test_teams(open_page: Opener, published: Query) -> None:
        page = open_page("/teams/?month=2026-09")
        page.shows_table(("Team", "Spend"), [(name, usd(cost)) for name, cost in published("select ...")])

What is expected comes from the published file by SQL of the test's own, exact to the cent. A page that writes an
error to the console, asks another host for anything, shows an error box, or is wider than its window fails the
test that opened it.
"""

from __future__ import annotations

import fcntl
import functools
import os
import re
import shutil
import site
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

ROOT = Path(__file__).parents[2]
# `make browser`: Playwright, and a Node that builds the site. Apart from the project's own packages.
TOOLS = ROOT / ".test" / "browser"
AXE = ROOT / "reports" / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP, PHONE = 1280, 390  # pixels wide
PATIENCE_SECONDS = 15.0  # for a page to draw what a filter chose

Table = list[tuple[str, ...]]
Query = Callable[[str], list[tuple[Any, ...]]]
Opener = Callable[..., "Page"]


def usd(amount: Decimal | int | None) -> str:
    """An amount as the site prints it: $1,234.56, -$1,234.56; "-" for what is not known."""
    if amount is None:
        return "-"
    cents = Decimal(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"-${-cents:,.2f}" if cents < 0 else f"${abs(cents):,.2f}"


class Page:
    """An opened page of the site, with what went wrong on it."""

    def __init__(self, page: Any, base: str) -> None:
        self.page = page  # Playwright's
        self.base = base
        self.problems: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        page.on("request", self._request)
        page.on("response", self._response)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text}")

    def _request(self, request: Any) -> None:
        if not request.url.startswith((f"{self.base}/", "data:", "blob:")):
            self.problems.append(f"request to another host: {request.url}")

    def _response(self, response: Any) -> None:
        if response.status >= 400:
            self.problems.append(f"{response.status}: {response.url}")

    def go(self, path: str) -> Page:
        """Open a path of the site and wait until it asks for nothing more and its splash screen is gone."""
        self.page.goto(self.base + path)
        self.page.wait_for_load_state("networkidle")
        self.page.locator("#__evidence_project_splash").wait_for(state="detached")
        return self

    def wide(self, width: int) -> Page:
        """The same page in a window of this width, drawn anew."""
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        return self

    def value(self, title: str) -> str | None:
        """The figure below a title (BigValue); None when there is none."""
        found: str | None = self.page.evaluate(
            """title => {
                const label = [...document.querySelectorAll('p')].find(p => p.innerText.trim() === title);
                const value = label && label.parentElement.querySelector('div, span.inline-block');
                return value ? value.innerText.trim() : null;
            }""",
            title,
        )
        return found

    def table(self, *headers: str) -> Table | None:
        """The rows of the first table with these columns, only those, in this order; None when there is none."""
        found: list[list[str]] | None = self.page.evaluate(
            """wanted => {
                const text = cell => cell.innerText.trim();
                for (const table of document.querySelectorAll('table')) {
                    if (!table.checkVisibility()) continue; // each has a twin for the whole screen
                    const headers = [...table.querySelectorAll('thead tr:last-child th')].map(text);
                    const places = wanted.map(name => headers.indexOf(name));
                    if (places.includes(-1)) continue;
                    const rows = [...table.querySelectorAll('tr')].filter(row => row.querySelector('td'));
                    return rows.map(row => places.map(place => text(row.querySelectorAll('td')[place])));
                }
                return null;
            }""",
            list(headers),
        )
        return None if found is None else [tuple(row) for row in found]

    def shows_table(self, headers: Sequence[str], expected: Sequence[Sequence[str]]) -> None:
        """AssertionError with both sides unless the page comes to show a table with exactly these rows."""
        wanted = [tuple(row) for row in expected]
        assert wanted, "nothing is expected, so nothing would be compared"
        self._comes_to(lambda: self.table(*headers), wanted, " | ".join(headers))

    def shows_value(self, title: str, expected: str) -> None:
        """AssertionError with both sides unless the page comes to show this figure below the title."""
        self._comes_to(lambda: self.value(title), expected, title)

    def shows_text(self, text: str) -> None:
        """AssertionError unless the text comes to stand on the page."""
        self._comes_to(
            lambda: text if text in self.page.inner_text("body") else None, text, "text of the page"
        )

    def _comes_to(self, read: Callable[[], Any], wanted: Any, what: str) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while (shown := read()) != wanted and time.monotonic() < until:
            self.page.wait_for_timeout(100)
        assert shown == wanted, f"{what}: the page shows {shown}, the marts say {wanted}"

    def choose(self, filter_title: str, choice: str) -> None:
        """Choose in a filter, as a reader does."""
        self.page.get_by_role("button", name=re.compile(rf"^{re.escape(filter_title)}\b")).first.click()
        self.page.get_by_role("option", name=choice, exact=True).click()

    def is_sound(self) -> None:
        """AssertionError that lists what went wrong, error boxes and a page wider than its window included."""
        boxes = self.page.locator(
            "text=/Error in|Dataset is empty|is not a recognized|SQL Query Error/"
        ).all()
        wider = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        self.problems += [f"error box: {box.inner_text()[:200]}" for box in boxes]
        self.problems += [f"{wider} pixels wider than the window"] if wider > 0 else []
        assert not self.problems, f"{self.page.url}: {self.problems}"

    def accessibility_faults(self) -> list[str]:
        """What axe-core finds that is serious or critical."""
        self.page.add_script_tag(path=str(AXE))
        violations = self.page.evaluate("axe.run().then(result => result.violations)")
        return [
            f"{fault['id']}: {fault['nodes'][0]['target']} and {len(fault['nodes']) - 1} more ({fault['help']})"
            for fault in violations
            if fault["impact"] in ("serious", "critical")
        ]


@pytest.fixture(scope="session")
def built_site(demo: Any) -> Path:
    """The folder of the site of the small demo, built by the command, once for all test processes."""
    assert (TOOLS / "bin" / "npm").exists(), "run `make browser` first"
    folder: Path = demo.folder / "warehouse" / "site"
    with (demo.folder / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            done = _report(folder.parent, "build")
            output, _ = done.communicate()
            assert done.returncode == 0, output
    return folder


def _report(warehouse: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start `ai-cost report` with the tests' own Node."""
    environment = {
        **os.environ,
        "AI_COST_WAREHOUSE": str(warehouse),
        "PATH": f"{TOOLS / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "ai_cost_audit", "report", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def served(warehouse: Path) -> Iterator[str]:
    """The site as `ai-cost report serve` serves it: an address without the last slash. It has to be built."""
    server = _report(warehouse, "serve", "--port", "0")
    try:
        assert server.stdout is not None
        said = server.stdout.readline()
        assert said.startswith("The site is at "), f"the site is not served as it was built: {said}"
        yield said.split("The site is at ")[1].split(" ")[0]
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="session")
def site_address(built_site: Path) -> Iterator[str]:
    """The site of the small demo, served."""
    with served(built_site.parent) as address:
        yield address


@pytest.fixture(scope="session")
def published(demo: Any, built_site: Path) -> Query:
    """Runs SQL on the published file that the site was built from."""

    def query(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(demo.published), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return query


@contextmanager
def browser() -> Iterator[Any]:
    """Debian's Chromium without a window, driven by Playwright."""
    library = next((TOOLS / "lib").glob("python3*/site-packages"), None)
    program = shutil.which("chromium")
    assert library is not None and program is not None, "run `make browser` first"
    site.addsitedir(str(library))  # after the project's own packages
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for all tests."""
    with browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def contexts(chromium: Any) -> Callable[[int, bool], Any]:
    """A browser profile for each width and appearance, kept: what it has loaded once it has."""

    @functools.cache
    def context(width: int, dark: bool) -> Any:
        return chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )

    return context


@pytest.fixture
def open_page(contexts: Callable[[int, bool], Any], site_address: str) -> Iterator[Opener]:
    """Opens pages: open_page(path, width=DESKTOP, dark=False). At the end of the test each has to be sound."""
    opened: list[Page] = []

    def opener(path: str, width: int = DESKTOP, dark: bool = False) -> Page:
        page = Page(contexts(width, dark).new_page(), site_address)
        opened.append(page)
        return page.go(path)

    yield opener
    try:
        for page in opened:
            page.is_sound()
    finally:
        for page in opened:
            page.page.close()
