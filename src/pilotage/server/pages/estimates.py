"""Estimates in words and as drawn intervals: a figure never stands without its interval and its calls. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from pilotage.evidence.measurements import Estimate, Estimated
from pilotage.server.pages.written import MINUS, NOTHING, SHARE_UNIT, TOGETHER, number, signed

PERCENT = 100.0
MARGIN = 0.08


class Scale(Struct, frozen=True, kw_only=True):
    """How values of one kind are written: a factor, and the words after the number."""

    factor: float
    after: str
    is_signed: bool = False

    def text(self, value: float | None) -> str:
        """A value as it is written on this scale."""
        if value is None:
            return NOTHING
        return self._with_unit(self._plain(value))

    def interval(self, low: float, high: float) -> str:
        """An interval, with its unit once: 4.9 to 11.2 points."""
        return self._with_unit(f"{self._plain(low)} to {self._plain(high)}")

    def _plain(self, value: float) -> str:
        text = number(value * self.factor, 3)
        return signed(text) if self.is_signed else text

    def _with_unit(self, text: str) -> str:
        after = "point" if self.after == "points" and text.lstrip(f"+{MINUS}") == "1" else self.after
        return f"{text}{TOGETHER}{after}" if after else text


def own_scale(unit: str) -> Scale:
    """The scale of an arm's own mean; shares as per cent."""
    return Scale(factor=PERCENT, after="%") if unit == SHARE_UNIT else Scale(factor=1.0, after=unit)


def comparison_scale(unit: str, form: str) -> Scale:
    """The scale of a comparison: points between shares, per cent better, or the metric's unit."""
    if form == "own":
        return own_scale(unit)
    if form == "share":
        return Scale(factor=PERCENT, after="% better", is_signed=True)
    if unit == SHARE_UNIT:
        return Scale(factor=PERCENT, after="points", is_signed=True)
    return Scale(factor=1.0, after=unit, is_signed=True)


class Figure(Struct, frozen=True, kw_only=True):
    """An estimate as it is shown. `text` is empty when it could not be had, and `reason` then says why."""

    text: str = ""
    interval: str = ""
    reason: str = ""
    calls: int = 0
    units: int = 0
    method: str = ""
    level: float = 0.0


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
