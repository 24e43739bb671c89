"""Drift by field: a strip a field, a cell a window, shaded by how far the window is from the reference. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from pilotage.reports.charts.palette import Palette
from pilotage.reports.charts.plots import NOTHING, Box, Plot, rows_of, spelled, tall, written

ROW = 26
NARROW = 500
MODERATE, LARGE = 0.1, 0.25
NONE = "none"
WORDS = ("index below 0.1", "0.1 to 0.25", "above 0.25")


class DriftCell(Struct, frozen=True, kw_only=True):
    """One field in one window of whole days, `until` exclusive. `psi` is the debiased population stability index, None
    where there were too few calls; `alerts` marks windows where size, significance and persistence came together.
    """

    field: str
    since: dt.date
    until: dt.date
    psi: float | None
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
    axis = alt.Axis(
        format="%-d %b",
        tickCount=max(2, box.inner_width // 110),
        title=["\u25b2 alert: large, significant, lasting", "\u2013 too few calls"],
        titleLineHeight=15,
        grid=False,
        domain=False,
        labelOverlap=True,
    )
    scale = alt.Scale(type="utc", nice=False)
    x, middle = (alt.X(f"{field}:T", scale=scale, axis=axis) for field in ("since", "middle"))
    rows = alt.Scale(paddingInner=0.12)
    y = alt.Y(
        "field:N",
        sort=fields,
        title=None,
        scale=rows,
        axis=alt.Axis(domain=False, ticks=False, labelLimit=box.left - 12),
    )
    shades = alt.Scale(domain=list(WORDS), range=[palette.line, palette.edge, palette.bad])
    # From the picture's edge: with long names the strips alone are narrower than the legend.
    place = {"orient": "none", "legendX": 8 - box.left, "legendY": -40, "direction": "horizontal"}
    legend = alt.Legend.from_dict({"title": None, "symbolType": "square", **place})
    tips = [alt.Tooltip(f"{tip}:N", title=tip) for tip in ("field", "days", "index", "alert")]
    held = [_row(p) for p in data.points]
    layers = []

    # A layer without rows would give the axis of days no end, so it is left out.
    def layer(rows: list[dict[str, str]], draw: Callable[[Any], Any]) -> None:
        if rows:
            layers.append(draw(alt.Chart(rows_of(rows)).encode(y=y, tooltip=tips)))

    colour = alt.Color("size:N", scale=shades, legend=legend)
    layer(
        [row for row in held if row["size"] != NONE],
        lambda base: base.mark_rect(stroke=palette.surface, strokeWidth=1.5).encode(x=x, x2="until:T", color=colour),
    )
    layer(
        [row for row in held if row["size"] == NONE],
        lambda base: base.mark_text(text=NOTHING, color=palette.edge).encode(x=middle),
    )
    triangle = {"shape": "triangle-up", "filled": True, "strokeWidth": 1, "size": 70, "opacity": 1}
    layer(
        [row for row in held if row["alert"] == "yes"],
        lambda base: base.mark_point(color=palette.ink, stroke=palette.surface, **triangle).encode(x=middle),
    )
    return Plot(chart=alt.layer(*layers), box=box)


def _row(p: DriftCell) -> dict[str, str]:
    return {
        "field": p.field,
        "since": p.since.isoformat(),
        "until": p.until.isoformat(),
        "middle": (dt.datetime.combine(p.since, dt.time(), dt.UTC) + (p.until - p.since) / 2).isoformat(),
        "days": f"{spelled(p.since)} to {spelled(p.until - dt.timedelta(days=1))}",
        "size": _size(p.psi),
        "index": written(p.psi) if p.psi is not None else "too few calls",
        "alert": "yes" if p.alerts else "no",
    }


def _size(psi: float | None) -> str:
    if psi is None:
        return NONE
    if psi < MODERATE:
        return WORDS[0]
    return WORDS[1] if psi <= LARGE else WORDS[2]
