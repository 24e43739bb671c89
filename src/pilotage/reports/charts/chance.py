"""The chance of a go by the pilot's length, as a history lets one foretell it. Pure."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from pilotage.reports.charts.palette import Palette
from pilotage.reports.charts.plots import Box, Plot, rows_of, tall, written


class ChancePoint(Struct, frozen=True, kw_only=True):
    """The chance of a go within so many weeks, as per cent."""

    weeks: float
    expected: float
    target: float


class ChanceData(Struct, frozen=True, kw_only=True):
    """The chance of a go by weeks; `planned` is the pilot that is planned."""

    title: str
    planned: float
    points: tuple[ChancePoint, ...]


def chance_box(_data: ChanceData, box: Box) -> Box:
    """Room for the words at the lines' ends, and for the title of the weeks below."""
    return tall(box, box.inner_height, right=box.right + 40, bottom=48)


def chance_plot(data: ChanceData, palette: Palette, box: Box) -> Plot:
    """Two lines over weeks: if the candidate is as good as in the history, and if it is just at the target."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

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
        rows = [
            {"weeks": p.weeks, field: getattr(p, field), "candidate": word, "within": f"{written(p.weeks)} weeks",
             "chance": f"{written(getattr(p, field))} %"}
            for p in data.points
        ]  # fmt: skip
        tips = [alt.Tooltip(f"{tip}:N", title=tip) for tip in ("candidate", "within", "chance")]
        line = alt.Chart(rows_of(rows)).encode(x=x, y=y(field), tooltip=tips)
        layers += [line.mark_line(color=colour, strokeWidth=2.5), line.mark_point(color=colour, filled=True, opacity=1)]
        label = alt.Chart(rows_of([{"weeks": last.weeks, "at": at, "word": word}]))
        layers.append(
            label.mark_text(align="left", dx=10, color=colour, baseline="middle").encode(x=x, y=y("at"), text="word:N")
        )
    return Plot(chart=alt.layer(*layers), box=box)
