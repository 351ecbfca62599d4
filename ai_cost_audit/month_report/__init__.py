"""`ai-cost report month`: the audit of one month as one HTML file, to hand to a finance lead.

The file holds its own styles and charts (SVG), runs no script and asks no host for anything. It prints on A4,
and headless Chromium makes a PDF of it. Every figure is a value of a published mart, or the sum of one column
of it: each cell carries the exact value (`data-value`), each table names its mart.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from datetime import date
from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from ai_cost_audit.month_report import charts, sections
from ai_cost_audit.published import opened

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PDF_SECONDS = 120  # a browser that takes longer hangs


class NoPdf(Exception):
    """The PDF could not be made; the text says why."""


def html(published: Path, month: date | None = None) -> tuple[date, str]:
    """The report of a month (default: the audit month) and which month that is.

    Raises NotReadable without a published audit, or when it has no such month.
    """
    with opened(published) as connection:
        report = sections.load(connection, published, month)
    templates = resources.files(__package__)
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(charts=charts)
    template = environment.from_string((templates / "report.html.j2").read_text(encoding="utf-8"))
    styles = (templates / "report.css").read_text(encoding="utf-8")
    return report.month, template.render(report=report, styles=styles)


def write(text: str, path: Path) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f".{path.name}.writing")
    written.write_text(text, encoding="utf-8", newline="\n")
    written.replace(path)


def write_pdf(page: Path, path: Path) -> None:
    """Print an HTML file to a PDF with headless Chromium or Chrome; NoPdf when there is none or it fails."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise NoPdf(f"no Chromium or Chrome is installed: open {page} in a browser and print it to a PDF")
    with tempfile.TemporaryDirectory() as profile:
        printed = Path(profile) / "report.pdf"
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
            f"--user-data-dir={profile}/profile",
            "--no-pdf-header-footer",
            f"--print-to-pdf={printed}",
            page.absolute().as_uri(),
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PDF_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise NoPdf(f"{browser} did not print the report in {PDF_SECONDS} s") from error
        if done.returncode or not printed.is_file():
            raise NoPdf(f"{browser} could not print the report: {done.stderr.strip()[-300:]}")
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(printed, path)
