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
from ai_cost_audit.prices import OPEN_START, Price, PriceRow, SeriesKey, Timeline, genai, litellm_map

REFERENCE = Path(__file__).parents[2] / "seeds" / "reference"
SHEET = prices.read_sheet(REFERENCE / "model_prices.csv")
TOLERANCE_USD = Decimal("1e-9")
ROUNDED_USD = Decimal("5e-13")  # what rounding to 12 decimals may move a price by

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
TIERS = seed("model_tiers")
CURRENT = max(date.fromisoformat(row.price.retrieved_on) for row in SHEET)


def current_price(provider: str, model: str, meter: str) -> Decimal | None:
    return sheet_price(ROWS[provider, model], meter, "standard", CURRENT, 0)


@pytest.fixture
def without_litellm(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where LiteLLM is not installed."""
    monkeypatch.setattr(litellm_map, "find_map", lambda: None)


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
    prices.refresh(sheet)  # with LiteLLM's map where it is installed
    assert sheet.read_bytes() == (REFERENCE / "model_prices.csv").read_bytes()


def test_without_litellm_its_rows_stay(tmp_path: Path, without_litellm: None) -> None:
    sheet = tmp_path / "model_prices.csv"
    sheet.write_bytes((REFERENCE / "model_prices.csv").read_bytes())
    report = prices.refresh(sheet)
    assert sheet.read_bytes() == (REFERENCE / "model_prices.csv").read_bytes()
    assert "pip download --no-deps litellm==" in str(report)


def test_every_model_of_the_package_fits_the_sheet(tmp_path: Path) -> None:
    report = prices.refresh(tmp_path / "all.csv", all_models=True)
    assert report.model_count > 1_000


def test_a_price_changed_without_a_date_ends_the_old_row(tmp_path: Path, without_litellm: None) -> None:
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
    assert (REFERENCE / "model_prices.csv").stat().st_size < 1_000_000


def test_no_price_periods_overlap() -> None:
    series: dict[SeriesKey, list[PriceRow]] = defaultdict(list)
    for row in SHEET:
        series[row.key].append(row)
    for key, rows in series.items():
        rows.sort(key=lambda row: row.effective_from)
        for row, following in zip(rows, rows[1:], strict=False):
            assert row.effective_until is not None and row.effective_until <= following.effective_from, key
        assert all(row.effective_from < (row.effective_until or date.max) for row in rows), key


def series_of(rows: list[PriceRow]) -> dict[SeriesKey, list[PriceRow]]:
    grouped: dict[SeriesKey, list[PriceRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.effective_from):
        grouped[row.key].append(row)
    return grouped


def test_no_price_ends_and_begins_again_later() -> None:
    """No day falls between two periods of a series: what was priced and is priced was priced in between."""
    for key, rows in series_of(SHEET).items():
        for row, following in zip(rows, rows[1:], strict=False):
            assert row.effective_until == following.effective_from, key


def test_what_a_chat_request_needs_stays_priced() -> None:
    """Input and output of the standard tier never end: a retired model keeps its last price."""
    for key, rows in series_of(SHEET).items():
        if key[2] in ("input", "output") and key[3:] == ("standard", 0):
            assert rows[-1].effective_until is None, key


def test_every_meter_has_one_price_a_day() -> None:
    days = sorted({row.effective_from for row in SHEET} | {date(2024, 7, 1), date(2026, 12, 31)})
    for key, rows in series_of(SHEET).items():
        assert all(sum(row.covers(day) for row in rows) <= 1 for day in days), key


def test_every_tier_of_the_package_states_every_meter_of_the_standard_tier() -> None:
    for (provider, model), rows in ROWS.items():
        stated = [row for row in rows if not row.price.is_litellm]
        standard = {row.key[2] for row in stated if row.key[3] == "standard" and row.effective_until is None}
        for tier in {row.key[3] for row in stated} - {"standard"}:
            meters = {row.key[2] for row in stated if row.key[3] == tier}
            assert meters >= standard, (provider, model, tier, standard - meters)


def test_a_tier_never_has_input_without_output() -> None:
    for (provider, model), rows in ROWS.items():
        tiers = {row.key[3] for row in rows}
        for tier in tiers if "embed" not in model else ():
            periods = {
                meter: [(r.effective_from, r.effective_until) for r in rows if r.key[2:] == (meter, tier, 0)]
                for meter in ("input", "output")
            }
            first = {meter: spans[0][0] for meter, spans in periods.items() if spans}
            assert len(set(first.values())) == 1 and len(first) == 2, (provider, model, tier)


def test_every_chat_model_has_input_and_output_prices() -> None:
    for (provider, model), rows in ROWS.items():
        meters = {row.key[2] for row in rows}
        assert "input" in meters, (provider, model)
        assert "output" in meters or "embed" in model, (provider, model)


INPUT_BANDS = {
    # kind of model: lowest and highest plausible USD per million input tokens, less than 1,000 times apart
    "frontier": (Decimal("0.2"), Decimal(199)),
    "mid": (Decimal("0.1"), Decimal(20)),
    "mini": (Decimal("0.01"), Decimal(5)),
    "embedding": (Decimal("0.005"), Decimal(1)),
    "voice": (Decimal("0.1"), Decimal(10)),
    "open": (Decimal("0.005"), Decimal("4.9")),
}
OPEN_MODELS = ("deepseek/", "meta-llama/", "mistralai/", "moonshotai/", "qwen/", "z-ai/")
"""What many hosts serve on OpenRouter: a price of one host, which may be anything from day to day."""
RATIO_BANDS = {
    # meter: what it is measured against, and how many times that price is plausible
    "cache_read": ("input", Decimal("0.005"), Decimal(1)),
    "cache_write_5m": ("input", Decimal("0.05"), Decimal(2)),
    "cache_write_1h": ("input", Decimal("0.05"), Decimal("2.5")),
    "output": ("input", Decimal(1), Decimal(25)),
    "input_audio": ("input", Decimal("0.2"), Decimal(100)),
    "input_image": ("input", Decimal("0.2"), Decimal(10)),
    "output_audio": ("output", Decimal("0.5"), Decimal(100)),
}
OPEN_OUTPUT = (Decimal("0.3"), Decimal(50))
"""The lowest and highest output price of an open model on OpenRouter, against its input."""
PER_SEARCH = (Decimal("0.001"), Decimal("0.1"))


def is_open(key: SeriesKey) -> bool:
    return key[0] == "openrouter" and key[1].startswith(OPEN_MODELS)


def kind_of_model(key: SeriesKey) -> str:
    if is_open(key):
        return "open"
    tiers = {(row["provider"], row["model"]): row["tier"] for row in TIERS}
    return tiers.get(key[:2]) or ("embedding" if "embed" in key[1] else "voice")


def is_plausible(row: PriceRow, series: dict[SeriesKey, list[PriceRow]], scale: Decimal = Decimal(1)) -> bool:
    """True when a price, multiplied by `scale`, is in its band; a free cache write is, too."""
    usd = row.price.usd_per_unit * scale
    provider, model, meter, tier, above = row.key
    if row.price.unit != "token":
        return PER_SEARCH[0] <= usd <= PER_SEARCH[1]
    if meter == "input":
        low, high = INPUT_BANDS[kind_of_model(row.key)]
        return low <= usd * 1_000_000 <= high
    against, low, high = RATIO_BANDS[meter]
    if meter == "output" and is_open(row.key):
        low, high = OPEN_OUTPUT
    base = next(
        other.price.usd_per_unit
        for start in (above, 0)
        for other in series.get((provider, model, against, tier, start), [])
        if other.covers(row.effective_from)
    )
    return low <= usd / base <= high or (meter == "cache_write_5m" and not usd)


def test_prices_are_in_their_band_and_a_slip_of_a_thousand_is_not() -> None:
    """A price left per thousand or per million, or divided once too often, leaves the band: each row is tried."""
    series = series_of(SHEET)
    for row in SHEET:
        assert is_plausible(row, series), row.label()
        if row.price.usd_per_unit:
            assert not is_plausible(row, series, Decimal(1_000)), row.label()
            assert not is_plausible(row, series, Decimal("0.001")), row.label()


def test_a_row_says_where_it_is_from() -> None:
    for row in SHEET:
        assert row.price.source.startswith(("genai-prices ", "litellm ", "correction: litellm ")), row.label()
        assert date.fromisoformat(row.price.retrieved_on) >= date(2024, 7, 25)


def test_a_tier_costs_less_or_more_as_its_name_says() -> None:
    bands = {"batch": ("0.3", "1"), "flex": ("0.3", "1"), "priority": ("1", "4"), "fast": ("1", "7")}
    for (provider, model), rows in ROWS.items():
        for row in rows:
            standard = sheet_price(rows, row.key[2], "standard", CURRENT, row.key[4] + 1)
            if (
                row.key[3] != "standard"
                and row.key[2] in ("input", "output")
                and row.covers(CURRENT)
                and standard
            ):
                low, high = map(Decimal, bands[row.key[3]])
                assert low <= row.price.usd_per_unit / standard <= high, (provider, model, row.label())


def test_no_token_costs_more_cached_than_fresh_nor_less_out_than_in() -> None:
    for provider, model in ROWS:
        fresh = current_price(provider, model, "input")
        cached = current_price(provider, model, "cache_read")
        output = current_price(provider, model, "output")
        assert fresh is not None
        assert cached is None or cached <= fresh, (provider, model)
        assert output is None or output >= fresh, (provider, model)


def listed() -> Iterator[tuple[str, str, genai.Provider, genai.ModelInfo, bool]]:
    for provider, listing, model in genai.listed_models(False):
        name = prices.PROVIDER_NAMES[provider.id]
        yield name, genai.sheet_name(listing, model), listing, model, provider.id == listing.id


def from_package(rows: list[PriceRow]) -> list[PriceRow]:
    """The rows that genai-prices states: without LiteLLM's audio and searches."""
    return [row for row in rows if not row.price.is_litellm]


def is_corrected(rows: list[PriceRow], day: date) -> bool:
    return any(row.price.source.startswith("correction: ") and row.covers(day) for row in rows)


@pytest.mark.parametrize("tier", TIER_CONTEXTS)
def test_the_sheet_prices_requests_as_the_package_does(tier: str) -> None:
    """Every model, five usage mixes, days around dated price changes, at 20:00 UTC (off-peak everywhere)."""
    compared = 0
    for provider, name, listing, model, is_own in listed():
        rows = from_package(ROWS[provider, name])
        for day in DAYS:
            is_priced = sheet_price(rows, "input", tier, day, 0) is not None
            if not is_priced or is_corrected(rows, day) or (tier != "standard" and not is_own):
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
                tolerance = max(TOLERANCE_USD, sum(mix.values()) * ROUNDED_USD)
                assert abs(cost - stated) <= tolerance, (provider, name, day, mix)
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
        ("openrouter", "openrouter", "anthropic/claude-sonnet-4.5"),
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
            cost = sheet_cost(from_package(ROWS[provider, model]), mix, "standard", day)
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
        for provider in genai.package_providers
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
        model = provider.find_model(row["alias"], all_providers=genai.package_providers)
        if model is None and row["provider"] == "openrouter":  # a name without its maker
            makers = {each.partition("/")[0] for _, each in ROWS if "/" in each}
            names = [f"{maker}/{row['alias']}" for maker in sorted(makers)]
            found = [each for name in names if (each := provider.find_model(name))]
            assert [each.id for each in found] == [row["model"]], row
            continue
        if model is None:  # a global profile without its date and version, which the package does not match
            assert row["alias"].startswith("global.") and row["model"].startswith(row["alias"]), row
            continue
        stated = model.calc_price(package_usage(mix), provider, genai_request_timestamp=moment).total_price
        rows = from_package(ROWS[key])
        if sheet_price(rows, "input", "standard", CURRENT, 0) is None or is_corrected(rows, CURRENT):
            continue  # only LiteLLM prices it, or the sheet corrects the package
        assert abs(sheet_cost(rows, mix, "standard", CURRENT) - stated) <= TOLERANCE_USD, row


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
        ("groq", "groq/openai/gpt-oss-120b", "gpt-oss-120b"),
        ("xai", "xai/grok-4.3-latest", "grok-4.3"),
    ]:
        assert prices.normalize_model(name) == model
        assert (provider, model) in ROWS


