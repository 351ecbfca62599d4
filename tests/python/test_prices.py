"""The price sheet: its history, its sanity, and its agreement with the package that it is built from."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices import Usage, calc_price

from ai_cost_audit import prices
from ai_cost_audit.prices import OPEN_START, Price, PriceRow, SeriesKey, Timeline

REFERENCE = Path(__file__).parents[2] / "seeds" / "reference"
SHEET = prices.read_sheet(REFERENCE / "model_prices.csv")
TOLERANCE_USD = Decimal("1e-9")

USAGE_MIXES: list[dict[str, int]] = [
    {"input": 1_200, "output": 350},
    {"input": 4_000, "cache_read": 90_000, "output": 800},
    {"input": 2_500, "cache_read": 7_000, "cache_write_5m": 3_100, "cache_write_1h": 900, "output": 41},
    {"input": 150_000, "cache_read": 180_000, "cache_write_5m": 20_000, "output": 6_000},
    {"input": 10, "output": 5, "web_search": 3},
]
DAYS = [date(2026, 7, 29), date(2026, 7, 30), date(2026, 11, 2), date(2026, 12, 1)]
TIER_CONTEXTS = {"standard": None, "batch": {"processing": "batch"}, "priority": {"service_tier": "priority"}}


def seed(name: str) -> list[dict[str, str]]:
    with (REFERENCE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sheet_price(rows: list[PriceRow], meter: str, tier: str, day: date, input_tokens: int) -> Decimal | None:
    """The price a reader of the sheet finds: in force that day, at the highest threshold passed."""
    in_force = [
        row
        for row in rows
        if row.key[2] == meter
        and row.key[3] == tier
        and row.effective_from <= day
        and (row.effective_until is None or day < row.effective_until)
        and (row.key[4] == 0 or input_tokens > row.key[4])
    ]
    return max(in_force, key=lambda row: row.key[4]).price.usd_per_unit if in_force else None


def sheet_cost(rows: list[PriceRow], mix: dict[str, int], tier: str, day: date) -> Decimal:
    """USD of a request by the sheet; a cache meter without a price costs what the next wider meter costs."""
    wider = {"cache_write_1h": "cache_write_5m", "cache_write_5m": "input", "cache_read": "input"}
    input_tokens = sum(mix.get(meter, 0) for meter in ("input", *wider))
    total = Decimal(0)
    for asked, quantity in mix.items():
        meter: str | None = asked
        usd = None
        while meter and usd is None:
            usd = sheet_price(rows, meter, tier, day, input_tokens)
            meter = wider.get(meter)
        total += quantity * (usd or Decimal(0))
    return total


def package_usage(mix: dict[str, int]) -> Usage:
    """The same request in the package's terms: the input count includes reads and writes of the cache."""
    writes = mix.get("cache_write_5m", 0) + mix.get("cache_write_1h", 0)
    return Usage(
        input_tokens=mix["input"] + mix.get("cache_read", 0) + writes,
        cache_read_tokens=mix.get("cache_read"),
        cache_write_tokens=writes or None,
        cache_write_1h_tokens=mix.get("cache_write_1h"),
        output_tokens=mix["output"],
        web_searches=mix.get("web_search"),
    )


def rows_by_model() -> dict[tuple[str, str], list[PriceRow]]:
    grouped: dict[tuple[str, str], list[PriceRow]] = defaultdict(list)
    for row in SHEET:
        grouped[row.key[:2]].append(row)
    return grouped


ROWS = rows_by_model()
CURRENT = max(date.fromisoformat(row.price.retrieved_on) for row in SHEET)


def current_price(provider: str, model: str, meter: str) -> Decimal | None:
    return sheet_price(ROWS[provider, model], meter, "standard", CURRENT, 0)


def test_a_second_refresh_changes_no_byte(tmp_path: Path) -> None:
    sheet = tmp_path / "model_prices.csv"
    first = prices.refresh(sheet)
    text = sheet.read_bytes()
    second = prices.refresh(sheet)
    assert sheet.read_bytes() == text
    assert b"\r" not in text
    assert len(first.added) == len(second.unchanged) > 1_000
    assert not second.added and not second.ended
    assert "0 added, 0 ended" in str(second)


