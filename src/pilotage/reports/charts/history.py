"""What a history shows, as pictures: the difference in each segment, and the chance of a go by the pilot's length."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, structs

from pilotage.reports.charts.palette import Palette
from pilotage.reports.charts.plots import Box, Plot, domain, rows_of

ROW_HEIGHT = 26
NAME_SHARE = 0.28
CHARACTER_WIDTH = 6.6


class ForestRow(Struct, frozen=True, kw_only=True):
    """One line: what it is about, and its estimate with the interval. `whole` marks the line over everything."""

    name: str
    value: float
    low: float
    high: float
    whole: bool = False


class ForestData(Struct, frozen=True, kw_only=True):
    """Estimates below each other, on the scale that is drawn."""

    unit: str
    rows: tuple[ForestRow, ...]


class ChancePoint(Struct, frozen=True, kw_only=True):
    """The chance of a go within so many weeks, as per cent."""

    weeks: float
    expected: float
    target: float


class ChanceData(Struct, frozen=True, kw_only=True):
    """The chance of a go by weeks; `planned` is the pilot that is planned."""

    planned: float
    points: tuple[ChancePoint, ...]


def forest_plot(data: ForestData, palette: Palette, box: Box) -> Plot:
    """Each estimate as a point with its interval, against a line at no difference."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    left = round(box.width * NAME_SHARE)
    room = round(left / CHARACTER_WIDTH)
    names = [_short(row.name, room) for row in data.rows]
    tall = structs.replace(box, left=left, right=24, height=box.top + box.bottom + 14 + ROW_HEIGHT * len(names))
    tall = structs.replace(tall, bottom=box.bottom + 14)
    x_domain = domain([0.0, *(edge for row in data.rows for edge in (row.low, row.high))])
    rows = [
        {"name": name, "value": row.value, "low": row.low, "high": row.high, "size": 90 if row.whole else 50}
        for name, row in zip(names, data.rows, strict=True)
    ]

    def x(field: str) -> Any:  # noqa: ANN401 - altair's own channel
        title = f"{data.unit}; plus is better"
        scale = alt.Scale(domain=list(x_domain), nice=False)
        return alt.X(f"{field}:Q", scale=scale, axis=alt.Axis(title=title, tickCount=5))

    axis = alt.Axis(title=None, grid=False, ticks=False, domain=False, labelLimit=left - 8)
    y = alt.Y("name:N", sort=names, axis=axis)
    base = alt.Chart(rows_of(rows)).encode(y=y)
    zero = alt.Chart(rows_of([{"at": 0.0}])).mark_rule(color=palette.edge, strokeWidth=1.5).encode(x=x("at"))
    spans = base.mark_rule(color=palette.accent, strokeWidth=3, strokeCap="round").encode(x=x("low"), x2="high:Q")
    points = base.mark_point(color=palette.accent, filled=True, opacity=1).encode(
        x=x("value"), size=alt.Size("size:Q", scale=None)
    )
    return Plot(chart=alt.layer(zero, spans, points), box=tall, y_domain=(0.0, float(len(names))))


def chance_plot(data: ChanceData, palette: Palette, box: Box) -> Plot:
    """Two lines over weeks: if the candidate is as good as in the history, and if it is just at the target."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    box = structs.replace(box, bottom=box.bottom + 14, right=box.right + 40)
    weeks = [point.weeks for point in data.points]
    x = alt.X(
        "weeks:Q",
        scale=alt.Scale(domain=[min(weeks), max(weeks)], nice=False),
        axis=alt.Axis(title="weeks of pilot", grid=False, tickCount=6),
    )

    def y(field: str) -> Any:  # noqa: ANN401 - altair's own channel
        axis = alt.Axis(title="chance of a go, %", tickCount=5)
        return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[0, 100], nice=False), axis=axis)

    layers = [
        alt.Chart(rows_of([{"weeks": data.planned}]))
        .mark_rule(color=palette.edge, strokeDash=[2, 3], strokeWidth=1.5)
        .encode(x=x)
    ]
    last = data.points[-1]
    for field, word, colour, at in (
        ("expected", "as good as here", palette.accent, last.expected),
        ("target", "just at the target", palette.bad, last.target),
    ):
        rows = [{"weeks": point.weeks, field: getattr(point, field)} for point in data.points]
        line = alt.Chart(rows_of(rows)).encode(x=x, y=y(field))
        layers += [line.mark_line(color=colour, strokeWidth=2.5), line.mark_point(color=colour, filled=True, opacity=1)]
        label = alt.Chart(rows_of([{"weeks": last.weeks, "at": at, "word": word}]))
        layers.append(
            label.mark_text(align="left", dx=10, color=colour, baseline="middle").encode(x=x, y=y("at"), text="word:N")
        )
    return Plot(chart=alt.layer(*layers), box=box, y_domain=(0.0, 100.0))


def _short(name: str, room: int) -> str:
    return name if len(name) <= room else f"{name[: room - 1]}…"
