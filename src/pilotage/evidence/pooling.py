"""Partial pooling: each segment's estimate drawn towards the mean of all, the more the less it rests on. Pure.

A segment's estimate is taken as its true value plus noise of known variance, the true values as drawn around a common
mean with an unknown variance. The mean of squared errors over the segments is then lower than that of the raw
estimates, and a few calls cannot make a segment stand out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from pilotage.evidence.measurements import NotEstimable
from pilotage.evidence.normal import two_sided

SEGMENTS_MIN = 4
_HALVINGS = 200


class Pooled(Struct, frozen=True, kw_only=True):
    """One segment after pooling. `kept` is the share of its distance from the common mean that it keeps."""

    value: float
    low: float
    high: float
    kept: float


class Pool(Struct, frozen=True, kw_only=True):
    """All segments together: their common mean, and the standard deviation of their true values around it."""

    mean: float
    spread: float
    level: float
    segments: tuple[Pooled, ...]


def between_variance(values: Sequence[float], errors: Sequence[float]) -> float:
    """The variance of the true values by Paule and Mandel (J. Res. NBS 87, 1982): the one at which the weighted
    squares about the weighted mean come to their expectation, k - 1; 0 when they lie below it without any.

    `errors` are standard errors, all positive. ValueError for fewer than two values.
    """
    if len(values) < 2:  # noqa: PLR2004 - one value has no spread
        raise ValueError("The spread between segments takes at least two of them.")
    expected = len(values) - 1.0
    if _squares(values, errors, 0.0) <= expected:
        return 0.0
    low, high = 0.0, max((value - values[0]) ** 2 for value in values) + max(error**2 for error in errors)
    while _squares(values, errors, high) > expected:
        high *= 2.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if not low < middle < high:
            break
        low, high = (middle, high) if _squares(values, errors, middle) > expected else (low, middle)
    return high


def heterogeneity(values: Sequence[float], errors: Sequence[float]) -> float:
    """Cochran's Q (Biometrics 10, 1954): chi-square with k - 1 degrees of freedom where all segments are alike."""
    return _squares(values, errors, 0.0)


def pool(values: Sequence[float], errors: Sequence[float], *, level: float = 0.95) -> Pool | NotEstimable:
    """Empirical Bayes estimates with intervals after Morris (JASA 78, 1983, section 5): the shrinking is held back by
    (k - 3)/(k - 1) and the intervals widened, since the spread between segments is itself estimated.

    `errors` are standard errors, all positive. Refused below four segments, where no shrinking is sure to help.
    """
    k = len(values)
    if k < SEGMENTS_MIN:
        return NotEstimable(
            reason=f"Pooling takes {SEGMENTS_MIN} segments with a figure; there are {k}, so the raw figures stand."
        )
    between = between_variance(values, errors)
    variances = [error**2 for error in errors]
    weights = [1.0 / (variance + between) for variance in variances]
    total = math.fsum(weights)
    mean = math.fsum(w * v for w, v in zip(weights, values, strict=True)) / total
    typical = math.fsum(w * v for w, v in zip(weights, variances, strict=True)) / total
    z = two_sided(level)
    pooled = []
    for value, variance, weight in zip(values, variances, weights, strict=True):
        shrunk = (k - 3.0) / (k - 1.0) * variance * weight
        unsure = 2.0 / (k - 3.0) * shrunk**2 * (typical + between) * weight
        # r_i = k w_i / sum w is the share of the common mean that the segment makes up itself.
        error = math.sqrt(variance * (1.0 - (1.0 - weight / total) * shrunk) + unsure * (value - mean) ** 2)
        centre = value - shrunk * (value - mean)
        pooled.append(Pooled(value=centre, low=centre - z * error, high=centre + z * error, kept=1.0 - shrunk))
    return Pool(mean=mean, spread=math.sqrt(between), level=level, segments=tuple(pooled))


def _squares(values: Sequence[float], errors: Sequence[float], between: float) -> float:
    weights = [1.0 / (error**2 + between) for error in errors]
    mean = math.fsum(w * v for w, v in zip(weights, values, strict=True)) / math.fsum(weights)
    return math.fsum(w * (v - mean) ** 2 for w, v in zip(weights, values, strict=True))
