"""LiteLLM's map as the second source: what is read from it, what it fills, and where it gives way.

The maps here are small and made up, in the shape of the real file.
"""

from __future__ import annotations

import csv
import gzip
import json
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ai_cost_audit import cli, prices, settings
from ai_cost_audit.prices import OPEN_START, Price, PriceRow, SeriesKey, litellm_map
from ai_cost_audit.prices.litellm_map import Names
from ai_cost_audit.prices.sheet import AT_OR_ABOVE

REFERENCE = Path(__file__).parents[2] / "seeds" / "reference"
MARCH, JUNE, SEPTEMBER = date(2026, 3, 1), date(2026, 6, 1), date(2026, 9, 1)
NO_NAMES = Names([], [])
SHEET = prices.read_sheet(REFERENCE / "model_prices.csv")
MODELS = {(row.key[0], row.key[1]) for row in SHEET}

SONNET: dict[str, Any] = {
    "litellm_provider": "anthropic",
    "mode": "chat",
    "input_cost_per_token": 3e-06,
    "output_cost_per_token": 1.5e-05,
    "cache_read_input_token_cost": 3e-07,
    "cache_creation_input_token_cost": 3.75e-06,
    "cache_creation_input_token_cost_above_1hr": 6e-06,
    "input_cost_per_token_above_200k_tokens": 6e-06,
    "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 1.2e-05,
    "input_cost_per_token_batches": 1.5e-06,
    "output_cost_per_token_batches": 7.5e-06,
    "search_context_cost_per_query": {
        "search_context_size_low": 0.01,
        "search_context_size_medium": 0.01,
        "search_context_size_high": 0.01,
    },
}
GPT: dict[str, Any] = {
    "litellm_provider": "openai",
    "mode": "chat",
    "input_cost_per_token": 2e-06,
    "output_cost_per_token": 8e-06,
    "cache_read_input_token_cost": 5e-07,
    "input_cost_per_token_priority": 4e-06,
    "output_cost_per_token_priority": 1.6e-05,
    "input_cost_per_audio_token": 4e-05,
    "input_cost_per_image": 0.01,
}


def write_map(path: Path, models: dict[str, dict[str, Any]]) -> Path:
    path.write_text(json.dumps(models), encoding="utf-8")
    return path


def stated(
    tmp_path: Path, models: dict[str, dict[str, Any]], names: Names = NO_NAMES, all_models: bool = False
) -> dict[SeriesKey, str]:
    """What a map says, price as text."""
    edition = prices.read_map(write_map(tmp_path / "map.json", models), MARCH)
    found = litellm_map.stated_prices(edition, names, all_models)
    return {key: prices.plain_decimal(price.usd_per_unit) for key, price in found.items()}


def test_keys_become_meters_tiers_and_thresholds(tmp_path: Path) -> None:
    found = stated(tmp_path, {"sample_spec": {"input_cost_per_token": 1}, "claude-sonnet-9": SONNET})
    model = ("anthropic", "claude-sonnet-9")
    assert found == {
        (*model, "input", "standard", 0): "0.000003",
        (*model, "output", "standard", 0): "0.000015",
        (*model, "cache_read", "standard", 0): "0.0000003",
        (*model, "cache_write_5m", "standard", 0): "0.00000375",
        (*model, "cache_write_1h", "standard", 0): "0.000006",
        (*model, "input", "standard", 200_000): "0.000006",
        (*model, "cache_write_1h", "standard", 200_000): "0.000012",
        (*model, "web_search", "standard", 0): "0.01",
        (*model, "input", "batch", 0): "0.0000015",
        (*model, "output", "batch", 0): "0.0000075",
        (*model, "web_search", "batch", 0): "0.01",
    }


def test_priority_takes_from_standard_what_it_does_not_state_and_images_are_not_tokens(
    tmp_path: Path,
) -> None:
    found = stated(tmp_path, {"gpt-9": GPT})
    assert found["openai", "gpt-9", "input", "priority", 0] == "0.000004"
    assert found["openai", "gpt-9", "cache_read", "priority", 0] == "0.0000005"
    assert found["openai", "gpt-9", "input_audio", "standard", 0] == "0.00004"
    assert not any(key[2] == "input_image" for key in found)
    assert not any(key[3] == "batch" for key in found)


