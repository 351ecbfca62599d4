"""The report's charts, as SVG: amounts in, lengths out. No figure is made here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_CEILING, Decimal
from html import escape

WIDTH = 720  # user units of a chart that fills the page
COLOURS = {"managed_api": "#1f3a5f", "self_hosted_inference": "#5f93a8", "training": "#d3a24c"}
OTHER_COLOUR = "#8a8f98"
INK, MUTED, RULE = "#20242a", "#646b75", "#d9dce1"
UP, DOWN = "#a3452f", "#2f6b57"  # above the ledger, below it


def colour(layer: str) -> str:
    """The colour of a cost layer."""
    return COLOURS.get(layer, OTHER_COLOUR)


def _length(value: Decimal | float) -> str:
    return f"{float(value):.2f}".rstrip("0").rstrip(".")


def _text(x: float, y: float, text: str, anchor: str = "start", fill: str = MUTED) -> str:
    return (
        f'<text x="{_length(x)}" y="{_length(y)}" text-anchor="{anchor}" fill="{fill}" >{escape(text)}</text>'
    )


def _svg(height: float, label: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {_length(height)}" role="img" aria-label="{escape(label)}">'
        + "".join(parts)
        + "</svg>"
    )


def round_step(largest: Decimal, lines: int = 5) -> Decimal:
    """The distance between grid lines: 1, 2 or 5 times a power of ten, at most `lines` up to `largest`."""
    if largest <= 0:
        return Decimal(1)
    power = Decimal(10) ** (largest / lines).adjusted()
    return next(power * step for step in (1, 2, 5, 10) if power * step * lines >= largest)


def daily_columns(days: Sequence[date], amounts: dict[str, dict[date, Decimal]], label: str) -> str:
    """One stacked column a day; `amounts` per layer, the lowest first. Amounts below zero are not drawn."""
    left, top, height = 52, 10, 150
    tops = [
        sum((max(of.get(day, Decimal(0)), Decimal(0)) for of in amounts.values()), Decimal(0)) for day in days
    ]
    highest = max(tops, default=Decimal(0))
    step = round_step(highest)
    scale_top = step * max(Decimal(1), (highest / step).to_integral_value(ROUND_CEILING))
    scale = Decimal(height) / scale_top
    parts = []
    for number in range(int(scale_top / step) + 1):
        y = top + height - float(step * number * scale)
        parts.append(f'<path d="M{left} {_length(y)}H{WIDTH}" stroke="{RULE}" stroke-width="1"/>')
        parts.append(_text(left - 8, y + 4, f"{step * number:,f}", "end"))
    slot = (WIDTH - left) / max(len(days), 1)
    for place, day in enumerate(days):
        x = left + place * slot + slot * 0.14
        y = float(top + height)
        for layer, of in amounts.items():
            length = float(max(of.get(day, Decimal(0)), Decimal(0)) * scale)
            y -= length
            if length > 0:
                parts.append(
                    f'<rect x="{_length(x)}" y="{_length(y)}" width="{_length(slot * 0.72)}" '
                    f'height="{_length(length)}" fill="{colour(layer)}"/>'
                )
        if day.day % 7 == 1 or len(days) < 8:
            parts.append(_text(left + (place + 0.5) * slot, top + height + 17, f"{day:%-d %b}", "middle"))
    return _svg(top + height + 24, label, parts)


def gauge(share: Decimal, marks: Sequence[tuple[Decimal, str]], label: str) -> str:
    """A share from 0 to 1 on a line, with marks (a share and what it means) above it."""
    top, height = 26, 16
    at = WIDTH * float(min(max(share, Decimal(0)), Decimal(1)))
    parts = [
        f'<rect x="0" y="{top}" width="{WIDTH}" height="{height}" fill="{RULE}"/>',
        f'<rect x="0" y="{top}" width="{_length(at)}" height="{height}" fill="{COLOURS["managed_api"]}"/>',
    ]
    for mark, meaning in marks:
        x = WIDTH * float(mark)
        parts.append(
            f'<path d="M{_length(x)} {top - 6}V{top + height + 6}" stroke="{INK}" stroke-width="1.5"/>'
        )
        parts.append(_text(x, top - 11, meaning, "middle"))
    return _svg(top + height + 8, label, parts)


def differences(rows: Sequence[tuple[str, Decimal, str]], label: str) -> str:
    """One bar a row (name, amount, the amount as text) to the right of a line, or to its left below zero."""
    names, line_height = 190, 26
    least = min((amount for _, amount, _ in rows), default=Decimal(0))
    most = max((amount for _, amount, _ in rows), default=Decimal(0))
    low, high = min(least, Decimal(0)), max(most, Decimal(0))
    room, text_room = Decimal(WIDTH - names), Decimal(90)  # the amount stands outside its bar
    room -= (text_room if low < 0 else 0) + (text_room if high > 0 else 0)
    scale = room / (high - low) if high > low else Decimal(0)
    zero = float(names + (text_room if low < 0 else 0) - low * scale)
    parts = []
    for place, (name, amount, shown) in enumerate(rows):
        y = place * line_height
        length = float(abs(amount) * scale)
        x = zero if amount >= 0 else zero - length
        parts.append(_text(0, y + 17, name, fill=INK))
        parts.append(
            f'<rect x="{_length(x)}" y="{y + 5}" width="{_length(max(length, 1))}" height="16" '
            f'fill="{UP if amount > 0 else DOWN}"/>'
        )
        end = zero + length + 7 if amount >= 0 else zero - length - 7
        parts.append(_text(end, y + 17, shown, "start" if amount >= 0 else "end", INK))
    parts.append(f'<path d="M{_length(zero)} 0V{len(rows) * line_height}" stroke="{INK}" stroke-width="1"/>')
    return _svg(len(rows) * line_height + 2, label, parts)
