"""The page of the data shows what landed, what was rejected and what was captured twice."""

from __future__ import annotations

import pytest
from site_browser import PHONE, Opener, Page, Query

pytestmark = pytest.mark.slow

NAMES = {
    "gpu_jobs": "GPU jobs",
    "gpu_usage": "GPU usage",
    "litellm": "LiteLLM",
    "focus": "FOCUS",
    "openai": "OpenAI",
    "bedrock": "Amazon Bedrock",
}


def words(code: str) -> str:
    return NAMES.get(code, code.replace("_", " ").capitalize())


def shows_what_landed(page: Page, published: Query, condition: str = "true") -> None:
    rows = published(f"""
        select entity, format, sum(record_count), sum(rejected_record_count), sum(duplicate_capture_count),
            sum(staged_row_count), count(*), strftime(max(modified_at), '%Y-%m-%d %H:%M')
        from marts.fct_landed_files where {condition} group by 1, 2
    """)
    rows.sort(key=lambda row: (-row[2], words(row[0]), words(row[1])))
    page.shows_table(
        (
            "Kind of data",
            "Format",
            "Records",
            "Rejected",
            "Captured twice",
            "Rows read",
            "Files",
            "Last file, UTC",
        ),
        [(words(row[0]), words(row[1]), *(f"{n:,}" for n in row[2:7]), row[7]) for row in rows],
    )


def test_what_landed(open_page: Opener, published: Query) -> None:
    page = open_page("/data/")
    shows_what_landed(page, published)
    ((files, records, rejected, until),) = published("""
        select file_count, landed_record_count, rejected_record_count, strftime(last_business_date, '%Y-%m-%d')
        from marts.audit_run
    """)
    page.shows_value("Files", f"{files:,}")
    page.shows_value("Records", f"{records:,}")
    page.shows_value("Rejected", f"{rejected:,}")
    page.shows_value("Data until", until)
    if not rejected:
        page.shows_text("No record was rejected")


def test_a_kind_of_data_can_be_chosen(open_page: Opener, published: Query) -> None:
    page = open_page("/data/", PHONE)
    page.choose("Kind of data", "GPU usage")
    shows_what_landed(page, published, "entity = 'gpu_usage'")
    shows_what_landed(open_page("/data/?source=cloud_billing"), published, "entity = 'cloud_billing'")


def test_duplicates_and_silences(open_page: Opener, published: Query) -> None:
    page = open_page("/data/")
    rows = published("""
        select gateway, provider, model, count(*), strftime(min(requested_at), '%Y-%m-%d')
        from marts.fct_duplicate_captures group by 1, 2, 3
    """)
    shown = sorted((-n, words(gateway), words(who), model, first) for gateway, who, model, n, first in rows)
    page.shows_table(
        ("Model", "Records", "Gateway", "First"),
        [
            *((model, f"{-n:,}", gateway, first) for n, gateway, _, model, first in shown[:10]),
            ("Total", f"{sum(row[3] for row in rows):,}", "-", "-"),
        ],
    )
    silences = published("""
        select status, figure, gate_id, look_first from marts.fct_gates
        where gate_id in ('silent_provider', 'silent_report')
    """)
    assert silences
    for _, _, _, look_first in silences:
        page.shows_text(look_first)
