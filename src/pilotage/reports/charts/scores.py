"""Scores of an assessment over its rounds: each dimension, and all of them together, on the scale from 1 to 5."""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct

from pilotage.reports.charts.palette import Palette
from pilotage.reports.charts.plots import Box, Label, Plot, axes, read_by_pointing, rows_of, spelled, tall, words

OVERALL = "Overall"
SCALE = (1.0, 5.0)
ROOM = 0.15
LETTER = 6.6
NARROW = 500
SHAPES = ("square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right")
DASHES = ((4, 3), (2, 2), (6, 2), (1, 3), (8, 3), (3, 1))


class ScorePoint(Struct, frozen=True, kw_only=True):
    """One dimension's score in one round; the series `Overall` is the mean of the dimensions."""

    round: int
    day: dt.date
    series: str
    score: float


class ScoresData(Struct, frozen=True, kw_only=True):
    """Everything that the chart shows. Of rounds that were concluded on one day the last is drawn."""

    title: str
    points: tuple[ScorePoint, ...]


def scores_box(data: ScoresData, box: Box) -> Box:
    """Room for the dimensions' names behind the last round."""
    longest = max(len(point.series) for point in data.points)
    right = min(150 if box.width <= NARROW else 230, 24 + round(LETTER * longest))
    return tall(box, box.inner_height, right=right)


def scores_plot(data: ScoresData, palette: Palette, box: Box) -> Plot:
    """A line a dimension, each with marks of its own, and a strong one for all together."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    drawn = {(point.series, point.day): point for point in data.points}
    days = sorted({day for _, day in drawn})
    y_domain = (SCALE[0] - ROOM, SCALE[1] + ROOM)
    x, y = axes(days, y_domain, "score, 1 to 5", box)
    names = [name for name in dict.fromkeys(point.series for point in data.points) if name != OVERALL]
    marks: list[Any] = []
    labels: list[Label] = []
    for place, name in enumerate([*names, OVERALL]):
        rows: list[dict[str, Any]] = [
            {"day": day.isoformat(), "score": drawn[name, day].score} for day in days if (name, day) in drawn
        ]
        if not rows:
            continue
        whole = name == OVERALL
        colour = palette.accent if whole else palette.soft
        dash = (1, 0) if whole else DASHES[place % len(DASHES)]
        shape = "circle" if whole else SHAPES[place % len(SHAPES)]
        base = alt.Chart(rows_of(rows)).encode(x=x, y=y("score"))
        marks.append(base.mark_line(color=colour, strokeWidth=3 if whole else 1.5, strokeDash=list(dash)))
        marks.append(base.mark_point(color=colour, filled=True, shape=shape, size=80 if whole else 44, opacity=1))
        labels.append(Label(day=days[-1], at=rows[-1]["score"], word=name, colour=colour))
    marks.append(words(_inside(labels), y_domain, x, y))
    readings = [_reading(day, drawn, [*names, OVERALL]) for day in days]
    marks.append(read_by_pointing(readings, ("on", "round", *names, OVERALL), x, palette, box))
    return Plot(chart=alt.layer(*marks), box=box)


def _inside(labels: list[Label]) -> list[Label]:
    """Equal scores in a fixed order, so that the same data are drawn the same."""
    return sorted(labels, key=lambda label: (-label.at, label.word != OVERALL, label.word))


def _reading(day: dt.date, drawn: dict[tuple[str, dt.date], ScorePoint], names: list[str]) -> dict[str, str]:
    here = {name: drawn[name, day] for name in names if (name, day) in drawn}
    said = {name: f"{here[name].score:.1f}" if name in here else "\u2013" for name in names}
    number = next(iter(here.values())).round
    return {"day": day.isoformat(), "on": spelled(day), "round": f"{number}", **said}