def test_refreshing_the_shipped_sheet_changes_no_byte(tmp_path: Path) -> None:
    sheet = tmp_path / "model_prices.csv"
    sheet.write_bytes((REFERENCE / "model_prices.csv").read_bytes())
    prices.refresh(sheet)
    assert sheet.read_bytes() == (REFERENCE / "model_prices.csv").read_bytes()


def test_every_model_of_the_package_fits_the_sheet(tmp_path: Path) -> None:
    report = prices.refresh(tmp_path / "all.csv", all_models=True)
    assert report.model_count > 1_000


def test_a_price_changed_without_a_date_ends_the_old_row(tmp_path: Path) -> None:
    sheet = tmp_path / "model_prices.csv"
    prices.refresh(sheet)
    rows = prices.read_sheet(sheet)
    key = ("anthropic", "claude-opus-5", "output", "standard", 0)
    dearer = Price(Decimal("0.00009"), "token", "an older package", "2026-01-01")
    older = [PriceRow(key, dearer, OPEN_START, None) if row.key == key else row for row in rows]
    gone = PriceRow(
        ("openai", "a-retired-model", "input", "standard", 0),
        Price(Decimal("0.00002"), "token", "an older package", "2026-01-01"),
        OPEN_START,
        None,
    )
    sheet.write_text(prices.sheet_text([*older, gone]), encoding="utf-8", newline="\n")

    report = prices.refresh(sheet, retrieved_on=date(2026, 11, 3))

    after = [row for row in prices.read_sheet(sheet) if row.key == key]
    assert [(row.price.usd_per_unit, row.effective_from, row.effective_until) for row in after] == [
        (Decimal("0.00009"), OPEN_START, date(2026, 11, 3)),
        (Decimal("0.000025"), date(2026, 11, 3), None),
    ]
    assert after[0].price.source == "an older package"
    assert gone in prices.read_sheet(sheet)
    assert (len(report.added), len(report.ended), len(report.kept_from_earlier)) == (1, 1, 1)
    text = sheet.read_bytes()
    prices.refresh(sheet, retrieved_on=date(2026, 11, 3))
    assert sheet.read_bytes() == text


KEY: SeriesKey = ("p", "m", "input", "standard", 0)
DAY = date(2026, 11, 3)


def price(usd: str) -> Price:
    return Price(Decimal(usd), "token", "s", "2026-01-01")


def merged(rows: list[PriceRow], stated: Timeline) -> list[tuple[str, str, str]]:
    """(price, from, until) after a merge, checked to be stable under a second one."""
    once = prices.merge(rows, {KEY: stated}, DAY)
    assert prices.merge(once, {KEY: stated}, DAY) == once
    return [
        (str(row.price.usd_per_unit), str(row.effective_from), str(row.effective_until or "")) for row in once
    ]


def test_a_dated_change_that_is_news_ends_the_row_on_its_date() -> None:
    before = [PriceRow(KEY, price("2"), OPEN_START, None)]
    stated: Timeline = [(OPEN_START, price("2")), (date(2026, 7, 30), price("1"))]
    assert merged(before, stated) == [("2", "2020-01-01", "2026-07-30"), ("1", "2026-07-30", "")]


def test_a_dated_change_that_was_known_keeps_its_price_until_the_correction() -> None:
    before = [
        PriceRow(KEY, price("2"), OPEN_START, date(2026, 7, 30)),
        PriceRow(KEY, price("1"), date(2026, 7, 30), None),
    ]
    stated: Timeline = [(OPEN_START, price("2")), (date(2026, 7, 30), price("3"))]
    assert merged(before, stated) == [
        ("2", "2020-01-01", "2026-07-30"),
        ("1", "2026-07-30", "2026-11-03"),
        ("3", "2026-11-03", ""),
    ]


def test_a_package_that_forgets_a_change_does_not_rewrite_it() -> None:
    before = [
        PriceRow(KEY, price("2"), OPEN_START, date(2026, 7, 30)),
        PriceRow(KEY, price("1"), date(2026, 7, 30), None),
    ]
    assert merged(before, [(OPEN_START, price("1"))]) == [
        ("2", "2020-01-01", "2026-07-30"),
        ("1", "2026-07-30", ""),
    ]


