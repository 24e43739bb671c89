"""The learning curve: would more examples close the gap? Pure.

Error falls with the number of examples n like a + b n^-c: a is what more data never removes (Cortes et al., NIPS 6,
1994; Hestness et al., arXiv 1712.00409; on where it fails, Viering and Loog, arXiv 2103.10948).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from pilotage.evidence.measurements import NotEstimable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POINTS_MIN = 4
DRAWS = 500
SEED = 20261128
FARTHEST = 10.0
"""How many times the examples of the largest point the curve is trusted for."""
SURE = 0.8
_EXPONENTS = 100
_EXPONENT_MAX = 2.0

CurveVerdict = Literal["more_data", "plateau", "undecided"]


class CurvePoint(Struct, frozen=True, kw_only=True):
    """A measured value of the target metric after learning from so many examples. `origin` says of what."""

    examples: int
    value: float
    origin: str = ""


class LearningCurve(Struct, frozen=True, kw_only=True, tag="learning_curve"):
    """value = limit +/- scale n^-rate in the metric's unit, with 90 % intervals by residual bootstrap.

    `reaches` is the share of bootstrap curves that reach the target within `FARTHEST` times the most examples seen;
    `needed` the examples at which the fitted curve does, None where it never does; `needed_low` and `needed_high` are
    the 5th and 95th percentile over all curves, None for never.
    """

    points: tuple[CurvePoint, ...]
    target: float
    limit: float
    limit_low: float
    limit_high: float
    scale: float
    rate: float
    needed: float | None
    needed_low: float | None
    needed_high: float | None
    reaches: float
    verdict: CurveVerdict
    reason: str


def learning_curve(
    points: Sequence[CurvePoint], *, target: float, best: float, higher: bool, seed: int = SEED
) -> LearningCurve | NotEstimable:
    """The inverse power law through the points by least squares with a, b >= 0 and 0 < c <= 2.

    `best` is the best value that there can be, from which error is counted; `higher` whether more is better. Intervals
    come from a residual bootstrap (Efron, Annals of Statistics 7, 1979; Davison and Hinkley 1997, section 6.3), the
    residuals widened for the three parameters; the seed is given, so the same points give the same figures.
    """
    import numpy as np  # noqa: PLC0415 - loaded by those who fit a curve only

    used = sorted(points, key=lambda point: point.examples)
    sizes = {point.examples for point in used}
    if len(sizes) < POINTS_MIN:
        return NotEstimable(
            reason=f"A learning curve takes values at {POINTS_MIN} different numbers of examples; "
            f"there are {len(sizes)}.",
            calls=len(used),
        )
    if used[0].examples < 1:
        return NotEstimable(reason="Numbers of examples have to be 1 or more.", calls=len(used))
    sign = -1.0 if higher else 1.0
    n = np.array([point.examples for point in used], dtype=np.float64)
    errors = np.array([sign * (point.value - best) for point in used], dtype=np.float64)
    if not np.isfinite(errors).all() or (errors < 0.0).any():
        return NotEstimable(reason=f"A value lies beyond {best:g}, the best that there can be.", calls=len(used))
    scaled = n / n[-1]
    (a,), (b,), (c,) = _fit(scaled, errors[None, :])
    fitted = a + b * scaled**-c
    noise = (errors - fitted) * np.sqrt(len(n) / max(len(n) - 3.0, 1.0))
    noise -= noise.mean()
    drawn = fitted + np.random.default_rng(seed).choice(noise, size=(DRAWS, len(n)))
    curves = _fit(scaled, np.maximum(drawn, 0.0))
    goal = sign * (target - best)
    return _told(
        used, float(n[-1]), (float(a), float(b), float(c)), curves, goal=goal, sign=sign, best=best, target=target
    )


def _fit(
    n: NDArray[np.float64], errors: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(a, b, c) of each row of errors: for each exponent of a grid the least squares with a, b >= 0, and the best of
    them. The grid is fine enough that its step is far below any curve's uncertainty.
    """
    import numpy as np  # noqa: PLC0415 - loaded by those who fit a curve only

    exponents = np.geomspace(0.01, _EXPONENT_MAX, _EXPONENTS)
    found = [np.full(len(errors), np.inf), *(np.zeros(len(errors)) for _ in range(3))]
    mean = errors.mean(axis=1)
    for c in exponents:
        x = n**-c
        off = x - x.mean()
        b = errors @ off / (off @ off)
        a = mean - b * x.mean()
        # Where a bound is overstepped the least squares lie on it.
        b = np.where(a < 0.0, errors @ x / (x @ x), b)
        a = np.where(a < 0.0, 0.0, a)
        a, b = np.where(b < 0.0, mean, a), np.maximum(b, 0.0)
        lost = ((errors - a[:, None] - b[:, None] * x) ** 2).sum(axis=1)
        better = lost < found[0]
        for held, new in zip(found, (lost, a, b, np.full(len(errors), c)), strict=True):
            held[better] = new[better]
    return found[1], found[2], found[3]


def _needed(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], goal: float) -> NDArray[np.float64]:
    """The examples, in units of the most seen, from which a + b n^-c is at most the goal; infinite for never."""
    import numpy as np  # noqa: PLC0415 - loaded by those who fit a curve only

    room = goal - a
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        reached = np.exp(np.log(b / room) / c)
    return np.where(room > 0.0, np.where(b > 0.0, reached, 0.0), np.inf)


def _told(
    points: Sequence[CurvePoint],
    most: float,
    fit: tuple[float, float, float],
    curves: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    *,
    goal: float,
    sign: float,
    best: float,
    target: float,
) -> LearningCurve:
    import numpy as np  # noqa: PLC0415 - loaded by those who fit a curve only

    a, b, c = fit
    single = _needed(np.array([a]), np.array([b]), np.array([c]), goal)[0]
    spread = _needed(*curves, goal)
    reaches = float((spread <= FARTHEST).mean())
    verdict: CurveVerdict = "more_data" if reaches >= SURE else "plateau" if reaches <= 1.0 - SURE else "undecided"
    ends = sorted(best + sign * float(end) for end in np.quantile(curves[0], (0.05, 0.95)))
    low, high = (float(end) for end in np.quantile(spread, (0.05, 0.95), method="inverted_cdf"))
    needed = _count(single, most)
    return LearningCurve(
        points=tuple(points),
        target=target,
        limit=best + sign * a,
        limit_low=ends[0],
        limit_high=ends[1],
        scale=b * most**c,
        rate=c,
        needed=needed,
        needed_low=_count(low, most),
        needed_high=_count(high, most),
        reaches=reaches,
        verdict=verdict,
        reason=_in_words(verdict, needed, most, reaches, target),
    )


def _count(relative: float, most: float) -> float | None:
    return math.ceil(relative * most) if math.isfinite(relative) and relative * most < 1e15 else None  # noqa: PLR2004 - more examples than there are


def _in_words(verdict: CurveVerdict, needed: float | None, most: float, reaches: float, target: float) -> str:
    far = f"{FARTHEST:g} times the {most:,.0f} examples of the largest point"
    if verdict == "more_data":
        about = f"about {needed:,.0f} examples" if needed is not None else "more examples"
        return f"{reaches:.0%} of the curves that fit reach {target:g} within {far}; the best takes {about}."
    if verdict == "plateau":
        return f"Only {reaches:.0%} of the curves that fit reach {target:g} within {far}: more such data will not do."
    return f"{reaches:.0%} of the curves that fit reach {target:g} within {far}: these points cannot tell."
