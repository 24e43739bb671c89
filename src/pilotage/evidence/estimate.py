"""What production is estimated to cost and to bring, as people wrote it down, added up at its likely figures. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Draws = NDArray[np.float64]

MODEL_USAGE = "model_usage"
RARE_MAX = 0.99
Per = Literal["once", "year", "call"]


def draws_in_words(share: float) -> str:
    """A share of draws, from 0 to 1, in words; never all or none of them, which draws cannot tell."""
    if share > RARE_MAX:
        return "more than 99 %"
    return "less than 1 %" if share < 1 - RARE_MAX else f"{share:.0%}".replace("%", " %")


class Spread(Struct, frozen=True, kw_only=True):
    """A figure that is not known: at least, most likely, at most."""

    low: float
    likely: float
    high: float


class CostLine(Struct, frozen=True, kw_only=True):
    """One line of an estimate, in US dollars once, a year or a call."""

    category: str
    per: Per
    usd: Spread


class Worth(Struct, frozen=True, kw_only=True):
    """What production brings: `usd` for one unit of gain, and how many units a call gains, with the standard error of
    what was measured (0 where it is just said).
    """

    usd: Spread
    gain: float = 1.0
    gain_error: float = 0.0

    @property
    def likely_usd_a_call(self) -> float:
        """What a call brings at the likely figures."""
        return self.usd.likely * self.gain


class LikelySums(Struct, frozen=True, kw_only=True):
    """The likely figures of an estimate added up, in US dollars. `whole` is the cost once and of all its years."""

    once_usd: float
    running_usd_a_year: float
    value_usd_a_year: float | None
    years: int

    @property
    def first_year_usd(self) -> float:
        """What has to be paid for by the end of the first year."""
        return self.once_usd + self.running_usd_a_year

    @property
    def whole_cost_usd(self) -> float:
        """The cost of all years, with what is paid once."""
        return self.once_usd + self.years * self.running_usd_a_year

    @property
    def whole_value_usd(self) -> float | None:
        """What all years bring; None where no value is stated."""
        return None if self.value_usd_a_year is None else self.years * self.value_usd_a_year


def names_model_usage(lines: Iterable[CostLine]) -> bool:
    """Whether somebody estimated what the model costs; what was measured of a call is not added then."""
    return any(line.category == MODEL_USAGE for line in lines)


def likely(lines: Iterable[CostLine], per: Per) -> float:
    """The likely figures of the lines of one kind, added up."""
    return math.fsum(line.usd.likely for line in lines if line.per == per)


def drawn_sum(generator: np.random.Generator, lines: Sequence[CostLine], per: Per, draws: int) -> Draws:
    """The lines of one kind added up, each drawn for itself: they are taken to have nothing to do with each other."""
    import numpy as np  # noqa: PLC0415 - numpy is loaded only where a figure needs it

    parts = [triangular(generator, line.usd, draws) for line in lines if line.per == per]
    return np.sum(parts, axis=0) if parts else np.zeros(draws)


def triangular(generator: np.random.Generator, spread: Spread, draws: int) -> Draws:
    """Draws between the three figures. ValueError where they do not run from low to high."""
    if not spread.low <= spread.likely <= spread.high or not math.isfinite(spread.high - spread.low):
        raise ValueError(f"An estimate runs from a low over a likely to a high figure; these are {spread}.")
    if spread.low == spread.high:
        return generator.uniform(spread.low, spread.high, draws)
    return generator.triangular(spread.low, spread.likely, spread.high, draws)


def drawn_worth(generator: np.random.Generator, worth: Worth, draws: int) -> Draws:
    """What a call brings in each draw: the worth of a unit, times the units gained within their error."""
    return triangular(generator, worth.usd, draws) * generator.normal(worth.gain, worth.gain_error, draws)
