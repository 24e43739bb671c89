"""What a statistical promise is: a simulation, what it must show, and how often it is run.

A simulation takes the number of runs and a seed, and gives one figure. In its quick form it runs in every test; in its
full form `make guarantees` runs it and writes docs/guarantees.md from what was seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

Simulation = Callable[[int, int], float]
STANDARD_ERRORS = 3.0


class Promise(NamedTuple):
    """`low` and `high` bound the figure. `rate`: it is a share of runs, so that a quick form is allowed three
    standard errors; other figures have to keep the bounds in both forms. `contrast` is what careless methods give.
    """

    group: str
    says: str
    simulate: Simulation
    quick: int
    full: int
    low: float = 0.0
    high: float = 1.0
    rate: bool = True
    contrast: tuple[str, Simulation] | None = None
    contrast_low: float = 0.0

    def allowed(self, runs: int) -> tuple[float, float]:
        """The bounds that so many runs are held to."""
        if not self.rate or runs >= self.full:
            return self.low, self.high
        return self.low - _slack(self.low, runs), self.high + _slack(self.high, runs)

    def kept(self, seen: float, runs: int) -> bool:
        """Whether a figure keeps the promise."""
        low, high = self.allowed(runs)
        return low <= seen <= high

    @property
    def bound(self) -> str:
        """The bounds in words."""
        low, high = (f"{100 * edge:g} %" if self.rate else f"{edge:g}" for edge in (self.low, self.high))
        if self.low <= 0.0:
            return f"at most {high}"
        return f"at least {low}" if self.high >= 1.0 else f"{low} to {high}"

    def shown(self, seen: float) -> str:
        """A figure as it is printed."""
        return f"{100 * seen:.2f} %" if self.rate else f"{seen:.3g}"


def _slack(rate: float, runs: int) -> float:
    return STANDARD_ERRORS * math.sqrt(rate * (1.0 - rate) / runs)