def test_a_threshold_is_the_providers_figure(tmp_path: Path) -> None:
    """xAI's price holds from 200,000 tokens on: genai-prices writes that as above 199,999."""
    grok = {**GPT, "litellm_provider": "xai", "input_cost_per_token_above_200k_tokens": 4e-06}
    found = stated(tmp_path, {"xai/grok-9": grok})
    assert found["xai", "grok-9", "input", "standard", 200_000] == "0.000004"
    assert {row.key[4] for row in SHEET if row.key[0] == "xai"} == {0, 200_000}


def test_openrouters_models_keep_their_full_names(tmp_path: Path) -> None:
    theirs = {**GPT, "litellm_provider": "openrouter"}
    models = {
        "openrouter/openai/gpt-9": theirs,
        "openrouter/anthropic/claude-4.5-sonnet-20250929": theirs,
        "openrouter/openai/gpt-9:free": {**theirs, "input_cost_per_token": 0, "output_cost_per_token": 0},
        "openrouter/somebody/a-model": theirs,
    }
    sonnet = "anthropic/claude-sonnet-4.5"
    names = Names([("openrouter", sonnet)], [("openrouter", "anthropic/claude-4.5-sonnet-20250929", sonnet)])
    found = stated(tmp_path, models, names)
    assert {key[:2] for key in found} == {("openrouter", "openai/gpt-9"), ("openrouter", sonnet)}


