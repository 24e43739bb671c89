"""How the values of a metric are written: shares as per cent, differences between them in points. Pure."""

from __future__ import annotations

from msgspec import Struct

from pilotage.reports.numbers import MINUS, NOTHING, SHARE_UNIT, TOGETHER, number, signed

PERCENT = 100.0


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
