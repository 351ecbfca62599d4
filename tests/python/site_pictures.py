"""Pictures of the built site for the README: `make pictures` writes them to docs/images.

They show the published audit of the warehouse, as `ai-cost report` built it last; a picture is what a window shows.
"""

from __future__ import annotations

from site_browser import DESKTOP, PHONE, ROOT, Page, browser, served

from ai_cost_audit import report, settings

PICTURES = (
    ("overview", "/", DESKTOP, 900),
    ("overview-phone", "/", PHONE, 844),
)  # name, path, window in pixels
LARGEST_BYTES = 300_000


def standing(page: Page) -> bytes:
    """What the window shows once nothing moves: charts grow."""
    shown = b""
    while (now := page.page.screenshot()) != shown:
        shown = now
        page.page.wait_for_timeout(1000)
    return shown


def main() -> None:
    """Write each picture; SystemExit when a page is unsound, a picture too large or the site of another audit."""
    if not report.is_current():
        raise SystemExit("The site is not of the published audit: run `ai-cost report build`")
    folder = ROOT / "docs" / "images"
    folder.mkdir(exist_ok=True)
    with served(settings.warehouse()) as address, browser() as chromium:
        for name, path, width, height in PICTURES:
            context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme="light")
            page = Page(context.new_page(), address).go(path)
            page.is_sound()
            picture = folder / f"{name}.png"
            picture.write_bytes(standing(page))
            if picture.stat().st_size > LARGEST_BYTES:
                raise SystemExit(f"{picture} is larger than {LARGEST_BYTES:,} bytes")
            print(f"{picture.relative_to(ROOT)}: {picture.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
