"""Drift by field: a strip a field, a cell a day, shaded by how far the day is from the reference. Pure."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from pilotage.reports.charts.palette import Palette
from pilotage.reports.charts.plots import NOTHING, Box, Plot, rows_of, spelled, tall, written

ROW = 26
NARROW = 500
MODERATE, LARGE = 0.1, 0.25
NONE = "none"
WORDS = ("index below 0.1", "0.1 to 0.25", "above 0.25")


class DriftCell(Struct, frozen=True, kw_only=True):
    """One field on one day. `psi` is the debiased population stability index, None where there were too few calls;
    `alerts` marks the days on which size, significance and persistence came together.
    """

    field: str
    day: dt.date
    psi: float | None
    calls: int
    alerts: bool = False


class DriftData(Struct, frozen=True, kw_only=True):
    """Everything that the chart shows, fields from the top."""

    title: str
    points: tuple[DriftCell, ...]


def drift_box(data: DriftData, box: Box) -> Box:
    """A strip's height for each field, names before, the legend above."""
    fields = {p.field for p in data.points}
    left = min(130 if box.width <= NARROW else 220, 24 + 7 * max(map(len, fields)))
    return tall(box, ROW * len(fields), left=left, right=20, top=44, bottom=70)


def drift_plot(data: DriftData, palette: Palette, box: Box) -> Plot:
    """Three shades with the usual limits 0.1 and 0.25, a triangle on alerts, a dash where there is no figure."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    fields = list(dict.fromkeys(p.field for p in data.points))
    first, last = min(p.day for p in data.points), max(p.day for p in data.points)
    days = (last - first).days + 1
    every = max(1, -(-days // max(2, box.inner_width // 80)))
    shown = [(first + dt.timedelta(days=n)).isoformat() for n in range(0, days, every)]
    order = [(first + dt.timedelta(days=n)).isoformat() for n in range(days)]
    axis = alt.Axis(
        values=shown,
        labelAngle=0,
        labelExpr="timeFormat(toDate(datum.value), '%-d %b')",
        title=["\u25b2 alert: large, significant, lasting", "\u2013 too few calls"],
        titleLineHeight=15,
        domain=False,
        labelOverlap=True,
    )
    x = alt.X("day:O", scale=alt.Scale(domain=order, paddingInner=0.12), axis=axis)
    y = alt.Y("field:N", sort=fields, title=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=box.left - 12))
    shades = alt.Scale(domain=list(WORDS), range=[palette.line, palette.edge, palette.bad])
    legend = alt.Legend(title=None, orient="none", legendX=0, legendY=-40, direction="horizontal", symbolType="square")
    tips = [alt.Tooltip(f"{tip}:N", title=tip) for tip in ("field", "on", "index", "calls", "alert")]
    base = alt.Chart(rows_of([_row(p) for p in data.points])).encode(x=x, y=y)
    there = base.transform_filter(alt.FieldOneOfPredicate(field="size", oneOf=list(WORDS)))
    bars = there.mark_rect(cornerRadius=1).encode(color=alt.Color("size:N", scale=shades, legend=legend), tooltip=tips)
    gone = base.transform_filter(alt.FieldEqualPredicate(field="size", equal=NONE))
    dash = gone.mark_text(text=NOTHING, color=palette.edge).encode(tooltip=tips)
    alert = base.transform_filter(alt.FieldEqualPredicate(field="alert", equal="yes"))
    triangle = alert.mark_point(
        shape="triangle-up", filled=True, color=palette.ink, stroke=palette.surface, strokeWidth=1, size=70, opacity=1
    )
    return Plot(chart=alt.layer(bars, dash, triangle.encode(tooltip=tips)), box=box)


def _row(p: DriftCell) -> dict[str, str]:
    return {
        "field": p.field,
        "day": p.day.isoformat(),
        "on": spelled(p.day),
        "size": _size(p.psi),
        "index": written(p.psi) if p.psi is not None else "too few calls",
        "calls": written(p.calls, 9),
        "alert": "yes" if p.alerts else "no",
    }


def _size(psi: float | None) -> str:
    if psi is None:
        return NONE
    if psi < MODERATE:
        return WORDS[0]
    return WORDS[1] if psi <= LARGE else WORDS[2]
