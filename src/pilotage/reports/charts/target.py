"""The target metric over time: the estimate with its interval at every look, what was promised, and the bounds."""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct

from pilotage.evidence.measurements import Answer, Estimate, Look
from pilotage.playbook.metrics import Target
from pilotage.reports.charts.palette import Palette
from pilotage.reports.charts.plots import (
    NOTHING,
    Box,
    Label,
    Plot,
    Y,
    axes,
    domain,
    read_by_pointing,
    rows_of,
    rule,
    spelled,
    words,
    written,
)

Z_95 = 1.959964
Z_MIN = 0.2
TIPS = ("on", "estimate", "interval", "always valid", "calls", "go", "futile")


class LookPoint(Struct, frozen=True, kw_only=True):
    """One look, on the scale that is drawn. `go` and `futile`: from where the answer would be one; `band_low` and
    `band_high`: what stays right however often one looks.
    """

    day: dt.date
    calls: int
    value: float
    low: float
    high: float
    go: float | None
    futile: float | None
    band_low: float | None = None
    band_high: float | None = None


class TargetData(Struct, frozen=True, kw_only=True):
    """Everything that the chart shows. Values are multiplied to the unit named."""

    title: str
    unit: str
    target: float
    floor: float
    points: tuple[LookPoint, ...]


def target_data(answer: Answer, target: Target, *, title: str, unit: str, factor: float) -> TargetData:
    """The looks as they are drawn; a look without an estimate is left out."""
    points = [
        _point(look, look.estimate, target, factor) for look in answer.looks if isinstance(look.estimate, Estimate)
    ]
    return TargetData(
        title=title, unit=unit, target=target.target * factor, floor=target.floor * factor, points=tuple(points)
    )


def _point(look: Look, estimate: Estimate, target: Target, factor: float) -> LookPoint:
    """The bounds are kept in standard errors, towards what is better; the look's own error takes them to the estimate's
    scale, on which a target below its floor is better downwards.
    """
    error = (estimate.high - estimate.low) / (2 * Z_95)
    if look.z is not None and abs(look.z) >= Z_MIN:
        error = abs((estimate.value - target.target) / look.z)
    if target.target < target.floor:
        error = -error

    def bound(limit: float | None) -> float | None:
        return None if limit is None else (target.target + limit * error) * factor

    return LookPoint(
        day=look.day,
        calls=estimate.calls,
        value=estimate.value * factor,
        low=estimate.low * factor,
        high=estimate.high * factor,
        go=bound(look.efficacy),
        futile=bound(look.futility),
        band_low=_scaled(look.band_low, factor),
        band_high=_scaled(look.band_high, factor),
    )


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def target_plot(data: TargetData, palette: Palette, box: Box) -> Plot:
    """The chart and where its plot area lies."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    shown = [p.value for p in data.points] + [data.target, data.floor]
    shown += [edge for p in data.points[len(data.points) // 8 :] for edge in (p.low, p.high)]
    y_domain = domain(shown)
    days = [p.day for p in data.points]
    rows: list[dict[str, Any]] = [
        {
            "day": p.day.isoformat(),
            "value": p.value,
            "low": p.low,
            "high": p.high,
            "go": p.go,
            "futile": p.futile,
            "band_low": p.band_low,
            "band_high": p.band_high,
        }
        for p in data.points
    ]
    x, y = axes(days, y_domain, data.unit, box)
    base = alt.Chart(rows_of(rows)).encode(x=x)
    marks = [
        base.mark_area(color=palette.accent, opacity=0.16, clip=True).encode(y=y("low"), y2="high:Q"),
        *_band(data, base, palette, y),
        rule(data.target, y, palette.good, dash=(6, 3)),
        rule(data.floor, y, palette.bad, dash=(2, 3)),
        base.mark_line(color=palette.good, strokeWidth=1.25, clip=True).encode(y=y("go")),
        base.mark_line(color=palette.bad, strokeWidth=1.25, clip=True).encode(y=y("futile")),
        base.mark_line(color=palette.accent, strokeWidth=2.5, clip=True).encode(y=y("value")),
        base.mark_point(color=palette.accent, filled=True, size=26, opacity=1, clip=True).encode(y=y("value")),
        *_crossing(data, palette, x, y),
        words(_labels(data, palette, y_domain), y_domain, x, y),
        read_by_pointing([_reading(p, data) for p in data.points], TIPS, x, palette, box),
    ]
    return Plot(chart=alt.layer(*marks), box=box)


def _band(data: TargetData, base: Any, palette: Palette, y: Y) -> list[Any]:  # noqa: ANN401 - altair's own chart
    """The edges of the always-valid band, dotted, where there is one."""
    if all(p.band_low is None for p in data.points):
        return []
    edge = base.mark_line(color=palette.accent, strokeWidth=1.25, strokeDash=[1, 3], strokeCap="round", clip=True)
    return [edge.encode(y=y("band_low")), edge.encode(y=y("band_high"))]


def _reading(point: LookPoint, data: TargetData) -> dict[str, str]:
    """What is read at a look."""
    beyond = "above" if data.target >= data.floor else "below"
    under = "below" if data.target >= data.floor else "above"
    band = f"{written(point.band_low)} to {written(point.band_high)}" if point.band_low is not None else NOTHING
    return {
        "day": point.day.isoformat(),
        "on": spelled(point.day),
        "estimate": f"{written(point.value)} {data.unit}",
        "interval": f"{written(point.low)} to {written(point.high)}",
        "always valid": band,
        "calls": written(point.calls, 9),
        "go": f"{beyond} {written(point.go)}" if point.go is not None else NOTHING,
        "futile": f"{under} {written(point.futile)}" if point.futile is not None else NOTHING,
    }


def _crossing(data: TargetData, palette: Palette, x: Any, y: Y) -> list[Any]:  # noqa: ANN401 - altair's own channel
    """A ring around the look at which the target was proven."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    proven = proven_at(data)
    if proven is None:
        return []
    rows = rows_of([{"day": proven.day.isoformat(), "value": proven.value}])
    ring = alt.Chart(rows).mark_point(color=palette.good, size=170, strokeWidth=2, opacity=1)
    return [ring.encode(x=x, y=y("value"))]


