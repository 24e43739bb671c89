"""Estimates in words and as drawn intervals: a figure never stands without its interval and its calls. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from pilotage.evidence.measurements import Estimate, Estimated
from pilotage.reports.scales import PERCENT, Scale, comparison_scale, own_scale

__all__ = ["Drawn", "Figure", "Mark", "Scale", "comparison_scale", "drawn", "figure", "own_scale"]

MARGIN = 0.08


class Figure(Struct, frozen=True, kw_only=True):
    """An estimate as it is shown. `text` is empty when it could not be had, and `reason` then says why. `left_out`
    names the stages with calls that it is without, and why.
    """

    text: str = ""
    interval: str = ""
    reason: str = ""
    calls: int = 0
    units: int = 0
    method: str = ""
    level: float = 0.0
    left_out: tuple[str, ...] = ()


def figure(estimated: Estimated, scale: Scale) -> Figure:
    """An estimate in words."""
    if isinstance(estimated, Estimate):
        return Figure(
            text=scale.text(estimated.value),
            interval=scale.interval(estimated.low, estimated.high),
            calls=estimated.calls,
            units=estimated.units,
            method=estimated.method,
            level=estimated.level,
            left_out=tuple(f"{one.stage}: {one.reason}" for one in estimated.left_out),
        )
    return Figure(reason=estimated.reason, calls=estimated.calls, units=estimated.units)


class Mark(Struct, frozen=True, kw_only=True):
    """A line across a drawn interval: `zero`, `bound` or `goal`, at a per cent of the width."""

    kind: str
    at: float


class Drawn(Struct, frozen=True, kw_only=True):
    """An interval to draw, in per cent of the width."""

    low: float
    value: float
    high: float
    marks: tuple[Mark, ...]


def drawn(estimated: Estimated, marks: Iterable[tuple[str, float]]) -> Drawn | None:
    """An interval with lines at the given values, on a scale that holds them all; None without an estimate."""
    if not isinstance(estimated, Estimate):
        return None
    lines = list(marks)
    held = [estimated.low, estimated.high, *(value for _, value in lines)]
    least, span = min(held), (max(held) - min(held)) or 1.0

    def place(value: float) -> float:
        share = min(1.0, max(0.0, (value - least) / span))
        return round(PERCENT * (MARGIN + (1 - 2 * MARGIN) * share), 2)

    return Drawn(
        low=place(estimated.low),
        value=place(estimated.value),
        high=place(estimated.high),
        marks=tuple(Mark(kind=kind, at=place(value)) for kind, value in lines),
    )
