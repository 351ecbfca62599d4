"""The comparison itself: what counts as a difference, as explained, as gone; the classes of the usage log."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ai_cost_audit import parity, parity_aider
from ai_cost_audit.parity import Compared, Known, Parity


def compared(case: str, is_equal: bool) -> Compared:
    return Compared("litellm", "openai", case, "openai/m", "1", "2", is_equal)


def test_a_difference_is_listed_or_open_and_a_listed_one_can_be_gone() -> None:
    known = [Known("litellm", case, "openai/m", "ours", "because") for case in ("listed", "gone")]
    found = Parity([compared("equal", True), compared("listed", False), compared("open", False)], known)
    assert [one.case for one in found.unlisted()] == ["open"]
    assert [one.case for one in found.gone()] == ["gone"]
    reasons = [found.reason(one) for one in found.compared]
    assert reasons == [None, known[0], None]


def test_each_known_difference_is_listed_once_with_a_reason() -> None:
    known = parity.known_differences()
    assert len({one.key for one in known}) == len(known)
    assert [one for one in known if not (one.reason.strip() and one.whose.strip())] == []
    assert {one.comparison for one in known} <= {"litellm", "genai-prices", "tokens", "usage records"}


def test_missing_clients_say_how_to_get_them(tmp_path: Any) -> None:
    with pytest.raises(parity.NotReady, match="make clients"):
        parity.measure(tmp_path, None, tmp_path / "python")


def test_the_librarys_counters_become_disjoint() -> None:
    counted = parity.library_counts(
        {
            "input_tokens": 100,
            "cache_read_tokens": 60,
            "cache_write_tokens": 10,
            "input_audio_tokens": 30,
            "cache_audio_read_tokens": 20,
            "output_tokens": 7,
        }
    )
    assert counted == {
        "uncached": 30,
        "cache read": 60,
        "cache write": 10,
        "output": 7,
        "input_audio_tokens": 10,
        "input_image_tokens": 0,
        "output_audio_tokens": 0,
        "web_search_count": 0,
    }


CALL: dict[str, Any] = {
    "requested_model": "claude-3-5-sonnet",
    "provider": "anthropic",
    "model_resolution": "exact",
    "pricing_status": "priced",
    "is_nameless": False,
    "tokens_in": 1_000,
    "tokens_out": 100,
    "ledger_usd": Decimal("0.0045"),
    "reported_usd": Decimal("0.0045"),
    "input_rate": Decimal("0.000003"),
    "read_rate": Decimal("0.0000003"),
    "write_rate": Decimal("0.00000375"),
    "output_rate": Decimal("0.000015"),
    "has_changed_since": False,
}
WITHOUT_CACHE = {"read_rate": Decimal("0.000003"), "write_rate": Decimal("0.000003")}


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({}, "equal, exact name"),
        ({"model_resolution": "rule"}, "equal, alias"),
        ({"has_changed_since": True}, "equal, price cut since"),
        ({"reported_usd": Decimal(0)}, "free tier"),
        ({"reported_usd": Decimal("0.00369")}, "cache read"),  # 300 tokens at a tenth
        ({"reported_usd": Decimal("0.00465")}, "cache write"),  # 200 tokens at a quarter more
        ({"reported_usd": Decimal("0.0045") + Decimal("0.00012")}, "cache write"),
        ({"reported_usd": Decimal("0.004338")}, "cache read"),
        ({"reported_usd": Decimal("0.0042810012345")}, "unexplained"),  # no whole number of tokens
        ({**WITHOUT_CACHE, "reported_usd": Decimal("0.0045192")}, "cache hits counted twice"),  # 64 tokens
        ({"tokens_in": 0, "tokens_out": 0}, "no token"),
        ({"provider": "self_hosted", "ledger_usd": None}, "own machine"),
        ({"pricing_status": "unpriced", "ledger_usd": None}, "no price"),
        ({"pricing_status": "unpriced", "ledger_usd": None, "is_nameless": True}, "no price, redacted"),
        (
            {"requested_model": "mistral/codestral-latest", "reported_usd": Decimal("0.0013")},
            "another price",
        ),
    ],
)
def test_the_class_of_a_call(changed: dict[str, Any], name: str) -> None:
    assert parity_aider.class_of(CALL | changed) == name