def test_a_meter_that_a_period_lacks_is_absent_in_it() -> None:
    stated: Timeline = [(OPEN_START, price("2")), (date(2026, 3, 1), None), (date(2026, 5, 1), price("2"))]
    expected = [("2", "2020-01-01", "2026-03-01"), ("2", "2026-05-01", "")]
    assert merged([], stated) == expected
    assert merged([PriceRow(KEY, price("2"), OPEN_START, None)], stated) == expected


def test_a_sheet_with_other_columns_is_refused(tmp_path: Path) -> None:
    sheet = tmp_path / "model_prices.csv"
    sheet.write_text("provider,model\nopenai,gpt-4o\n", encoding="utf-8")
    with pytest.raises(ValueError, match="expected the columns"):
        prices.refresh(sheet)


def test_a_price_beyond_twelve_decimals_is_refused() -> None:
    assert prices.plain_decimal(Decimal("2.80E-9")) == "0.0000000028"
    with pytest.raises(ValueError, match="12 decimals"):
        prices.plain_decimal(Decimal("1e-13"))


def test_the_sheet_is_small_enough_for_git() -> None:
    assert (REFERENCE / "model_prices.csv").stat().st_size < 600_000


def test_no_price_periods_overlap() -> None:
    series: dict[SeriesKey, list[PriceRow]] = defaultdict(list)
    for row in SHEET:
        series[row.key].append(row)
    for key, rows in series.items():
        rows.sort(key=lambda row: row.effective_from)
        for row, following in zip(rows, rows[1:], strict=False):
            assert row.effective_until is not None and row.effective_until <= following.effective_from, key
        assert all(row.effective_from < (row.effective_until or date.max) for row in rows), key


def test_no_gap_in_what_a_chat_request_needs() -> None:
    """Input and output, once priced in a tier, stay priced: no day falls between two periods."""
    for (provider, model), rows in ROWS.items():
        for meter in ("input", "output"):
            for tier in {row.key[3] for row in rows}:
                periods = [row for row in rows if row.key[2:4] == (meter, tier) and row.key[4] == 0]
                periods.sort(key=lambda row: row.effective_from)
                for row, following in zip(periods, periods[1:], strict=False):
                    assert row.effective_until == following.effective_from, (provider, model, meter, tier)
                assert not periods or periods[-1].effective_until is None, (provider, model, meter, tier)


def test_every_tier_states_every_meter_of_the_standard_tier() -> None:
    for (provider, model), rows in ROWS.items():
        standard = {row.key[2] for row in rows if row.key[3] == "standard" and row.effective_until is None}
        for tier in {row.key[3] for row in rows} - {"standard"}:
            stated = {row.key[2] for row in rows if row.key[3] == tier}
            assert stated >= standard, (provider, model, tier, standard - stated)


def test_every_chat_model_has_input_and_output_prices() -> None:
    for (provider, model), rows in ROWS.items():
        meters = {row.key[2] for row in rows}
        assert "input" in meters, (provider, model)
        assert "output" in meters or "embed" in model, (provider, model)


def test_prices_are_per_one_unit() -> None:
    """A price left per thousand or per million would be far outside these bands (USD per token or search)."""
    for row in SHEET:
        usd = row.price.usd_per_unit
        if row.price.unit == "token":
            low, high = Decimal("1e-9"), Decimal("0.001")  # 0.001 to 1,000 USD per million tokens
        else:
            low, high = Decimal("0.001"), Decimal("0.1")
        assert low <= usd <= high, row.label()


def test_no_token_costs_more_cached_than_fresh_nor_less_out_than_in() -> None:
    for provider, model in ROWS:
        fresh = current_price(provider, model, "input")
        cached = current_price(provider, model, "cache_read")
        output = current_price(provider, model, "output")
        assert fresh is not None
        assert cached is None or cached <= fresh, (provider, model)
        assert output is None or output >= fresh, (provider, model)


def listed() -> Iterator[tuple[str, str, prices.Provider, prices.ModelInfo, bool]]:
    for provider, listing, model in prices._listed_models(False):
        name = prices.PROVIDER_NAMES[provider.id]
        yield name, prices._model_name(listing, model), listing, model, provider.id == listing.id


