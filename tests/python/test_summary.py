"""The summary prints what the published marts hold: the same figures, readable, whatever is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from rich.cells import cell_len
from rich.console import Console

from ai_cost_audit import summary
from ai_cost_audit.summary import Money, NotReadable

MONTH = date(2026, 10, 1)
BEFORE = date(2026, 9, 1)

USD = "decimal(38, 12)"
SHARE = "decimal(18, 6)"
TABLES = {
    "audit_run": "audit_date date, audit_month date, books_status varchar, first_business_date date, "
    "last_business_date date, reporting_timezone varchar, project_version varchar, dbt_version varchar",
    "fct_cost_daily": f"date date, cost_layer varchar, cost_usd {USD}",
    "fct_reconciliation_residuals_monthly": "month date, provider varchar, residual_class varchar, "
    f"residual_usd {USD}",
    "fct_coverage_monthly": f"month date, provider varchar, billed_usd {USD}, invoice_usd {USD}, ledger_usd {USD}, "
    f"attributed_usd {USD}, unattributed_usd {USD}, coverage_share {SHARE}, verdict varchar, "
    f"traced_coverage_share {SHARE}",
    "fct_team_spend_monthly": f"month date, team_id varchar, team_name varchar, cost_usd {USD}, "
    f"previous_cost_usd {USD}, change_usd {USD}, share_of_total {SHARE}",
    "fct_route_overspend_monthly": f"month date, route_id varchar, model varchar, right_sized_model varchar, "
    f"current_cost_usd {USD}, overspend_usd {USD}, overspend_multiple {SHARE}, justified_premium_usd {USD}, "
    "verdict varchar, justification varchar, justified_until date",
    "fct_gpu_pools_monthly": f"month date, pool_id varchar, gpu_model varchar, purchase varchar, "
    f"utilization_share {SHARE}, cost_usd {USD}, waste_driver varchar, waste_driver_text varchar, "
    f"recoverable_usd {USD}, recoverable_share {SHARE}",
    "fct_findings": f"rank bigint, finding_type varchar, subject varchar, owner_team_id varchar, "
    f"amount_usd {USD}, monthly_savings_usd {USD}, effort_days decimal(9, 1), confidence varchar",
    "fct_defect_score": "audit_surface varchar, weight decimal(9, 6), check_count bigint, "
    "score decimal(9, 1), grade varchar",
    "fct_audit_checklist": "check_id varchar, audit_surface varchar, status varchar",
    "fct_gates": f"gate_id varchar, provider varchar, figure {SHARE}, warn_at {SHARE}, error_at {SHARE}, "
    "bad_when varchar, status varchar, look_first varchar",
    "fct_landed_files": "source_file varchar, status varchar, problem varchar, record_count bigint, "
    "rejected_record_count bigint, duplicate_capture_count bigint",
    "fct_flagged_bill_lines": "problem varchar",
}
RUN = (date(2026, 11, 3), MONTH, "closed", BEFORE, date(2026, 11, 3), "UTC", "0.1.0", "1.11.16")
LONG = "a_feature_with_a_very_long_name_that_nobody_shortened/and_a_workflow_with_a_name_as_long_as_that"

Rows = Sequence[tuple[Any, ...]]

FULL: dict[str, Rows] = {
    "audit_run": [(*RUN[:2], "open", *RUN[3:])],
    "fct_cost_daily": [
        (MONTH, "managed_api", "1000.334"),
        (date(2026, 10, 31), "self_hosted_inference", "2000.333"),
        (MONTH, "training", "500.334"),
        (BEFORE, "managed_api", "900.25"),
        (date(2026, 11, 1), "managed_api", "77777"),
    ],
    "fct_coverage_monthly": [
        (MONTH, "openai", "600.005", "600.005", "560.004", "540", "60.005", "0.899993", "healthy", "1"),
        (MONTH, "google", "400.005", "300", "400.004", "400.005", "0", "1", "governed", "0.999999"),
        (MONTH, "all", "1000.01", "900.005", "960.008", "940.005", "60.005", "0.939996", "governed", "0.999999"),
        (BEFORE, "all", "1", "1", "1", "1", "0", "1", "governed", "1"),
    ],
    "fct_reconciliation_residuals_monthly": [
        (MONTH, "google", "credit", "-100.005"),
        (MONTH, "google", "rounding", "0.001"),
        (MONTH, "google", "unknown", "0"),
        (MONTH, "openai", "not_captured", "40.005"),
        (MONTH, "openai", "unknown", "-0.004"),
        (BEFORE, "openai", "unknown", "7"),
    ],
    "fct_team_spend_monthly": [
        (MONTH, "search", "Search", "3000.667", "900.25", "2100.417", "0.857"),
        (MONTH, "growth", LONG, "500.334", "0", "500.334", "0.143"),
        (MONTH, "unattributed", "Unattributed", "0", "0", "0", "0"),
    ],
    "fct_route_overspend_monthly": [
        (MONTH, LONG, "big", "small", "172.79", "163.57", "18.739844", "0", "proven", None, None),
        (MONTH, "chat/answer", "big", "big", "90", "0", "1", "45.5", "justified", "Contract",
         date(2027, 6, 30)),
        (MONTH, "new/route", "big", "big", "5", "0", "1", "0", "unclassified", None, None),
    ],
    "fct_gpu_pools_monthly": [
        (MONTH, "train", "A100-80GB", "reserved", None, "500.334", "orphaned_no_auto_stop",
         "orphaned, no auto-stop", "106.08", "0.223"),
        (MONTH, "mystery", "B900", None, "0.5", None, "unpriced", "no price for this GPU model", None, None),
    ],
    "fct_findings": [
        (1, "orphaned_training_job", "job-1", "research", "106.08", "106.08", "1.0", "high"),
        (2, "untraced_provider_spend", LONG, None, "60.005", "0", "0.5", "medium"),
    ],
    "fct_defect_score": [
        ("overall", "1", 3, "85.0", "managed"),
        ("gpu_idle", "0.15", 2, "50.0", "at_risk"),
        ("token_attribution", "0.3", 1, "100.0", "optimised"),
    ],
    "fct_audit_checklist": [
        ("orphaned_jobs", "gpu_idle", "fail"),
        ("idle_gpus", "gpu_idle", "warn"),
        ("coverage", "token_attribution", "pass"),
    ],
    "fct_gates": [
        ("coverage_floor", "all", "0.94", "0.7", "0.4", "below", "pass", "nothing"),
        ("reconciliation_gap", "openai", "0.11", "0.02", "0.1", "above", "fail", "the openai days"),
        ("silent_provider", "google", "2", "1", "3", "above", "warn", "the google export"),
        ("reconciliation_gap", "mistral", None, "0.02", "0.1", "above", "no_data", "the mistral invoice"),
    ],
    "fct_landed_files": [
        ("gateway_traces/generic/a.jsonl", "ok", None, 1000, 0, 3),
        ("gateway_traces/generic/b.jsonl", "repaired", "line 2: half a line", 10, 1, 0),
    ],
    "fct_flagged_bill_lines": [("a usage below zero",)],
}  # fmt: skip


def publish(folder: Path, tables: dict[str, Rows]) -> Path:
    """A published file with these rows; the other marts are there and empty."""
    path = folder / "ai_cost.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        for name, columns in TABLES.items():
            connection.execute(f"create table marts.{name} ({columns})")
            for row in tables.get(name, ()):
                connection.execute(f"insert into marts.{name} values ({', '.join('?' * len(row))})", row)
    return path


def lines_of(path: Path, width: int = 80, month: date | None = None, checked: Any = None) -> list[str]:
    return summary.as_text(summary.load(path, month), width, checked).splitlines()


def section(lines: list[str], heading: str) -> list[str]:
    """The lines of a section, without its heading."""
    start = next(number for number, line in enumerate(lines) if line.startswith(heading))
    after = (n for n, line in enumerate(lines) if n > start and line and not line.startswith(" "))
    return [line for line in lines[start + 1 : next(after, len(lines))] if line.strip()]


def cells(line: str) -> list[str]:
    return re.split(r" {2,}", line.strip())


def amounts(rows: list[list[str]], column: int) -> list[Decimal]:
    return [Decimal(row[column].replace(",", "").replace("+", "")) for row in rows]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("full"), FULL)


def test_every_line_fits_80_columns_and_is_plain_ascii_when_piped(full: Path) -> None:
    lines = lines_of(full)
    assert len(lines) > 60
    for line in lines:
        if str(full) not in line:  # a path is never broken
            assert len(line) <= 80, line
        assert line.isascii() and "\x1b" not in line
        assert line == line.rstrip()


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_amounts_are_whole_at_every_width(full: Path, width: int) -> None:
    text = "\n".join(lines_of(full, width))
    for amount in ("1,000.33", "2,000.33", "500.33", "3,501.00", "2,100.42", "163.57", "18.7x", "106.08"):
        assert amount in text
    assert all(len(line) <= width for line in text.splitlines() if str(full) not in line)


def test_long_names_lose_their_middle_and_nothing_else(full: Path) -> None:
    route = next(line for line in section(lines_of(full), "Routes") if "163.57" in line)
    name = cells(route)[0]
    assert "..." in name and LONG.startswith(name.split("...")[0]) and LONG.endswith(name.split("...")[1])
    assert cells(route)[1:] == ["172.79", "163.57", "18.7x", "proven"]
    assert LONG in "\n".join(lines_of(full, 240))


def test_header_names_the_books_and_the_failed_gates(full: Path) -> None:
    header = lines_of(full)[:5]
    assert header[0] == "AI cost audit of October 2026"
    assert header[1] == "  Books open, failed gates: reconciliation_gap (openai)"
    assert "2026-11-03" in header[2] and "0.1.0" in header[3]


def test_layers_are_rounded_by_themselves_and_the_rounding_is_a_row(full: Path) -> None:
    rows = [cells(line) for line in section(lines_of(full), "Cost by layer")[2:] if "---" not in line]
    assert [row[0] for row in rows] == [
        "Managed API", "Self-hosted inference", "Training", "Rounding", "Total",
    ]  # fmt: skip
    assert rows[0] == ["Managed API", "1,000.33", "900.25", "+100.08", "+11.1%"]
    assert rows[3] == ["Rounding", "+0.01", "0.00", "+0.01", "-"]
    assert rows[-1][1:] == ["3,501.00", "900.25", "+2,600.75", "+288.9%"]  # the later month does not count
    for column in (1, 2, 3):
        *parts, total = amounts(rows, column)
        assert sum(parts) == total


def test_coverage_shows_invoice_dollars_and_the_traced_share_beside_it(full: Path) -> None:
    lines = section(lines_of(full), "Coverage")
    rows = [cells(line) for line in lines[2:7] if "---" not in line]
    assert rows[0] == ["openai", "600.01", "540.00", "60.01", "90.0%", "healthy", "100.0%"]
    assert rows[-2][0] == "Rounding"
    assert rows[-1] == ["all", "1,000.01", "940.01", "60.01", "94.0%", "governed", ">99.9%"]
    for column in (1, 2, 3):
        *parts, total = amounts(rows, column)
        assert sum(parts) == total
    assert any("900.0" in line for line in lines[6:])  # the invoice, with its credit


def test_the_ledger_and_what_parts_it_from_the_invoices_add_up_to_them(full: Path) -> None:
    lines = section(lines_of(full), "From the ledger")
    rows = [cells(line) for line in lines[2:] if "---" not in line and line.strip()][:6]
    assert [row[0] for row in rows] == [
        "ledger", "google: credit", "openai: not captured", "1 smaller difference", "unknown", "invoices",
    ]  # fmt: skip
    *parts, invoices = amounts(rows, 1)
    assert sum(parts) == invoices == Decimal("900.01")


def test_teams_show_the_change(full: Path) -> None:
    rows = [cells(line) for line in section(lines_of(full), "Teams")[2:] if "---" not in line]
    assert rows[0] == ["Search", "3,000.67", "+2,100.42", "+233.3%", "85.7%"]
    assert rows[1][1:] == ["500.33", "+500.33", "-", "14.3%"]
    assert [row[0] for row in rows[2:]] == ["Unattributed", "Total"]
    assert rows[-1][1] == "3,501.00"


def test_many_teams_fold_into_one_row_that_keeps_the_total(tmp_path: Path) -> None:
    teams = [(MONTH, f"t{n:02}", f"Team {n:02}", str(100 - n), None, None, "0.02") for n in range(30)]
    teams.append((MONTH, "unattributed", "Unattributed", "1", None, None, "0.02"))
    path = publish(tmp_path, {**FULL, "fct_team_spend_monthly": teams})
    rows = [cells(line) for line in section(lines_of(path), "Teams")[2:] if "---" not in line]
    assert [row[0] for row in rows[-3:]] == ["10 other teams", "Unattributed", "Total"]
    *parts, total = amounts(rows, 1)
    assert len(parts) == 22 and sum(parts) == total == Decimal(sum(100 - n for n in range(30)) + 1)
    assert rows[-1][2:4] == ["-", "-"]  # no month before


def test_justified_routes_stand_apart_with_their_premium(full: Path) -> None:
    lines = section(lines_of(full), "Routes")
    apart = next(number for number, line in enumerate(lines) if "Justified" in line)
    assert not any("chat/answer" in line for line in lines[:apart])
    assert cells(lines[apart + 3]) == ["chat/answer", "90.00", "45.50", "2027-06-30"]
    assert any("  1 route has no task class" in line for line in lines)


def test_pools_without_a_price_or_telemetry_say_so(full: Path) -> None:
    lines = section(lines_of(full), "GPU pools")
    train = next(line for line in lines if "train" in line)
    assert cells(train) == ["train", "-", "500.33", "106.08", "22.3%"]
    assert "orphaned, no auto-stop" in lines[3] + lines[4]
    mystery = next(line for line in lines if "mystery" in line)
    assert cells(mystery) == ["mystery", "50.0%", "-", "-", "-"]


def test_findings_keep_rank_amounts_owner_and_effort(full: Path) -> None:
    lines = section(lines_of(full), "Findings")
    assert cells(lines[2]) == ["1 job-1", "106.08", "106.08", "1 d", "high"]
    assert lines[3].strip() == "orphaned training job; owner research"
    assert cells(lines[4])[1:] == ["60.01", "0.00", "0.5 d", "medium"]
    wide = section(lines_of(full, 140), "Findings")
    assert cells(wide[2]) == [
        "1 job-1",
        "orphaned training job",
        "research",
        "106.08",
        "106.08",
        "1 d",
        "high",
    ]


def test_score_names_what_did_not_pass_and_ends_with_overall(full: Path) -> None:
    lines = section(lines_of(full), "Score")
    assert cells(lines[2]) == ["Token attribution", "30.0%", "100.0", "optimised", "-"]
    assert cells(lines[3]) == ["GPU idle", "15.0%", "50.0", "at_risk", "orphaned_jobs, idle_gpus (warn)"]
    assert cells(lines[-1])[:4] == ["Overall", "100.0%", "85.0", "managed"]


def test_gates_that_pass_are_only_counted(full: Path) -> None:
    lines = section(lines_of(full), "Gates")
    assert lines[0].strip() == "1 pass, 1 warn, 1 fail, 1 no data"
    assert lines[1].strip() == "FAIL reconciliation_gap openai: 11.0% (warn above 2.0%, fail above 10.0%)"
    assert lines[2].strip() == "look first at the openai days"
    assert lines[3].strip() == "WARN silent_provider google: 2 (warn above 1, fail above 3)"
    assert lines[5].strip() == "NO DATA reconciliation_gap mistral"
    assert not any("coverage_floor" in line for line in lines)


def test_landing_health_and_the_last_check(full: Path) -> None:
    checks = [SimpleNamespace(status=status) for status in ("pass", "pass", "fail")]
    lines = section(lines_of(full, checked=SimpleNamespace(status="fail", files=checks)), "Landing zone")
    assert lines[0].strip() == "2 files, 1,010 records, 1 rejected, 3 duplicate captures dropped"
    assert "b.jsonl: line 2: half a line; 1 record rejected" in lines[1]
    assert lines[2].strip() == "1 bill line has an odd sign: see marts.fct_flagged_bill_lines"
    assert lines[-1].strip() == "Last `ai-cost check`: fail. 3 files: 2 pass, 0 warn, 1 fail"
    assert "has not been run" in section(lines_of(full), "Landing zone")[-1]


def test_another_month_is_shown_and_says_what_is_of_the_audit_month(full: Path) -> None:
    lines = lines_of(full, month=BEFORE)
    assert lines[0] == "AI cost audit of September 2026"
    assert any(line.startswith("Findings of the audit month 2026-10") for line in lines)
    total = cells(section(lines, "Cost by layer")[-1])
    assert total == ["Total", "900.25", "-", "-", "-"]
    with pytest.raises(NotReadable, match="no month 2025-01; it has: 2026-09, 2026-10, 2026-11"):
        summary.load(full, date(2025, 1, 1))


def test_an_almost_empty_warehouse_says_no_data(tmp_path: Path) -> None:
    lines = lines_of(publish(tmp_path, {"audit_run": [RUN], "fct_cost_daily": FULL["fct_cost_daily"][:1]}))
    for heading in ("Coverage", "Teams", "Routes", "GPU pools", "Score", "Gates"):
        assert section(lines, heading)[0].strip().startswith("no data"), heading
    assert section(lines, "Findings") == ["  none"]
    assert cells(section(lines, "Cost by layer")[2]) == ["Managed API", "1,000.33", "-", "-", "-"]


@pytest.mark.parametrize("run", [[], [(None, None, "closed", None, None, "UTC", "0.1.0", "1.11.16")]])
def test_a_warehouse_without_a_date_is_no_error(tmp_path: Path, run: Rows) -> None:
    lines = lines_of(publish(tmp_path, {"audit_run": run}))
    assert lines[0] == "AI cost audit"
    assert any("No record has a date yet" in line for line in lines)
    assert any("0 files, 0 records" in line for line in lines)


def test_reading_changes_nothing(full: Path) -> None:
    before = full.read_bytes()
    summary.load(full)
    assert full.read_bytes() == before
    assert [path.name for path in full.parent.iterdir()] == ["ai_cost.duckdb"]


def test_unreadable_files_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotReadable, match="no published audit at .*: run `make build`"):
        summary.load(tmp_path / "none.duckdb")
    text = tmp_path / "text.duckdb"
    text.write_text("not a database " * 1000)
    with pytest.raises(NotReadable, match="cannot be read"):
        summary.load(text)
    other = tmp_path / "other.duckdb"
    duckdb.connect(str(other)).close()
    with pytest.raises(NotReadable, match="another version"):
        summary.load(other)


def test_a_terminal_gets_colour_and_rules(full: Path) -> None:
    console = Console(force_terminal=True, width=80, color_system="standard", highlight=False, markup=False)
    with console.capture() as capture:
        summary.render(summary.load(full), console)
    assert "\x1b[" in capture.get()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", capture.get()).splitlines()
    assert any("─" in line for line in plain)
    assert all(cell_len(line) <= 80 for line in plain if str(full) not in line)


def test_names_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    evil = (MONTH, "evil", "\x1b[31m[bold]x[/bold]\n", "1", None, None, "1")
    text = "\n".join(lines_of(publish(tmp_path, {**FULL, "fct_team_spend_monthly": [evil]})))
    assert "\x1b" not in text and "?[31m[bold]x[/bold]?" in text


@pytest.mark.parametrize(
    ("amounts_usd", "total", "rounding"),
    [
        (["0.334", "0.333", "0.333"], "1", "0.01"),
        (["0.335", "0.335", "0.335"], "1.005", "-0.01"),
        (["-0.005", "0.005"], "0", "0"),
        (["5.004", None, "0.001"], "5.005", "0.01"),
        (["1", "1"], "9", "0"),  # not the sum of its parts: no matter of rounding
        (["1", None], None, "0"),
    ],
)
def test_what_rounding_takes_from_a_total(
    amounts_usd: list[str | None], total: str | None, rounding: str
) -> None:
    given = [None if amount is None else Decimal(amount) for amount in amounts_usd]
    lacks = Money(Decimal("0.01")).rounding(given, None if total is None else Decimal(total))
    assert lacks == Decimal(rounding)


def test_money_and_shares_never_round_something_to_nothing() -> None:
    cents, dollars = Money.of([Decimal("99999.99"), None]), Money.of([Decimal(-100_000)])
    assert (
        cents.text(Decimal("99999.99")) == "99,999.99" and dollars.text(Decimal("1234567.5")) == "1,234,568"
    )
    assert cents.text(Decimal("0.004")) == "<0.01" and dollars.text(Decimal("-0.3")) == ">-1"
    assert cents.text(None) == "-" and cents.text(Decimal(0), signed=True) == "0.00"
    assert summary.percent(Decimal("0.99996")) == ">99.9%" and summary.percent(Decimal(1)) == "100.0%"
    assert (
        summary.percent(Decimal("0.0001")) == "<0.1%"
        and summary.percent(Decimal("-0.25"), signed=True) == "-25.0%"
    )
