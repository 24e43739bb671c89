"""A forecast as a fan: the middle, where half and nine in ten of the simulated futures lie, and what is crossed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct

from pilotage.reports.charts.palette import Palette
from pilotage.reports.charts.plots import (
    Box,
    Label,
    Plot,
    axes,
    domain,
    read_by_pointing,
    rows_of,
    rule,
    spelled,
    words,
    written,
)


class FanPoint(Struct, frozen=True, kw_only=True):
    """The forecast for one day: the 5th, 25th, 50th, 75th and 95th percentile of the simulated values."""

    day: dt.date
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float


class FanData(Struct, frozen=True, kw_only=True):
    """Everything that the chart shows. `line` is what the forecast is held against, such as zero, where gains and
    spending are even; `crossed` is the day from which the middle stays on its far side, None when it does not.
    """

    title: str
    unit: str
    points: tuple[FanPoint, ...]
    line: float | None = None
    line_word: str = ""
    crossed: dt.date | None = None
    crossed_word: str = ""


def fan_plot(data: FanData, palette: Palette, box: Box) -> Plot:
    """Two shades and the middle as a line; the crossing is a ring with its word."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    held = [edge for p in data.points for edge in (p.p5, p.p95)]
    y_domain = domain([*held, *([data.line] if data.line is not None else [])])
    x, y = axes([p.day for p in data.points], y_domain, data.unit, box)
    rows: list[dict[str, Any]] = [
        {"day": p.day.isoformat(), "p5": p.p5, "p25": p.p25, "p50": p.p50, "p75": p.p75, "p95": p.p95}
        for p in data.points
    ]
    base = alt.Chart(rows_of(rows)).encode(x=x)
    last = data.points[-1]
    labels = [Label(day=last.day, at=last.p50, word="expected", colour=palette.accent)]
    marks = [
        base.mark_area(color=palette.accent, opacity=0.12).encode(y=y("p5"), y2="p95:Q"),
        base.mark_area(color=palette.accent, opacity=0.2).encode(y=y("p25"), y2="p75:Q"),
        base.mark_line(color=palette.accent, strokeWidth=2.5).encode(y=y("p50")),
    ]
    if data.line is not None:
        marks.append(rule(data.line, y, palette.edge, dash=(6, 3)))
        labels.append(Label(day=last.day, at=data.line, word=data.line_word, colour=palette.soft))
    crossing = next((p for p in data.points if p.day == data.crossed), None)
    if crossing is not None:
        ring = alt.Chart(rows_of([{"day": crossing.day.isoformat(), "p50": crossing.p50}]))
        marks.append(ring.mark_point(color=palette.good, size=170, strokeWidth=2, opacity=1).encode(x=x, y=y("p50")))
        word = ring.mark_text(color=palette.good, dy=-18, align="right", text=data.crossed_word)
        marks.append(word.encode(x=x, y=y("p50")))
    marks.append(words(labels, y_domain, x, y))
    readings = [
        {
            "day": p.day.isoformat(),
            "on": spelled(p.day),
            "expected": f"{written(p.p50)} {data.unit}",
            "half lie in": f"{written(p.p25)} to {written(p.p75)}",
            "nine in ten lie in": f"{written(p.p5)} to {written(p.p95)}",
        }
        for p in data.points
    ]
    tips = ("on", "expected", "half lie in", "nine in ten lie in")
    marks.append(read_by_pointing(readings, tips, x, palette, box))
    return Plot(chart=alt.layer(*marks), box=box)
