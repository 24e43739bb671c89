"""A metric day by day, both arms: to be looked at, not inferred from, since a returning unit counts anew each day."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from pilotage.playbook.kinds import kind_of
from pilotage.playbook.metrics import Metric
from pilotage.reports.charts.palette import Palette
from pilotage.reports.charts.plots import (
    NOTHING,
    Box,
    Label,
    Plot,
    axes,
    domain,
    read_by_pointing,
    rows_of,
    spelled,
    words,
    written,
)
from pilotage.storage.protocols import DayRow

ARMS = ("incumbent", "candidate")


class DayPoint(Struct, frozen=True, kw_only=True):
    """One arm's mean on one day."""

    day: dt.date
    arm: str
    value: float
    calls: float


class DailyData(Struct, frozen=True, kw_only=True):
    """Everything that the chart shows."""

    title: str
    unit: str
    points: tuple[DayPoint, ...]


def daily_data(rows: Iterable[DayRow], metric: Metric, *, title: str, unit: str, factor: float) -> DailyData:
    """Both arms' daily means or ratios over all stages. The shift that sums are kept with is undone here."""
    sums: dict[tuple[dt.date, str], tuple[float, float, float]] = defaultdict(lambda: (0.0, 0.0, 0.0))
    for row in rows:
        if row.metric == metric.id and row.series in ARMS and row.n > 0:
            n, y, z = sums[row.day, row.series]
            sums[row.day, row.series] = (n + row.n, y + row.y, z + row.z)
    divides = kind_of(metric).divides
    points = [
        DayPoint(day=day, arm=arm, value=(y / (z if divides else n) + metric.shift) * factor, calls=n)
        for (day, arm), (n, y, z) in sorted(sums.items())
        if z > 0.0 or not divides
    ]
    return DailyData(title=title, unit=unit, points=tuple(points))


def daily_plot(data: DailyData, palette: Palette, box: Box) -> Plot:
    """The chart. The arms differ in their marks as well as their colours."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    days = sorted({point.day for point in data.points})
    y_domain = domain([point.value for point in data.points])
    x, y = axes(days, y_domain, data.unit, box)
    marks, labels = [], []
    for arm, colour, shape, dash in (
        ("incumbent", palette.soft, "square", (4, 3)),
        ("candidate", palette.accent, "circle", (1, 0)),
    ):
        rows: list[dict[str, Any]] = [
            {"day": point.day.isoformat(), "value": point.value} for point in data.points if point.arm == arm
        ]
        if not rows:
            continue
        base = alt.Chart(rows_of(rows)).encode(x=x, y=y("value"))
        marks.append(base.mark_line(color=colour, strokeWidth=1.75, strokeDash=list(dash), clip=True))
        marks.append(base.mark_point(color=colour, filled=True, size=22, shape=shape, opacity=1, clip=True))
        labels.append(Label(day=days[-1], at=rows[-1]["value"], word=arm, colour=colour))
    marks.append(words(labels, y_domain, x, y))
    marks.append(read_by_pointing([_reading(day, data) for day in days], ("on", *ARMS), x, palette, box))
    return Plot(chart=alt.layer(*marks), box=box)


def _reading(day: dt.date, data: DailyData) -> dict[str, str]:
    """What is read at a day: each arm's mean, and on how many calls."""
    found = {point.arm: point for point in data.points if point.day == day}
    said = {
        arm: f"{written(point.value)} {data.unit} ({written(point.calls, 9)} calls)" for arm, point in found.items()
    }
    return {"day": day.isoformat(), "on": spelled(day), **dict.fromkeys(ARMS, NOTHING), **said}
