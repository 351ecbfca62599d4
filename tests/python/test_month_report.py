"""The month report shows what the marts hold, asks no host for anything, and says what is missing."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest
import yaml
from conftest import ROOT, Build
from typer.testing import CliRunner

from ai_cost_audit import month_report
from ai_cost_audit.cli import app
from ai_cost_audit.month_report import charts, sections
from ai_cost_audit.published import NotReadable

MONTH = date(2026, 10, 1)
OF_MONTH = "where month = '2026-10-01'"
# Per table of the page: what its mart holds, one row per key. A total is the sum of the column.
EXPECTED = {
    "layers": """
        select
            cost_layer as key,
            sum(cost_usd) filter (date >= '2026-10-01') as cost_usd,
            sum(cost_usd) filter (date < '2026-10-01') as previous_cost_usd,
            sum(if(date >= '2026-10-01', cost_usd, -cost_usd)) as change_usd
        from marts.fct_cost_daily
        where date between '2026-09-01' and '2026-10-31'
        group by cost_layer
    """,
    "invoices": f"""
        with residuals as (
            select
                provider,
                sum(residual_usd) filter (residual_class != 'unknown') as explained_usd,
                sum(residual_usd) filter (residual_class = 'unknown') as unknown_usd
            from marts.fct_reconciliation_residuals_monthly {OF_MONTH}
            group by provider
        )
        select provider as key, ledger_usd, coalesce(explained_usd, 0) as explained_usd, unknown_usd, invoice_usd
        from marts.fct_coverage_monthly
        left join residuals using (provider) {OF_MONTH} and provider != 'all'
    """,
    "residuals": f"""
        select provider || '/' || residual_class as key, *
        from marts.fct_reconciliation_residuals_monthly {OF_MONTH}
    """,
    "teams": f"select team_id as key, * from marts.fct_team_spend_monthly {OF_MONTH}",
    "coverage": f"select provider as key, * from marts.fct_coverage_monthly {OF_MONTH}",
    "chargeback": f"select team_id as key, * from marts.fct_chargeback_monthly {OF_MONTH}",
    "findings": f"select finding_id as key, * from marts.fct_findings {OF_MONTH}",
    "scores": "select audit_surface as key, * from marts.fct_defect_score",
    "pools": f"select pool_id as key, * from marts.fct_gpu_pools_monthly {OF_MONTH}",
}


@dataclass
class Cell:
    table: str
    key: str
    column: str
    value: str
    text: str = ""


@dataclass
class Page(HTMLParser):
    """The cells that carry a value, and all text by the id of the element that it stands in."""

    source: str
    cells: list[Cell] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    marts: dict[str, str] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, str]] = []
        self._key, self._cell = "", None
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        if tag not in ("meta", "br", "link", "img"):
            self._open.append((tag, of.get("id", "")))
        if "data-mart" in of:
            self.marts[of["id"]] = of["data-mart"]
        self._key = of.get("data-key", self._key)
        if "data-value" in of:
            self._cell = Cell(self._inside(), self._key, of["data-column"], of["data-value"])
            self.cells.append(self._cell)

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1][0] == tag, self._open
        self._open.pop()
        if tag in ("td", "p"):
            self._cell = None

    def handle_data(self, data: str) -> None:
        for _, name in self._open:
            if name:
                self.texts[name] = self.texts.get(name, "") + data
        if self._cell is not None:
            self._cell.text += data.strip()

    def _inside(self) -> str:
        return next(name for _, name in reversed(self._open) if name)


@pytest.fixture(scope="session")
def page(demo: Build) -> Page:
    month, text = month_report.html(demo.ok().published)
    assert month == MONTH
    return Page(text)


@pytest.fixture
def copy(demo: Build, tmp_path: Path) -> Path:
    """A copy of the published file, to change."""
    return Path(shutil.copy(demo.ok().published, tmp_path / "ai_cost.duckdb"))


def changed(path: Path, *statements: str) -> Page:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return Page(month_report.html(path)[1])


def test_every_figure_is_that_of_its_mart(page: Page, demo: Build) -> None:
    numbers = [
        cell for cell in page.cells if cell.table in EXPECTED and re.fullmatch(r"-?[\d.]+", cell.value)
    ]
    assert {cell.table for cell in numbers} == set(EXPECTED)
    assert len(numbers) > 120
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        for cell in numbers:
            is_total = cell.key == "total" or (cell.table, cell.key) == ("invoices", "all")
            which = "true" if is_total else f"key = '{cell.key}'"
            found = connection.execute(
                f"select sum({cell.column}) from ({EXPECTED[cell.table]}) where {which}"
            ).fetchone()
            assert found is not None and Decimal(cell.value) == found[0], cell


def test_what_is_printed_is_the_value_rounded(page: Page) -> None:
    for cell in page.cells:
        if not cell.value or not re.fullmatch(r"-?[\d.]+", cell.value):
            continue
        value, text = Decimal(cell.value), cell.text.replace(",", "").replace("−", "-").replace("+", "")
        if text in ("<0.01", "<0.1%", ">99.9%") or text.endswith(" d"):
            continue
        unit = Decimal("0.1") if text.endswith("%") or cell.column == "score" else Decimal("0.01")
        exact = value * 100 if text.endswith("%") else value
        if cell.table == "gates" and not text.endswith("%"):
            unit = Decimal("0.000001")
        assert Decimal(text.rstrip("%")) == exact.quantize(unit, ROUND_HALF_UP), cell


def test_printed_rows_add_up_to_the_printed_total(page: Page) -> None:
    """With the row "Rounding", if there is one. Findings: only the largest are listed."""
    added = []
    for table in re.findall(r'<table id="(?!findings|scores)(\w+)".*?</table>', page.source, re.DOTALL):
        body = re.search(rf'<table id="{table}".*?</table>', page.source, re.DOTALL)
        assert body is not None
        rows = [
            [_printed(cell) for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
            for row in re.findall(r"<tr data-key.*?</tr>", body[0], re.DOTALL)
        ]
        if 'class="total"' not in body[0]:
            continue
        *parts, total = [row[1:] for row in rows]
        for column, printed in enumerate(total):
            if printed is not None:
                added.append(table)
                assert sum(row[column] or 0 for row in parts) == printed, (table, column)
    assert {"layers", "teams", "coverage", "invoices", "chargeback", "pools"} == set(added)
    assert 'data-key="rounding"' in page.source, "no table needs the row, so that it was not tried"


def _printed(cell: str) -> Decimal | None:
    """The amount in a cell; None for a share, a text or nothing."""
    text = (
        re.sub(r"<small>.*</small>|<[^>]*>", "", cell).strip().replace("\N{MINUS SIGN}", "-").replace(",", "")
    )
    text = "0.00" if text in ("<0.01", "&lt;0.01") else text.removeprefix("+")
    return Decimal(text) if re.fullmatch(r"-?\d+\.\d\d", text) else None


def test_the_first_page_has_the_headline(page: Page, demo: Build) -> None:
    figures = {cell.column: Decimal(cell.value) for cell in page.cells if cell.table == "figures"}
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        expected = connection.execute("""
            select
                (select sum(cost_usd) from marts.fct_team_spend_monthly where month = '2026-10-01'),
                (select invoice_usd from marts.fct_coverage_monthly where month = '2026-10-01' and provider = 'all'),
                (select coverage_share from marts.fct_coverage_monthly where month = '2026-10-01' and provider = 'all'),
                (select sum(monthly_savings_usd) from marts.fct_findings),
                (select score from marts.fct_defect_score where audit_surface = 'overall')
        """).fetchone()
    names = ("cost_usd", "invoice_usd", "coverage_share", "monthly_savings_usd", "score")
    assert figures == dict(zip(names, expected or (), strict=True))


def test_every_table_names_its_mart(page: Page) -> None:
    assert page.source.count("Source: marts.") == page.source.count("<table ") >= 9
    for mart in page.marts.values():
        assert f"Source: marts.{mart}." in page.source


def test_the_file_stands_alone(page: Page) -> None:
    assert not page.tags & {"script", "link", "img", "iframe", "object", "form", "a"}
    assert re.findall(r"https?:|//[a-z]|url\(|@import|src=|\son\w+=", page.source) == []
    assert len(page.source) < 200_000


def test_closed_books_say_so(page: Page) -> None:
    assert 'data-books="closed"' in page.source
    assert "The books are closed" in page.texts["books"]


def test_open_books_say_so_at_the_top_and_why(copy: Path) -> None:
    page = changed(
        copy,
        "update marts.audit_run set books_status = 'open'",
        "update marts.fct_gates set status = 'fail', figure = 0.25, look_first = 'the openai days; USD 99.00 open' "
        "where gate_id = 'reconciliation_gap' and provider = 'openai'",
    )
    assert "The books are open" in page.texts["books"]
    assert "Reconciliation gap, OpenAI: 25.0%" in page.texts["books"]
    assert "the openai days; USD 99.00 open" in page.texts["books"]
    assert page.source.index("The books are open") < page.source.index('id="figures"')
    assert "books are closed" not in page.source


def test_books_that_no_invoice_was_held_against_are_open_too(copy: Path) -> None:
    page = changed(copy, "update marts.audit_run set books_status = 'open'", "delete from marts.fct_gates")
    assert "no invoice was held against the ledger" in page.texts["books"]


@pytest.mark.parametrize(
    ("mart", "table", "said"),
    [
        ("fct_team_spend_monthly", "teams", "No cost in this month"),
        ("fct_coverage_monthly", "coverage", "No provider sent a bill"),
        ("fct_coverage_monthly", "invoices", "No provider sent an invoice"),
        ("fct_reconciliation_residuals_monthly", "residuals", "No invoice of this month to compare"),
        ("fct_chargeback_monthly", "chargeback", "Nothing to charge"),
        ("fct_findings", "findings", "None."),
        ("fct_gpu_pools_monthly", "pools", "No GPU telemetry and no training job"),
        ("fct_defect_score", "scores", "No check has a figure"),
        ("fct_gates", "gates", "No gate has run"),
        ("fct_cost_daily", "layers", "No cost in this month"),
    ],
)
def test_a_mart_without_rows_has_a_sentence(copy: Path, mart: str, table: str, said: str) -> None:
    page = changed(copy, f"delete from marts.{mart}")
    assert said in page.texts[table]
    assert table not in page.marts


def test_what_is_unknown_is_said_with_its_amount(copy: Path) -> None:
    page = changed(
        copy,
        "update marts.fct_team_spend_monthly set unpriced_request_count = 7, unpriced_gpu_hours = 2.5 "
        "where team_id = 'search' and month = '2026-10-01'",
        "update marts.fct_reconciliation_residuals_monthly set residual_usd = -12.345 "
        "where residual_class = 'unknown' and provider = 'google' and month = '2026-10-01'",
        "update marts.fct_coverage_monthly set billed_usd = null, invoice_usd = null "
        "where provider = 'bedrock' and month = '2026-10-01'",
        "update marts.audit_run set last_business_date = '2026-10-30'",
        "update marts.fct_gates set status = 'no_data', figure = null "
        "where gate_id = 'reconciliation_gap' and provider = 'bedrock'",
    )
    for said in (
        "7 requests have no price",
        "2.5 GPU-hours have no price",
        "USD −12.35 between the ledger and the invoice of Google is explained by nothing",
        "Amazon Bedrock sent no bill",
        "The month is not complete: the data runs from 2026-09-01 to 2026-10-30",
        "Without data, so not judged: reconciliation gap of Amazon Bedrock",
    ):
        assert said in page.texts["notes"]


def test_another_month_is_not_given_the_audit_months_judgement(demo: Build) -> None:
    month, text = month_report.html(demo.ok().published, date(2026, 9, 1))
    page = Page(text)
    assert month == date(2026, 9, 1)
    assert 'data-books="not_judged"' in text and "October 2026" in page.texts["books"]
    assert not {"findings", "scores", "gates"} & set(page.marts)
    assert {"teams", "coverage", "chargeback"} <= set(page.marts)


def test_a_name_is_text_and_nothing_else(copy: Path) -> None:
    page = changed(
        copy, "update marts.fct_findings set subject = '<script>alert(1)</script>&', evidence = '\"<b>'"
    )
    assert "script" not in page.tags and "b" not in page.tags
    assert "<script>alert(1)</script>&" in page.texts["findings"]


def test_the_same_audit_gives_the_same_file(page: Page, demo: Build) -> None:
    assert month_report.html(demo.published)[1] == page.source


def test_the_command_writes_the_file_and_says_where(demo: Build, tmp_path: Path) -> None:
    arguments = [
        "report",
        "month",
        "--warehouse",
        str(demo.ok().published),
        "--output",
        str(tmp_path / "a" / "r.html"),
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{tmp_path / 'a' / 'r.html'}\n"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["r.html"]
    for month, said in (("2024-01", "it has: 2026-09, 2026-10"), ("October", "write it as YYYY-MM")):
        refused = CliRunner().invoke(app, [*arguments[:2], month, *arguments[2:]])
        assert refused.exit_code == 2 and said in refused.stderr and refused.stderr.count("\n") == 1


def test_without_a_published_audit_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotReadable, match="make build"):
        month_report.html(tmp_path / "ai_cost.duckdb")


def test_without_a_browser_the_pdf_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(month_report.shutil, "which", lambda name: None)
    with pytest.raises(month_report.NoPdf, match="print it to a PDF"):
        month_report.write_pdf(tmp_path / "r.html", tmp_path / "r.pdf")


@pytest.mark.skipif(not any(map(shutil.which, month_report.BROWSERS)), reason="no Chromium or Chrome")
def test_the_pdf_is_one(page: Page, tmp_path: Path) -> None:
    month_report.write(page.source, tmp_path / "r.html")
    month_report.write_pdf(tmp_path / "r.html", tmp_path / "r.pdf")
    content = (tmp_path / "r.pdf").read_bytes()
    assert content.startswith(b"%PDF-") and len(re.findall(rb"/Type /Page\b", content)) >= 3


@pytest.mark.parametrize(
    ("largest", "step"),
    [
        ("0", "1"),
        ("0.03", "0.01"),
        ("7", "2"),
        ("2010", "500"),
        ("10000", "2000"),
        ("10001", "5000"),
        ("999999", "200000"),
    ],
)
def test_grid_lines_are_round(largest: str, step: str) -> None:
    assert charts.round_step(Decimal(largest)) == Decimal(step)


def test_a_column_is_as_long_as_its_amount() -> None:
    days = [date(2026, 10, 1), date(2026, 10, 2)]
    svg = charts.daily_columns(days, {"training": {days[0]: Decimal(50), days[1]: Decimal(100)}}, "x")
    heights = [float(height) for height in re.findall(r'height="([\d.]+)" fill="#d3a24c"', svg)]
    assert heights == [75, 150]  # the scale ends at 100


def test_the_days_of_the_chart_add_up_to_the_month(page: Page, demo: Build) -> None:
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        report = sections.load(connection, demo.published, None)
    months = {
        cell.key: Decimal(cell.value)
        for cell in page.cells
        if (cell.table, cell.column) == ("layers", "cost_usd") and cell.key != "total"
    }
    assert {layer: sum(of.values()) for layer, of in report.daily.items()} == months
    assert len(report.days) == 31


def test_dbt_knows_which_marts_the_report_reads() -> None:
    exposures = yaml.safe_load((ROOT / "models" / "marts" / "_exposures.yml").read_text())["exposures"]
    named = next(one["depends_on"] for one in exposures if one["name"] == "month_report")
    code = (ROOT / "ai_cost_audit" / "summary.py", ROOT / "ai_cost_audit" / "month_report" / "sections.py")
    read = {mart for path in code for mart in re.findall(r"(?:from|join) marts\.([a-z_]+)", path.read_text())}
    assert {re.sub(r"ref\('(.*)'\)", r"\1", ref) for ref in named} == read