def test_openrouters_models_go_by_their_makers_name_too() -> None:
    """OpenRouter's full name is the sheet's; prefixes, dated names and names without the maker lead to it."""
    aliases = {row["alias"]: row["model"] for row in seed("model_aliases") if row["provider"] == "openrouter"}
    for name, model in [
        ("anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4.5"),
        ("anthropic/claude-4.5-sonnet-20250929", "anthropic/claude-sonnet-4.5"),
        ("anthropic/claude-haiku-5.5-20261231", "anthropic/claude-haiku-5.5"),
        ("openrouter/anthropic/claude-3.7-sonnet", "anthropic/claude-3.7-sonnet"),
        ("openrouter/google/gemini-2.5-flash", "google/gemini-2.5-flash"),
        ("deepseek/deepseek-v4-pro-20260813", "deepseek/deepseek-v4-pro-0813"),
        ("openai/gpt-5-mini:batch", "openai/gpt-5-mini:batch"),
        ("openai/gpt-oss-120b:free", None),
        ("google/gemini-2.5-flash:nitro", None),
    ]:
        found = [aliases.get(each, each) for each in prices.name_candidates(name)]
        assert next((each for each in found if ("openrouter", each) in ROWS), None) == model, name


def test_openrouters_batches_are_models_that_cost_less() -> None:
    """Both names go by the standard tier, so the name alone says which price a request has."""
    compared = 0
    for _, model in [key for key in ROWS if key[0] == "openrouter" and key[1].endswith(":batch")]:
        base = ("openrouter", model.removesuffix(":batch"))
        if base in ROWS:
            for meter in ("input", "output"):
                batch, standard = (current_price("openrouter", one, meter) for one in (model, base[1]))
                assert batch and standard and batch < standard, (model, meter)
                compared += 1
    assert compared > 100


def test_provider_aliases_lead_to_canonical_names() -> None:
    aliases = {row["alias"]: row["provider"] for row in seed("provider_aliases")}
    assert set(aliases.values()) == {*prices.PROVIDER_NAMES.values(), "self_hosted"}
    assert all(aliases[name] == name for name in set(aliases.values()))
    assert {row.key[0] for row in SHEET} <= set(aliases.values())


def chat_models() -> set[tuple[str, str]]:
    other = ("embed", "audio", "realtime", "live")
    return {(provider, model) for provider, model in ROWS if not any(word in model for word in other)}


def test_every_chat_model_has_one_tier() -> None:
    tiers = [(row["provider"], row["model"]) for row in TIERS]
    assert len(tiers) == len(set(tiers))
    assert set(tiers) == chat_models()


def test_one_default_per_provider_and_tier_and_each_tier_is_cheaper_than_the_one_above() -> None:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in TIERS:
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
