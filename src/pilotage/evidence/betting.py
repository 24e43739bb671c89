"""Bets that a unit falls short: evidence that is exact however often one looks. Pure.

The bettor starts with 1 and can only lose, on average, if the hypothesis "the mean is at least the threshold"
holds; wealth of 1/alpha is seen with a probability of at most alpha, ever (Ville 1939; Waudby-Smith and Ramdas,
arXiv 2010.09686). Ten bettors with stakes from bold to timid share the start, so no stake has to be chosen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pilotage.evidence.plan import BetThreshold, MeasurementPlan
from pilotage.evidence.readers import denominator_of
from pilotage.evidence.sums import UnitSum
from pilotage.evidence.values import orientation, value_range
from pilotage.playbook.kinds import kind_of
from pilotage.playbook.metrics import Guardrail, Metric, Target
from pilotage.playbook.quantiles import floor_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STAKES = tuple(2.0**-j for j in range(1, 11))
FLOOR_BET = "floor"
LogWealth = tuple[float, float, float, float, float, float, float, float, float, float]
_ROUNDING = 1e-9
_LOG_WEALTH_MAX = math.log(1e300)


def log_wealth(x: float, threshold: float, lo: float, hi: float) -> LogWealth:
    """What one closed unit adds to each bettor's log wealth: ln(1 + l (threshold - x)), l = 2^-j / (hi - threshold).

    ValueError when x is outside [lo, hi] or the threshold is not below `hi`: the guarantee would be void.
    """
    room = hi - threshold
    if room <= 0.0:
        raise ValueError(f"A threshold of {threshold:g} that no value can exceed ({hi:g}) cannot be bet against.")
    slack = _ROUNDING * max(1.0, hi - lo)
    if not lo - slack <= x <= hi + slack:
        raise ValueError(f"A value of {x:g} outside [{lo:g}, {hi:g}] cannot be bet on.")
    short = (threshold - min(max(x, lo), hi)) / room
    return tuple(math.log1p(stake * short) for stake in STAKES)  # type: ignore[return-value]


def unit_log_wealth(bet: BetThreshold, unit: UnitSum) -> LogWealth:
    """The same from a unit's sums as stored. ZeroDivisionError for a unit without calls: it does not bet."""
    return log_wealth((bet.a * unit.y + bet.b * unit.z) / unit.n, bet.threshold, bet.lo, bet.hi)


def summed_log_wealth(bet: BetThreshold, n: Floats, y: Floats, z: Floats) -> LogWealth:
    """The sum of `unit_log_wealth` over many units, from arrays of their sums as stored; every unit has calls.
    ValueError as for `log_wealth`, if any unit is outside the range.
    """
    import numpy as np  # noqa: PLC0415 - loaded by those who bet in bulk only

    x = (bet.a * y + bet.b * z) / n
    for end in (x.min(), x.max()):
        log_wealth(float(end), bet.threshold, bet.lo, bet.hi)
    short = (bet.threshold - np.clip(x, bet.lo, bet.hi)) / (bet.hi - bet.threshold)
    return tuple(float(np.log1p(stake * short).sum()) for stake in STAKES)  # type: ignore[return-value]


def evidence(log_wealth_sums: Sequence[float]) -> float:
    """The mean wealth of the bettors: at least 1/alpha is reason to act. At most 1e300, so that it can be written
    down where infinity cannot.
    """
    peak = max(log_wealth_sums)
    if peak > _LOG_WEALTH_MAX:
        return math.exp(_LOG_WEALTH_MAX)
    mean = math.fsum(math.exp(total - peak) for total in log_wealth_sums) / len(log_wealth_sums)
    return mean * math.exp(peak)


def harm_bet(guardrail: Guardrail) -> str:
    """The id of a guardrail's bet."""
    return f"{'limit' if guardrail.limit is not None else 'harm'}:{guardrail.metric}"


def bets_for(plan: MeasurementPlan) -> tuple[BetThreshold, ...]:
    """The bets that a plan calls for: that the target's mean lies below its floor, and that a guardrail's margin
    or limit is broken. Threshold and range are on the scale of the stored (shifted) sums.

    None is made where no bet is possible: on a comparison of arms that never answer the same call (metrics seen
    only once people are exposed), or at a threshold that no value can exceed; there the intervals decide.
    """
    metrics = {metric.id: metric for metric in plan.metrics}
    bets = [_guardrail_bet(guardrail, metrics[guardrail.metric]) for guardrail in plan.guardrails]
    if plan.target is not None:
        floor = floor_of(plan.target) or plan.target
        bets.insert(0, _floor_bet(floor, metrics[floor.metric]))
    return tuple(bet for bet in bets if bet is not None)


def contrast(target: Target, metric: Metric, threshold: float) -> tuple[float, float, float]:
    """(a, b, level) such that the target exceeds the threshold, under its form, when the mean of a*y + b*z exceeds
    the level; y the candidate's value and z the incumbent's, not shifted. Of a ratio, which has no other contrast, y
    and z are the candidate's own numerator and denominator: it lies above T where y - T z lies above 0.
    """
    up = orientation(metric)
    if kind_of(metric).divides:
        return up, -up * threshold, 0.0
    if target.form == "own":
        return up, 0.0, up * threshold
    if target.form == "difference":
        return up, -up, threshold
    return up, -up * (1.0 + up * threshold), 0.0


def _floor_bet(target: Target, metric: Metric) -> BetThreshold | None:
    if kind_of(metric).divides and target.form != "own":
        return None
    a, b, level = contrast(target, metric, target.floor)
    return _bet(FLOOR_BET, metric, a, b, level)


def _guardrail_bet(guardrail: Guardrail, metric: Metric) -> BetThreshold | None:
    up = orientation(metric)
    if kind_of(metric).divides:
        limit = guardrail.limit
        return None if limit is None else _bet(harm_bet(guardrail), metric, up, -up * limit, 0.0)
    if guardrail.limit is not None:
        return _bet(harm_bet(guardrail), metric, up, 0.0, up * guardrail.limit)
    return _bet(harm_bet(guardrail), metric, up, -up, -guardrail.margin)


def _bet(bet_id: str, metric: Metric, a: float, b: float, level: float) -> BetThreshold | None:
    # Of a unit's sum a window shows only a part, so it cannot be bet on.
    divides = kind_of(metric).divides
    paired = bool(b) and not divides
    if metric.per == "unit_sum" or (paired and metric.observable == "exposed"):
        return None
    ranges = (value_range(metric), value_range(denominator_of(metric) if divides else metric))
    ends = [
        (min(w * least, w * most), max(w * least, w * most)) for w, (least, most) in zip((a, b), ranges, strict=True)
    ]
    offset = 0.0 if divides else (a + b) * metric.shift
    lo, hi = ends[0][0] + ends[1][0] - offset, ends[0][1] + ends[1][1] - offset
    threshold = level - offset
    if threshold >= hi:
        return None
    return BetThreshold(
        id=bet_id,
        metric=metric.id,
        a=a,
        b=b,
        lo=lo,
        hi=hi,
        threshold=threshold,
        series="paired" if paired else "candidate",
    )
