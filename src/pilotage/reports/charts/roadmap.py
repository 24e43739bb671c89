"""The roadmap of a portfolio: each workload's decision, roll-out and production day in a row."""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct

from pilotage.reports.charts.palette import Palette
from pilotage.reports.charts.plots import Box, Plot, rows_of, spelled, tall

ROW = 34
NARROW = 500
KEY = "\u25c6 decision, \u25b2 roll-out, \u25cf production; full: happened, hollow: projected"
STEPS = ("decision", "roll-out", "production")
SHAPES = ("diamond", "triangle-up", "circle")


class RoadmapPoint(Struct, frozen=True, kw_only=True):
    """One step of one workload: `step` is decision, roll-out or production, `basis` what says so."""

    workload: str
    title: str
    step: str
    day: dt.date
    basis: str


class RoadmapData(Struct, frozen=True, kw_only=True):
    """Everything that the chart shows, workloads from the top; `today` is an upright line."""

    title: str
    today: dt.date
    points: tuple[RoadmapPoint, ...]


def roadmap_box(data: RoadmapData, box: Box) -> Box:
    """A row's height for each workload, room for their names before."""
    names = {point.title for point in data.points}
    left = min(130 if box.width <= NARROW else 260, 24 + 7 * max(map(len, names)))
    return tall(box, ROW * len(names), left=left, right=48, top=30, bottom=62)


def roadmap_plot(data: RoadmapData, palette: Palette, box: Box) -> Plot:
    """A line a workload with a mark for each step: full where it happened, hollow where it is projected."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    titles = list(dict.fromkeys(point.title for point in data.points))
    y = alt.Y("title:N", sort=titles, title=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=box.left - 12))
    days = [*(point.day for point in data.points), data.today]
    room = max(dt.timedelta(days=3), (max(days) - min(days)) / 25)
    shown = [(min(days) - room).isoformat(), (max(days) + room).isoformat()]
    key = KEY if box.width > NARROW else KEY.split("; full", maxsplit=1)[0]
    axis = alt.Axis(format="%-d %b %Y", grid=True, title=key, tickCount=max(2, box.inner_width // 130), titlePadding=10)

    def x(field: str, **scale: Any) -> Any:  # noqa: ANN401 - altair's own channel
        return alt.X(f"{field}:T", scale=alt.Scale(type="utc", **scale), axis=axis)

    marks: list[Any] = [
        alt.Chart(rows_of(_spans(data)))
        .mark_rule(color=palette.edge, strokeWidth=2)
        .encode(x=x("from"), x2="to:T", y=y)
    ]
    base = alt.Chart(rows_of([_row(point) for point in data.points])).encode(x=x("day"), y=y)
    tips = [alt.Tooltip(f"{tip}:N", title=tip) for tip in ("title", "step", "on", "basis")]
    shape = alt.Shape("step:N", scale=alt.Scale(domain=list(STEPS), range=list(SHAPES)), legend=None)
    for done, fill in ((1, palette.accent), (0, palette.surface)):
        only = base.transform_filter(alt.FieldEqualPredicate(field="done", equal=done))
        point = only.mark_point(color=palette.accent, fill=fill, size=110, opacity=1, strokeWidth=1.75)
        marks.append(point.encode(shape=shape, tooltip=tips))
    now = alt.Chart(rows_of([{"at": data.today.isoformat(), "word": "today"}]))
    # The one layer that says the domain: said again by others, it is taken for a conflict.
    rule = now.mark_rule(color=palette.soft, strokeDash=[4, 3], strokeWidth=1.5)
    marks.append(rule.encode(x=x("at", domain=shown)))
    word = now.mark_text(color=palette.soft, baseline="bottom")
    marks.append(word.encode(x=x("at"), y=alt.value(-6), text="word:N"))
    return Plot(chart=alt.layer(*marks), box=box)


def _row(point: RoadmapPoint) -> dict[str, Any]:
    return {
        "title": point.title,
        "step": point.step,
        "day": point.day.isoformat(),
        "on": spelled(point.day),
        "basis": point.basis,
        "done": int(point.basis == "happened"),
    }


def _spans(data: RoadmapData) -> list[dict[str, Any]]:
    """From the first to the last step of each workload."""
    found: dict[str, list[dt.date]] = {}
    for point in data.points:
        found.setdefault(point.title, []).append(point.day)
    return [
        {"title": title, "from": min(days).isoformat(), "to": max(days).isoformat()} for title, days in found.items()
    ]