@pytest.mark.parametrize("tier", TIER_CONTEXTS)
def test_the_sheet_prices_requests_as_the_package_does(tier: str) -> None:
    """Every model, five usage mixes, days around dated price changes, at 20:00 UTC (off-peak everywhere)."""
    compared = 0
    for provider, name, listing, model, is_own in listed():
        rows = ROWS[provider, name]
        for day in DAYS:
            if sheet_price(rows, "input", tier, day, 0) is None or (tier != "standard" and not is_own):
                continue
            moment = datetime(
                day.year, day.month, day.day, 12, tzinfo=UTC
            )  # an hour of the longer DeepSeek window
            for mix in USAGE_MIXES:
                stated = model.calc_price(
                    package_usage(mix),
                    listing,
                    genai_request_timestamp=moment,
                    price_context=TIER_CONTEXTS[tier],
                ).total_price
                cost = sheet_cost(rows, mix, tier, day)
                assert abs(cost - stated) <= TOLERANCE_USD, (provider, name, day, mix)
                compared += 1
    assert compared > (5_000 if tier == "standard" else 100)


@pytest.mark.parametrize(
    ("provider", "package_id", "model"),
    [
        ("openai", "openai", "gpt-5.6-luna"),
        ("openai", "openai", "gpt-4o-mini"),
        ("anthropic", "anthropic", "claude-haiku-5-5"),
        ("anthropic", "anthropic", "claude-sonnet-4-5"),
        ("google", "google", "gemini-2.5-pro"),
        ("google", "google", "claude-sonnet-5"),
        ("azure", "azure", "gpt-5.6-luna"),
        ("azure", "azure", "o3"),
        ("mistral", "mistral", "mistral-large-2512"),
        ("bedrock", "aws", "global.anthropic.claude-opus-5-5"),
    ],
)
def test_the_sheet_agrees_with_the_public_function(provider: str, package_id: str, model: str) -> None:
    for day in DAYS:
        moment = datetime(
            day.year, day.month, day.day, 12, tzinfo=UTC
        )  # an hour of the longer DeepSeek window
        for mix in USAGE_MIXES:
            usage = package_usage(mix)
            stated = calc_price(usage, model, provider_id=package_id, genai_request_timestamp=moment)
            cost = sheet_cost(ROWS[provider, model], mix, "standard", day)
            assert abs(cost - stated.total_price) <= TOLERANCE_USD, (day, mix)


def test_a_dated_price_change_moves_on_its_day_and_not_before() -> None:
    rows = ROWS["openai", "gpt-5.6-luna"]
    changed = date(2026, 7, 30)
    assert sheet_price(rows, "input", "standard", changed - timedelta(days=1), 0) == Decimal("0.000001")
    assert sheet_price(rows, "input", "standard", changed, 0) == Decimal("0.0000002")


def test_a_long_context_reprices_the_whole_request_strictly_above_the_threshold() -> None:
    rows = ROWS["openai", "gpt-5.6-luna"]
    assert sheet_price(rows, "output", "standard", CURRENT, 272_000) == Decimal("0.0000012")
    assert sheet_price(rows, "output", "standard", CURRENT, 272_001) == Decimal("0.0000018")


def test_every_alias_leads_to_a_priced_model_as_in_the_package() -> None:
    by_name = {
        prices.PROVIDER_NAMES[provider.id]: provider
        for provider in prices._package_providers
        if provider.id in prices.PROVIDER_NAMES
    }
    moment = datetime(CURRENT.year, CURRENT.month, CURRENT.day, 12, tzinfo=UTC)
    mix = {"input": 1_000_000, "output": 1_000_000}
    for row in seed("model_aliases"):
        key = (row["provider"], row["model"])
        assert key in ROWS, row
        assert (row["provider"], row["alias"]) not in ROWS, row
        assert row["alias"] == row["alias"].lower()
        if row["alias"] == "gemini-1.5-flash-8b":
            continue  # the package prices this spelling as the larger gemini-1.5-flash
        provider = by_name[row["provider"]]
        model = provider.find_model(row["alias"], all_providers=prices._package_providers)
        if model is None:  # a global profile without its date and version, which the package does not match
            assert row["alias"].startswith("global.") and row["model"].startswith(row["alias"]), row
            continue
        stated = model.calc_price(package_usage(mix), provider, genai_request_timestamp=moment).total_price
        assert abs(sheet_cost(ROWS[key], mix, "standard", CURRENT) - stated) <= TOLERANCE_USD, row