def test_ranges_become_thresholds(tmp_path: Path) -> None:
    ranges = [
        {"range": [0, 32_000], "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
        {"range": [32_000, 128_000], "input_cost_per_token": 3e-06, "output_cost_per_token": 6e-06},
    ]
    qwen = {"litellm_provider": "dashscope", "mode": "chat", "tiered_pricing": ranges}
    found = stated(tmp_path, {"dashscope/qwen-9": qwen}, all_models=True)
    assert found["dashscope", "qwen-9", "input", "standard", 0] == "0.000001"
    assert found["dashscope", "qwen-9", "output", "standard", 32_000] == "0.000006"


def test_what_says_no_price_is_left_out(tmp_path: Path) -> None:
    models = {
        "gpt-9-free": {**GPT, **dict.fromkeys([key for key in GPT if "cost" in key], 0)},
        "gpt-9-backwards": {**GPT, "output_cost_per_token": 1e-06},
        "gpt-9-image-1": {**GPT, "mode": "image_generation"},
        "gpt-9-text": {**GPT, "input_cost_per_token": "soon", "output_cost_per_token": None},
        "gpt-9-below": {**GPT, "input_cost_per_token": -1},
        "deepseek/deepseek-v9": {**GPT, "litellm_provider": "deepseek", "off_peak_pricing": {}},
        "azure/eu/gpt-9": {**GPT, "litellm_provider": "azure"},
        "us-gov.anthropic.claude-opus-9": {**SONNET, "litellm_provider": "bedrock"},
        "ft:gpt-9": GPT,
    }
    found = stated(tmp_path, models)
    assert {key[1:4:2] for key in found} == {("gpt-9-backwards", "priority")}


def test_keys_of_one_model_are_one_model(tmp_path: Path) -> None:
    dear = {**SONNET, "litellm_provider": "bedrock_converse", "input_cost_per_token": 3.3e-06}
    models = {
        "anthropic.claude-sonnet-4-5-20250929-v1:0": {**SONNET, "litellm_provider": "bedrock_converse"},
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0": dear,
        "global.anthropic.claude-sonnet-4-5-20250929-v1:0": {
            **SONNET,
            "litellm_provider": "bedrock_converse",
        },
        "gpt-9-2026-01-01": {**GPT, "input_cost_per_token": 1e-06},
        "gpt-9": GPT,
        "gemini-flash-latest": {**GPT, "litellm_provider": "gemini"},
    }
    names = Names(
        [
            ("bedrock", "claude-sonnet-4-5"),
            ("bedrock", "global.anthropic.claude-sonnet-4-5-v1:0"),
            ("google", "gemini-9"),
        ],
        [("google", "gemini-flash-latest", "gemini-9")],
    )
    found = stated(tmp_path, models, names)
    assert {key[:2]: usd for key, usd in found.items() if key[2:] == ("input", "standard", 0)} == {
        ("bedrock", "claude-sonnet-4-5"): "0.0000033",
        ("bedrock", "global.anthropic.claude-sonnet-4-5-v1:0"): "0.000003",
        ("openai", "gpt-9"): "0.000002",
    }


def test_the_map_is_read_from_a_wheel_and_a_packed_file(tmp_path: Path) -> None:
    text = json.dumps({"gpt-9": GPT})
    wheel = tmp_path / "litellm-1.2.3-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        entry = zipfile.ZipInfo("litellm/model_prices_and_context_window_backup.json", (2026, 3, 2, 0, 0, 0))
        archive.writestr(entry, text)
    packed = tmp_path / "map_v1.2.4.json.gz"
    packed.write_bytes(gzip.compress(text.encode()))

    assert (prices.read_map(wheel).as_of, prices.read_map(wheel).source) == (
        date(2026, 3, 2),
        "litellm 1.2.3",
    )
    assert (prices.read_map(packed, MARCH).as_of, prices.read_map(packed, MARCH).source) == (
        MARCH,
        "litellm 1.2.4",
    )
    assert (
        prices.read_map(write_map(tmp_path / "map.json", {"gpt-9": GPT}), MARCH).source
        == "litellm 2026-03-01"
    )


@pytest.mark.parametrize("content", ["", "[]", '{"gpt-9": 1}', "not json"])
def test_another_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "map.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="not LiteLLM's price map"):
        prices.read_map(path)
    with pytest.raises(ValueError, match="no file"):
        prices.read_map(tmp_path / "nowhere.json")


KEY: SeriesKey = ("p", "m", "input", "standard", 0)


def price(usd: str, source: str = "litellm 1.2.3") -> Price:
    return Price(Decimal(usd), "token", source, "2026-01-01")


def row(
    usd: str, start: date, end: date | None = None, key: SeriesKey = KEY, source: str = "genai-prices 1"
) -> PriceRow:
    return PriceRow(key, price(usd, source), start, end)


def filled(
    rows: list[PriceRow],
    says: dict[SeriesKey, str],
    as_of: date = JUNE,
    since: date = MARCH,
    key: SeriesKey = KEY,
) -> list[tuple[str, str, str, str]]:
    """(price, from, until, source) of a series after a map, checked to be stable under the same map."""
    edition = {one: price(usd) for one, usd in says.items()}
    once = prices.fill(rows, edition, as_of, since)
    assert sorted(prices.fill(once, edition, as_of, since), key=repr) == sorted(once, key=repr)
    return [
        (
            str(one.price.usd_per_unit),
            str(one.effective_from),
            str(one.effective_until or ""),
            one.price.source.split()[0],
        )
        for one in sorted(once, key=lambda one: one.effective_from)
        if one.key == key
    ]


def test_genai_prices_counts_where_both_state_a_price() -> None:
    assert filled([row("2", OPEN_START)], {KEY: "3"}) == [("2", "2020-01-01", "", "genai-prices")]


def test_a_period_that_genai_prices_does_not_state_is_filled() -> None:
    assert filled([row("2", JUNE)], {KEY: "3"}) == [
        ("3", "2026-03-01", "2026-06-01", "litellm"),
        ("2", "2026-06-01", "", "genai-prices"),
    ]


def test_the_first_map_counts_from_before_any_data_and_a_later_one_from_the_map_before_it() -> None:
    assert filled([], {KEY: "3"}, since=OPEN_START) == [("3", "2020-01-01", "", "litellm")]
    assert filled([], {KEY: "3"}) == [("3", "2026-03-01", "", "litellm")]


def test_a_changed_price_ends_the_old_row_on_the_day_of_the_map() -> None:
    before = [row("3", MARCH, source="litellm 1.2.2")]
    assert filled(before, {KEY: "4"}) == [
        ("3", "2026-03-01", "2026-06-01", "litellm"),
        ("4", "2026-06-01", "", "litellm"),
    ]


def test_a_meter_that_a_map_drops_ends_and_goes_on_where_it_ended() -> None:
    other: SeriesKey = ("p", "m", "output", "standard", 0)
    before = [row("3", MARCH, source="litellm 1.2.2")]
    dropped = [("3", "2026-03-01", "2026-06-01", "litellm")]
    assert filled(before, {other: "9"}) == dropped
    ended = [row("3", MARCH, JUNE, source="litellm 1.2.2")]
    assert filled(ended, {KEY: "5"}, as_of=SEPTEMBER, since=JUNE) == [
        *dropped,
        ("5", "2026-06-01", "", "litellm"),
    ]


def test_a_model_that_left_the_map_keeps_its_price() -> None:
    other: SeriesKey = ("p", "another", "input", "standard", 0)
    before = [row("3", MARCH, source="litellm 1.2.2")]
    assert filled(before, {other: "9"}) == [("3", "2026-03-01", "", "litellm")]


def test_a_threshold_does_not_split_a_price_that_genai_prices_states_for_any_context() -> None:
    above: SeriesKey = ("p", "m", "input", "standard", 200_000)
    cached: SeriesKey = ("p", "m", "cache_read", "standard", 0)
    rows = [row("2", OPEN_START)]
    assert filled(rows, {KEY: "2", above: "4"}, key=above) == []
    assert filled(rows, {KEY: "2", cached: "1"}, key=cached) == []


def test_audio_is_added_where_the_sources_agree_on_text() -> None:
    audio: SeriesKey = ("p", "m", "input_audio", "standard", 0)
    rows = [row("2", OPEN_START)]
    assert filled(rows, {KEY: "2", audio: "40"}, key=audio) == [("40", "2026-03-01", "", "litellm")]
    assert filled(rows, {KEY: "3", audio: "40"}, key=audio) == []


def test_a_tiers_price_begins_and_ends_with_the_standard_price_it_belongs_to() -> None:
    batch: SeriesKey = ("p", "m", "input", "batch", 0)
    cut, rise = date(2026, 5, 1), date(2026, 12, 1)
    rows = [row("4", OPEN_START, cut), row("2", cut, rise), row("4", rise)]
    assert filled(rows, {KEY: "2", batch: "1"}, key=batch) == [("1", "2026-05-01", "2026-12-01", "litellm")]


def test_a_correction_stands_and_genai_prices_takes_over_from_litellm() -> None:
    correction = row("9", OPEN_START, MARCH, source="correction: litellm 1.2.0 of 2024-01-01")
    dated = {KEY: [(OPEN_START, price("2", "genai-prices 1"))]}
    assert correction in prices.merge([correction], dated, JUNE)
    assert filled([correction], {KEY: "3"}, since=OPEN_START)[0] == (
        "9",
        "2020-01-01",
        "2026-03-01",
        "correction:",
    )

    once = prices.merge([row("2", MARCH, source="litellm 1.2.2")], dated, JUNE)
    assert [
        (one.price.source, one.effective_from) for one in sorted(once, key=lambda one: one.effective_from)
    ] == [
        ("genai-prices 1", OPEN_START),
        ("litellm 1.2.2", MARCH),
        ("genai-prices 1", JUNE),
    ]
    assert prices.merge(once, dated, JUNE) == once


def refreshed(folder: Path, models: dict[str, dict[str, Any]], day: date) -> prices.RefreshReport:
    file = write_map(folder / "map.json", models)
    return prices.refresh(folder / "model_prices.csv", litellm_file=file, litellm_as_of=day)


def test_history_is_kept_over_maps(tmp_path: Path) -> None:
    """An old row gains its end date and nothing else, and a map read again changes no byte."""
    sheet = tmp_path / "model_prices.csv"
    refreshed(tmp_path, {"gpt-5-nine": GPT}, MARCH)
    old = prices.read_sheet(sheet)
    report = refreshed(tmp_path, {"gpt-5-nine": {**GPT, "input_cost_per_token": 1e-06}}, JUNE)
    new = {(one.key, one.effective_from): one for one in prices.read_sheet(sheet)}
    changed = [one for one in old if new.get((one.key, one.effective_from)) != one]
    assert [(one.key[1:4], one.effective_until) for one in changed] == [
        (("gpt-5-nine", "input", "standard"), None)
    ]
    kept = new[changed[0].key, changed[0].effective_from]
    assert (kept.price, kept.effective_until) == (changed[0].price, JUNE)
    assert len(report.added) == len(report.ended) == 1

    text = sheet.read_bytes()
    assert refreshed(tmp_path, {"gpt-5-nine": {**GPT, "input_cost_per_token": 1e-06}}, JUNE).added == []
    assert sheet.read_bytes() == text
    assert "nothing is taken from an older map" in str(refreshed(tmp_path, {"gpt-5-nine": GPT}, MARCH))
    assert sheet.read_bytes() == text


def test_a_disagreement_is_reported_with_both_values(tmp_path: Path) -> None:
    dearer = {**GPT, "input_cost_per_token": 5e-06, "output_cost_per_token": 1e-05}
    report = refreshed(tmp_path, {"gpt-4o": dearer}, SEPTEMBER)
    found = {one.key[2]: one for one in report.disagreements if one.key[3] == "standard"}
    assert {meter: str(one.ratio) for meter, one in found.items()} == {
        "input": "2.000",
        "cache_read": "0.400",
    }
    assert found["input"].sheet == found["input"].genai
    assert "0.0000025 USD (genai-prices), 0.000005 USD (LiteLLM)" in str(report)


def test_the_page_of_disagreements_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "seeds" / "reference").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    sheet = tmp_path / "seeds" / "reference" / "model_prices.csv"
    sheet.write_bytes((REFERENCE / "model_prices.csv").read_bytes())
    monkeypatch.setattr(settings, "PROJECT", tmp_path)
    file = write_map(tmp_path / "map.json", {"gpt-4o": {**GPT, "input_cost_per_token": 5e-06}})
    command = ["prices", "disagreements", "--litellm-map", str(file), "--as-of", "2026-09-01"]
    result = CliRunner().invoke(cli.app, command)
    assert result.exit_code == 0, result.output
    page = (tmp_path / "docs" / "price-disagreements.md").read_text(encoding="utf-8")
    assert "| openai | gpt-4o | input | standard | 0 | 2.5 | 5 | 2.5 | genai-prices" in page
    assert sheet.read_bytes() == (REFERENCE / "model_prices.csv").read_bytes()


def seed(name: str) -> list[dict[str, str]]:
    with (REFERENCE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_regional_multiplier_names_priced_models_once() -> None:
    rows = seed("regional_multipliers")
    assert {(row["provider"], row["model_pattern"]) for row in rows} <= MODELS  # exact names, no wildcard
    keys = [(row["provider"], row["model_pattern"], row["inference_geo"]) for row in rows]
    assert len(keys) == len(set(keys))
    assert all(Decimal(1) < Decimal(row["multiplier"]) <= Decimal("1.25") for row in rows)
    assert "bedrock" not in {row["provider"] for row in rows}  # its profiles have prices of their own


def test_the_rules_name_the_providers_whose_threshold_counts_when_reached() -> None:
    rules = seed("long_context_rules")
    assert {row["provider"] for row in rules if row["threshold_test"] == "at_or_above"} == AT_OR_ABOVE
    assert {row["rule"] for row in rules} == {"whole_request"}
    assert {row["provider"] for row in rules} <= {row.key[0] for row in SHEET if row.key[4]}
