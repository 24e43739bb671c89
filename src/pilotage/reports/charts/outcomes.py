"""Paired outcomes: on how many calls both arms were right, one of them, or neither; their differences by day."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import LabelMatch, Metric
from pilotage.reports.charts.palette import Palette
from pilotage.reports.charts.plots import (
    Box,
    Plot,
    axes,
    domain,
    read_by_pointing,
    rows_of,
    rule,
    spelled,
    tall,
    written,
)
from pilotage.storage.protocols import DayRow

Cell = Literal["both", "candidate", "incumbent", "neither"]
CELLS: tuple[Cell, ...] = ("both", "candidate", "incumbent", "neither")
PERCENT = 100.0
ROW = 46
EXACT = 1e-6


class OutcomeCount(Struct, frozen=True, kw_only=True):
    """Calls of one kind: `both` arms right, only the `candidate`, only the `incumbent`, or `neither`."""

    cell: Cell
    word: str
    calls: float
    share: float


class OutcomesData(Struct, frozen=True, kw_only=True):
    """Everything that the chart shows. Only the middle two cells tell the arms apart."""

    title: str
    points: tuple[OutcomeCount, ...]


def outcomes_data(metric: Metric, paired: Totals, *, title: str) -> OutcomesData | None:
    """The four counts, exactly, from the sums over pairs: with y and z either 0 or 1 on each call, the sum of yz is
    how often both are 1 (the 2x2 table of McNemar 1947). None for other metrics, and where a unit has several calls:
    its product is then one of sums, and the cells cannot be had from it.
    """
    n, shift = paired.n, metric.shift
    if metric.kind != "proportion" or n <= 0 or paired.nn != n or paired.units != n:
        return None
    candidate, incumbent = paired.y + shift * n, paired.z + shift * n
    both = paired.yz + shift * (paired.yn + paired.zn) + shift * shift * paired.nn
    squares = paired.yy + 2 * shift * paired.yn + shift * shift * paired.nn
    squares_beside = paired.zz + 2 * shift * paired.zn + shift * shift * paired.nn
    # Only noughts and ones are their own squares.
    if max(abs(squares - candidate), abs(squares_beside - incumbent)) > EXACT * n:
        return None
    ones = [both, candidate - both, incumbent - both, n - candidate - incumbent + both]
    if any(count < -EXACT * n or abs(count - round(count)) > EXACT * n for count in ones):
        return None
    # Of a share that should be low, a call without the event is the good one.
    counts = ones if metric.direction == "higher" else [ones[3], ones[2], ones[1], ones[0]]
    good, bad = ("right", "wrong") if isinstance(metric.source, LabelMatch) else ("good", "bad")
    said = (f"both {good}", f"only the candidate {good}", f"only the incumbent {good}", f"both {bad}")
    points = tuple(
        OutcomeCount(cell=cell, word=word, calls=max(0.0, round(count)), share=PERCENT * max(0.0, count) / n)
        for cell, word, count in zip(CELLS, said, counts, strict=True)
    )
    return OutcomesData(title=title, points=points)


def outcomes_box(_data: OutcomesData, box: Box) -> Box:
    """Four rows, with room for their names before and their counts behind."""
    return tall(box, ROW * len(CELLS), bottom=48, left=160, right=132 if box.width > 500 else 104)  # noqa: PLR2004 - the two sizes


def outcomes_plot(data: OutcomesData, palette: Palette, box: Box) -> Plot:
    """Bars from zero. Where the arms differ the bars are full, where they agree they are outlines."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    colours = {"both": palette.soft, "candidate": palette.accent, "incumbent": palette.ink, "neither": palette.soft}
    rows = [
        {"word": p.word, "share": p.share, "count": f"{written(p.calls, 9)} ({written(p.share)} %)"}
        for p in data.points
    ]
    y = alt.Y("word:N", sort=[p.word for p in data.points], title=None, axis=alt.Axis(domain=False, ticks=False))
    scale = alt.Scale(domain=[0, max(1e-9, *(p.share for p in data.points))], nice=False)
    x = alt.X("share:Q", title="% of the calls that both answered", scale=scale, axis=alt.Axis(tickCount=5, grid=True))
    tips = [alt.Tooltip("word:N", title="calls"), alt.Tooltip("count:N", title="how many")]
    marks = []
    for point, row in zip(data.points, rows, strict=True):
        colour, agree = colours[point.cell], point.cell in {"both", "neither"}
        bar = alt.Chart(rows_of([row])).mark_bar(
            color=colour, fillOpacity=0.12 if agree else 0.9, stroke=colour, strokeWidth=1.25, height={"band": 0.62}
        )
        marks.append(bar.encode(x=x, y=y, tooltip=tips))
    text = alt.Chart(rows_of(rows)).mark_text(align="left", dx=8, color=palette.ink)
    marks.append(text.encode(x=x, y=y, text="count:N"))
    return Plot(chart=alt.layer(*marks), box=box)


class DayDifference(Struct, frozen=True, kw_only=True):
    """The mean of one day's paired differences, candidate minus incumbent."""

    day: dt.date
    value: float
    calls: float


class DifferencesData(Struct, frozen=True, kw_only=True):
    """Everything that the chart shows."""

    title: str
    unit: str
    better: Literal["higher", "lower"]
    points: tuple[DayDifference, ...]


def differences_data(
    rows: Iterable[DayRow], metric: Metric, *, title: str, unit: str, factor: float
) -> DifferencesData | None:
    """Each day's mean difference over the calls that both arms answered; the shift of the sums cancels."""
    sums: dict[dt.date, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for row in rows:
        if row.metric == metric.id and row.series == "paired" and row.n > 0:
            n, difference = sums[row.day]
            sums[row.day] = (n + row.n, difference + row.y - row.z)
    points = tuple(
        DayDifference(day=day, value=factor * difference / n, calls=n) for day, (n, difference) in sorted(sums.items())
    )
    return DifferencesData(title=title, unit=unit, better=metric.direction, points=points) if points else None


def differences_plot(data: DifferencesData, palette: Palette, box: Box) -> Plot:
    """A stem from zero for each day: full where the candidate was better, an outline where it was worse."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    y_domain = domain([0.0, *(p.value for p in data.points)])
    x, y = axes([p.day for p in data.points], y_domain, f"candidate minus incumbent, {data.unit}", box)
    sign = 1.0 if data.better == "higher" else -1.0
    marks = [rule(0.0, y, palette.edge, dash=(1, 0))]
    for better in (True, False):
        colour = palette.accent if better else palette.bad
        rows = [
            {"day": p.day.isoformat(), "value": p.value, "zero": 0.0}
            for p in data.points
            if (sign * p.value >= 0) is better
        ]
        if rows:
            base = alt.Chart(rows_of(rows)).encode(x=x, y=y("value"))
            marks.append(base.mark_rule(color=colour, strokeWidth=1.5).encode(y2="zero:Q"))
            fill = colour if better else palette.surface
            marks.append(base.mark_point(color=colour, fill=fill, size=34, strokeWidth=1.5, opacity=1))
    readings = [
        {
            "day": p.day.isoformat(),
            "on": spelled(p.day),
            "difference": f"{written(p.value)} {data.unit}",
            "calls": written(p.calls, 9),
        }
        for p in data.points
    ]
    marks.append(read_by_pointing(readings, ("on", "difference", "calls"), x, palette, box))
    return Plot(chart=alt.layer(*marks), box=box)