def test_the_name_rules_bring_profiles_and_snapshots_to_priced_models() -> None:
    for provider, name, model in [
        ("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("bedrock", "bedrock/eu.amazon.nova-pro-v1:0", "nova-pro"),
        ("bedrock", "meta.llama3-3-70b-instruct-v1:0", "llama3-3-70b-instruct"),
        ("anthropic", "claude-3-5-haiku-20241022", "claude-3-5-haiku"),
        ("anthropic", "claude-3-opus-latest", "claude-3-opus"),
        ("openai", "gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("google", "claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("azure", "azure/o3-2025-04-16", "o3"),
    ]:
        assert prices.normalize_model(name) == model
        assert (provider, model) in ROWS


def test_provider_aliases_lead_to_canonical_names() -> None:
    aliases = {row["alias"]: row["provider"] for row in seed("provider_aliases")}
    assert set(aliases.values()) == {*prices.PROVIDER_NAMES.values(), "self_hosted"}
    assert all(aliases[name] == name for name in set(aliases.values()))
    assert {row.key[0] for row in SHEET} <= set(aliases.values())


def chat_models() -> set[tuple[str, str]]:
    other = ("embed", "audio", "realtime", "live")
    return {(provider, model) for provider, model in ROWS if not any(word in model for word in other)}


def test_every_chat_model_has_one_tier() -> None:
    tiers = [(row["provider"], row["model"]) for row in seed("model_tiers")]
    assert len(tiers) == len(set(tiers))
    assert set(tiers) == chat_models()


def test_one_default_per_provider_and_tier_and_each_tier_is_cheaper_than_the_one_above() -> None:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in seed("model_tiers"):
        found[row["provider"], row["tier"]] += [row["model"]] if row["is_tier_default"] == "true" else []
    assert {key: len(models) for key, models in found.items()} == dict.fromkeys(found, 1)
    for provider in {provider for provider, _ in found}:
        upwards = [(provider, tier) for tier in ("mini", "mid", "frontier") if (provider, tier) in found]
        defaults = [found[key][0] for key in upwards]
        mix = {"input": 3, "output": 1}
        costs = [sheet_cost(ROWS[provider, model], mix, "standard", CURRENT) for model in defaults]
        assert costs == sorted(set(costs)), provider


def test_gpu_prices_divide_the_node_and_lie_in_their_band() -> None:
    bands = {
        row["gpu_model"]: (Decimal(row["min_usd_per_gpu_hour"]), Decimal(row["max_usd_per_gpu_hour"]))
        for row in seed("gpu_price_bands")
    }
    for row in seed("gpu_prices"):
        node, gpu = Decimal(row["usd_per_node_hour"]), Decimal(row["usd_per_gpu_hour"])
        assert gpu == (node / int(row["gpus_per_node"])).quantize(Decimal("1e-12")), row
        low, high = bands[row["gpu_model"]]
        assert low <= gpu <= high, row


@pytest.mark.parametrize(
    ("gpu_model", "usd_per_gpu_hour", "is_plausible"),
    [
        ("H100", "32.77", False),
        ("H100", "32.81", False),
        ("H100", "6.53", True),
        ("A100-40GB", "32.77", False),
        ("A100", "3.19", True),
        ("L4", "0.71", True),
    ],
)
def test_a_nodes_price_is_outside_the_band_of_one_gpu(
    gpu_model: str, usd_per_gpu_hour: str, is_plausible: bool
) -> None:
    band = next(row for row in seed("gpu_price_bands") if row["gpu_model"] == gpu_model)
    low, high = Decimal(band["min_usd_per_gpu_hour"]), Decimal(band["max_usd_per_gpu_hour"])
    assert (low <= Decimal(usd_per_gpu_hour) <= high) is is_plausible
