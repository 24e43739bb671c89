"""Intervals in rows: segments with their raw and pooled estimates (a forest plot), or unit costs by arm and release."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from pilotage.reports.charts.palette import Palette
from pilotage.reports.charts.plots import NOTHING, Box, Plot, domain, rows_of, tall, written

ROW = 38
NARROW = 500
KEY = "\u25a1 as measured   \u25cf with what the others say"


class ForestRow(Struct, frozen=True, kw_only=True):
    """One row: the estimate as measured, and the one drawn towards the others where there is one.

    `note` stands behind the row, such as what a bound on false discoveries lets one say of it.
    """

    label: str
    calls: float
    value: float
    low: float
    high: float
    pooled: float | None = None
    pooled_low: float | None = None
    pooled_high: float | None = None
    note: str = ""


class ForestLine(Struct, frozen=True, kw_only=True):
    """A line through all rows: what was promised, or the estimate over everything. `tone`: good, bad or plain."""

    value: float
    word: str
    tone: str = "plain"


class ForestData(Struct, frozen=True, kw_only=True):
    """Everything that the chart shows, rows from the top."""

    title: str
    unit: str
    points: tuple[ForestRow, ...]
    lines: tuple[ForestLine, ...] = ()


def forest_box(data: ForestData, box: Box) -> Box:
    """A row's height for each row, room for names before and for the words of the lines above."""
    longest = max(len(point.label) for point in data.points)
    left = min(150 if box.width <= NARROW else 260, 24 + 7 * max(longest, 9))
    notes = max(len(point.note) for point in data.points)
    right = 24 + min(220, 7 * notes) if box.width > NARROW else 20
    return tall(
        box,
        ROW * len(data.points),
        left=left,
        right=right,
        top=34,
        bottom=64 if any(p.pooled is not None for p in data.points) else 48,
    )


def forest_plot(data: ForestData, palette: Palette, box: Box) -> Plot:
    """Raw estimates as hollow squares on thin lines, pooled ones as full circles on thick lines below them."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    held = [line.value for line in data.lines]
    for p in data.points:
        held += [v for v in (p.low, p.high, p.pooled_low, p.pooled_high) if v is not None]
    x_domain = domain(held)
    labels = [p.label for p in data.points]
    y = alt.Y("label:N", sort=labels, title=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=box.left - 12))

    title = [data.unit, KEY] if any(p.pooled is not None for p in data.points) else data.unit

    def x(field: str) -> Any:  # noqa: ANN401 - altair's own channel
        axis = alt.Axis(tickCount=max(3, box.inner_width // 110), titleLineHeight=15)
        scale = alt.Scale(domain=list(x_domain), nice=False, zero=False)
        return alt.X(f"{field}:Q", title=title, scale=scale, axis=axis)

    pooled = any(p.pooled is not None for p in data.points)
    marks = [*_lines(data, palette, x, x_domain, box)]
    up, down = (-7, 7) if pooled else (0, 0)
    base = alt.Chart(rows_of([_row(p, data.unit) for p in data.points])).encode(y=y)
    if pooled:
        have = alt.FieldGTPredicate(field="drawn", gt=0)
        drawn = base.transform_filter(have)
        marks.append(
            drawn.mark_rule(color=palette.accent, strokeWidth=3, yOffset=down).encode(x=x("p_low"), x2="p_high:Q")
        )
        marks.append(
            drawn.mark_point(color=palette.accent, filled=True, size=90, opacity=1, yOffset=down).encode(x=x("pooled"))
        )
    raw = palette.soft if pooled else palette.accent
    marks.append(
        base.mark_rule(color=raw, strokeWidth=1.25 if pooled else 2.5, yOffset=up).encode(x=x("low"), x2="high:Q")
    )
    square = base.mark_point(
        color=raw, fill=palette.surface if pooled else raw, shape="square", size=52, opacity=1, yOffset=up
    )
    marks.append(square.encode(x=x("value")))
    tips = (
        ["estimate", "interval", "drawn in", "calls", "note"] if pooled else ["estimate", "interval", "calls", "note"]
    )
    readings = [alt.Tooltip("label:N", title="what"), *(alt.Tooltip(f"{tip}:N", title=tip) for tip in tips)]
    target = base.mark_bar(color=palette.surface, opacity=0, height=ROW - 4).encode(
        x=alt.value(0), x2=alt.value(box.inner_width), tooltip=readings
    )
    marks.append(target)
    if box.width > NARROW and any(p.note for p in data.points):
        note = base.mark_text(align="left", dx=10, color=palette.soft)
        marks.append(note.encode(x=alt.value(box.inner_width), text="note:N"))
    return Plot(chart=alt.layer(*marks), box=box)


def _row(p: ForestRow, unit: str) -> dict[str, Any]:
    """A row's numbers, and how they read."""
    drawn = f"{written(p.pooled)} {unit} ({written(p.pooled_low)} to {written(p.pooled_high)})"
    return {
        "label": p.label,
        "value": p.value,
        "low": p.low,
        "high": p.high,
        "pooled": p.pooled,
        "p_low": p.pooled_low,
        "p_high": p.pooled_high,
        "drawn": int(p.pooled is not None),
        "estimate": f"{written(p.value)} {unit}",
        "interval": f"{written(p.low)} to {written(p.high)}",
        "drawn in": drawn if p.pooled is not None else NOTHING,
        "calls": written(p.calls, 9),
        "note": p.note,
    }


def _lines(data: ForestData, palette: Palette, x: Any, x_domain: tuple[float, float], box: Box) -> list[Any]:  # noqa: ANN401 - altair's own
    """The promised lines, each with its word above; words that would meet are set on two heights."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    colours = {"good": palette.good, "bad": palette.bad, "plain": palette.edge}
    dashes = {"good": [6, 3], "bad": [2, 3], "plain": [1, 0]}
    marks, span, before = [], (x_domain[1] - x_domain[0]) or 1.0, None
    for line in sorted(data.lines, key=lambda one: one.value):
        at = box.inner_width * (line.value - x_domain[0]) / span
        meets = before is not None and at - before[0] < 8 + 3.5 * (len(line.word) + len(before[1])) and not before[2]
        height = -20 if meets else -7
        before = (at, line.word, meets)
        base = alt.Chart(rows_of([{"at": line.value, "word": line.word}])).encode(x=x("at"))
        marks.append(base.mark_rule(color=colours[line.tone], strokeDash=dashes[line.tone], strokeWidth=1.5))
        text = base.mark_text(color=palette.soft if line.tone == "plain" else colours[line.tone], baseline="bottom")
        marks.append(text.encode(y=alt.value(height + 2), text="word:N"))
    return marks