def proven_at(data: TargetData) -> LookPoint | None:
    """The first look on the far side of the bound for go, whichever side that is."""
    better = 1.0 if data.target >= data.floor else -1.0
    return next((p for p in data.points if p.go is not None and better * (p.value - p.go) >= 0), None)


def _labels(data: TargetData, palette: Palette, y_domain: tuple[float, float]) -> list[Label]:
    """The straight lines and the estimate at their end; each bound where it enters the picture."""
    last, (low, high) = data.points[-1], y_domain
    labels = [
        Label(day=last.day, at=data.target, word="target", colour=palette.good),
        Label(day=last.day, at=data.floor, word="floor", colour=palette.bad),
        Label(day=last.day, at=last.value, word="estimate", colour=palette.accent),
    ]
    if last.band_high is not None:
        labels.append(Label(day=last.day, at=last.band_high, word="always valid", colour=palette.accent))
    step = (high - low) / 20
    entered = next((p for p in data.points if p.go is not None and low <= p.go <= high), None)
    if entered is not None and entered.go is not None:
        away = step if entered.go < (low + high) / 2 else -step / 2
        label = Label(day=entered.day, at=entered.go + away, word="go beyond this line", colour=palette.good, dx=18)
        labels.append(label)
    bounded = [p for p in data.points if p.futile is not None and low <= p.futile <= high]
    if bounded:
        middle = bounded[len(bounded) // 3]
        away = -step if data.target >= data.floor else step
        at = (middle.futile or 0.0) + 1.2 * away
        labels.append(Label(day=middle.day, at=at, word="futile beyond this line", colour=palette.bad))
    proven = proven_at(data)
    if proven is not None:
        labels.append(Label(day=proven.day, at=proven.value + 1.5 * step, word="proven", colour=palette.good, dx=-16))
    return labels
