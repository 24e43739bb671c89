"""Label arrival: which share of the labels is there how long after the call, by arm, and when they are due. Pure."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from pilotage.reports.charts.palette import Palette
from pilotage.reports.charts.plots import LABEL_GAP, Box, Plot, rows_of, tall, written

PERCENT = 100.0
HOURS_A_DAY = 24.0
DAYS_FROM = 72.0
SHAPES = (("square", (4, 3)), ("circle", (1, 0)), ("triangle-up", (1, 3)))


class ArrivalPoint(Struct, frozen=True, kw_only=True):
    """The share of a group's calls, in per cent, whose label had come so many hours after the call."""

    group: str
    hours: float
    share: float
    calls: int


class ArrivalData(Struct, frozen=True, kw_only=True):
    """Everything that the chart shows. `due_hours`: how long after the call a label counts."""

    title: str
    due_hours: float
    points: tuple[ArrivalPoint, ...]


def arrival_box(_data: ArrivalData, box: Box) -> Box:
    """Room for the word of the due line above, and for the title of the hours below."""
    return tall(box, box.inner_height, top=28, bottom=48)


def arrival_plot(data: ArrivalData, palette: Palette, box: Box) -> Plot:
    """A curve a group, with marks of its own, against hours, or days where they are many; the due line is dashed."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    longest = max([data.due_hours, *(p.hours for p in data.points)])
    step, unit = (HOURS_A_DAY, "days") if longest > DAYS_FROM else (1.0, "hours")
    x_scale, y_scale = alt.Scale(domain=[0, longest / step], nice=False), alt.Scale(domain=[0, PERCENT], nice=False)
    ticks = alt.Axis(grid=False, tickCount=max(3, box.inner_width // 110))
    x = alt.X("after:Q", title=f"{unit} after the call", scale=x_scale, axis=ticks)
    y = alt.Y("share:Q", title="% of calls with their label", scale=y_scale, axis=alt.Axis(tickCount=5))
    due = alt.Chart(rows_of([{"after": data.due_hours / step, "word": "due"}])).encode(x=x)
    marks = [
        due.mark_rule(color=palette.bad, strokeDash=[2, 3], strokeWidth=1.5),
        due.mark_text(color=palette.bad, baseline="bottom").encode(y=alt.value(-4), text="word:N"),
    ]
    groups = list(dict.fromkeys(p.group for p in data.points))
    colours = (palette.soft, palette.accent, palette.good)
    ends: list[float] = []
    order = sorted(groups, key=lambda group: -_last(data, group).share)
    for group in order:
        place = groups.index(group) % len(SHAPES)
        (shape, dash), colour = SHAPES[place], colours[place]
        rows: list[dict[str, Any]] = [_row(p, step) for p in data.points if p.group == group]
        base = alt.Chart(rows_of(rows)).encode(x=x, y=y)
        marks.append(base.mark_line(color=colour, strokeWidth=2, strokeDash=list(dash), interpolate="step-after"))
        tips = [alt.Tooltip(f"{tip}:N", title=tip) for tip in ("group", "delay", "arrived", "calls")]
        marks.append(base.mark_point(color=colour, filled=True, shape=shape, size=44, opacity=1).encode(tooltip=tips))
        at = min([rows[-1]["share"], *(end - LABEL_GAP * PERCENT / box.inner_height for end in ends)])
        ends.append(at)
        # At the edge, since a curve may end on another one.
        word = alt.Chart(rows_of([{"share": at, "word": group}])).mark_text(align="left", dx=8, color=colour)
        marks.append(word.encode(x=alt.value(box.inner_width), y=y, text="word:N"))
    return Plot(chart=alt.layer(*marks), box=box)


def _last(data: ArrivalData, group: str) -> ArrivalPoint:
    return [p for p in data.points if p.group == group][-1]


def _row(p: ArrivalPoint, step: float) -> dict[str, Any]:
    delay = f"{written(p.hours / HOURS_A_DAY)} days" if step == HOURS_A_DAY else f"{written(p.hours)} hours"
    return {
        "after": p.hours / step,
        "share": p.share,
        "group": p.group,
        "delay": delay,
        "arrived": f"{written(p.share)} %",
        "calls": written(p.calls, 9),
    }
