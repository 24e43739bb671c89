"""A year's cost and what it earns, by how many calls there are, with where one overtakes the other."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from pilotage.reports.charts.palette import Palette
from pilotage.reports.charts.plots import Box, Plot, rows_of, tall, written

THOUSANDS_FROM = 10_000


class PayingPoint(Struct, frozen=True, kw_only=True):
    """A year at so many calls a week: cost and earnings, with the limits of nine in ten draws."""

    calls_a_week: float
    cost: float
    cost_low: float
    cost_high: float
    earned: float
    earned_low: float
    earned_high: float


class PayingData(Struct, frozen=True, kw_only=True):
    """Everything that the chart shows. `even` is the number of calls a week from which it pays, None where none is
    in sight; `likely` is the most likely number.
    """

    title: str
    unit: str
    likely: float
    even: float | None
    points: tuple[PayingPoint, ...]


def paying_box(_data: PayingData, box: Box) -> Box:
    """Room for the title of the calls below, and for words above."""
    return tall(box, box.inner_height - 34, bottom=50, top=30)


def paying_plot(data: PayingData, palette: Palette, box: Box) -> Plot:
    """Two lines with their bands over the calls; upright lines at the likely number and where it breaks even."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    x, y = _axes(data, box)
    rows = [_row(point, data.unit) for point in data.points]
    base = alt.Chart(rows_of(rows)).encode(x=x("calls"))
    tips = [alt.Tooltip(f"{tip}:N", title=tip) for tip in ("calls a week", "costs a year", "earns a year")]
    layers: list[Any] = []
    for field, colour in (("cost", palette.bad), ("earned", palette.good)):
        layers.append(base.mark_area(color=colour, opacity=0.14).encode(y=y(f"{field}_low"), y2=f"{field}_high:Q"))
        dash = [6, 3] if field == "cost" else [1, 0]
        layers.append(base.mark_line(color=colour, strokeWidth=2.5, strokeDash=dash).encode(y=y(field), tooltip=tips))
    layers += _upright(data, palette, x)
    layers += _ends(data, palette, x, y)
    return Plot(chart=alt.layer(*layers), box=box)


def _axes(data: PayingData, box: Box) -> tuple[Any, Any]:
    import altair as alt  # noqa: PLC0415 - see `paying_plot`

    held = [edge for p in data.points for edge in (p.cost_low, p.cost_high, p.earned_low, p.earned_high, 0.0)]
    low, high = min(held), max(held)
    thousands = {"format": "~s"} if max(-low, high) >= THOUSANDS_FROM else {}
    axis_y = alt.Axis.from_dict({"title": data.unit, "tickCount": 5, **thousands})
    many = {"format": "~s"} if data.points[-1].calls_a_week >= THOUSANDS_FROM else {}
    count = max(3, box.inner_width // 110)
    axis_x = alt.Axis.from_dict({"title": "calls a week", "grid": False, "tickCount": count, **many})

    def x(field: str) -> Any:  # noqa: ANN401 - altair's own channel
        scale = alt.Scale(domain=[0.0, data.points[-1].calls_a_week], nice=False)
        return alt.X(f"{field}:Q", scale=scale, axis=axis_x)

    def y(field: str) -> Any:  # noqa: ANN401 - altair's own channel
        return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[low, high or 1.0], nice=True), axis=axis_y)

    return x, y


def _row(point: PayingPoint, unit: str) -> dict[str, Any]:
    """A point's numbers, and how they read."""
    return {
        "calls": point.calls_a_week,
        "cost": point.cost,
        "cost_low": point.cost_low,
        "cost_high": point.cost_high,
        "earned": point.earned,
        "earned_low": point.earned_low,
        "earned_high": point.earned_high,
        "calls a week": written(point.calls_a_week, 3),
        "costs a year": f"{written(point.cost)} {unit} ({written(point.cost_low)} to {written(point.cost_high)})",
        "earns a year": f"{written(point.earned)} {unit} ({written(point.earned_low)} to {written(point.earned_high)})",
    }


def _upright(data: PayingData, palette: Palette, x: Any) -> list[Any]:  # noqa: ANN401 - altair's own channel
    """The likely number of calls and the one from which it pays, each with its word; on two heights, so that they do
    not meet.
    """
    import altair as alt  # noqa: PLC0415 - see `paying_plot`

    last = data.points[-1].calls_a_week
    marks = []
    for at, word, colour, dash, height in (
        (data.likely, "likely", palette.soft, [2, 3], -4),
        (data.even, "breaks even", palette.accent, [6, 3], -17),
    ):
        if at is None or not 0.0 < at <= last:
            continue
        side: Literal["left", "right"] = "right" if at > last / 2 else "left"
        base = alt.Chart(rows_of([{"at": at, "word": word}])).encode(x=x("at"))
        marks.append(base.mark_rule(color=colour, strokeDash=dash, strokeWidth=1.5))
        text = base.mark_text(color=colour, align=side, baseline="bottom")
        marks.append(text.encode(y=alt.value(height), text="word:N"))
    return marks


def _ends(data: PayingData, palette: Palette, x: Any, y: Any) -> list[Any]:  # noqa: ANN401 - altair's own channels
    """Each line's word at its end."""
    import altair as alt  # noqa: PLC0415 - see `paying_plot`

    last = data.points[-1]
    above = last.earned >= last.cost
    marks = []
    for field, at, word, colour, up in (
        ("cost", last.cost, "costs", palette.bad, not above),
        ("earned", last.earned, "earns", palette.good, above),
    ):
        row = alt.Chart(rows_of([{"calls": last.calls_a_week, field: at, "word": word}]))
        text = row.mark_text(align="left", dx=8, dy=-7 if up else 7, color=colour, baseline="middle")
        marks.append(text.encode(x=x("calls"), y=y(field), text="word:N"))
    return marks
