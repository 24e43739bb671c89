"""The normal distribution without loading a numerical library. Pure."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_STANDARD = NormalDist()


def upper_tail(z: float) -> float:
    """P(Z > z), with full relative precision far out in the tail."""
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def quantile(probability: float) -> float:
    """The z below which that probability lies."""
    return _STANDARD.inv_cdf(probability)


@lru_cache(maxsize=64)
def two_sided(level: float) -> float:
    """The z of a central interval of that level: 1.96 for 0.95. ValueError outside (0, 1)."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"An interval's level lies between 0 and 1, not at {level}.")
    return -quantile((1.0 - level) / 2.0)
