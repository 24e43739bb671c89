"""Ratios of two sums, such as the cost of a solved ticket: y over z, clustered by unit. Pure.

Against a fixed figure T nothing is divided: the mean of y - T z is tested against 0 (Fieller 1954), with the variance
under that hypothesis, sum (y - T z)^2 over units. The interval holds every T that this test does not reject. Between
the arms each ratio's error is that of its linearised influence (y - R z) / sum z (Deng, Knoblich and Lu, arXiv
1803.06336). Products of both arms' four sums on a pair are not kept, so a paired difference adds the two errors as if
wholly correlated: SD(A - B) <= SD(A) + SD(B) whatever the correlation.
"""

from __future__ import annotations

import math

from pilotage.evidence.betting import contrast
from pilotage.evidence.compare import absent, too_skewed
from pilotage.evidence.measurements import Estimate, Estimated, NotEstimable
from pilotage.evidence.moments import Moments, moments
from pilotage.evidence.normal import two_sided
from pilotage.evidence.parts import Part, too_few
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals
from pilotage.evidence.values import orientation
from pilotage.playbook.metrics import Metric, Target

METHOD = "ratio, clustered score test"


def arm(totals: Totals, level: float) -> Estimated:
    """One arm's ratio with its interval: all T with (Y - T Z)^2 <= k sum (y - T z)^2, k the squared critical value."""
    influence = _influence(totals)
    if isinstance(influence, NotEstimable):
        return influence
    calls, units = round(totals.n), round(totals.units)
    if influence.spread <= 0.0:
        return NotEstimable(
            reason="All units have the same ratio, so the spread between them is unknown.", calls=calls, units=units
        )
    k = two_sided(level) ** 2
    a, b, c = totals.z**2 - k * totals.zz, totals.y * totals.z - k * totals.yz, totals.y**2 - k * totals.yy
    if a <= 0.0:
        return NotEstimable(
            reason=f"The denominator of {units} units is not clearly above zero, so the ratio could be anything.",
            calls=calls,
            units=units,
        )
    root = math.sqrt(max(b * b - a * c, 0.0))
    return Estimate(
        value=totals.y / totals.z,
        low=(b - root) / a,
        high=(b + root) / a,
        calls=calls,
        units=units,
        method=METHOD,
        level=level,
    )


def compared_arm(totals: Totals, level: float) -> Estimated:
    """An arm's ratio for a comparison, which takes more units the more skewed their influence is."""
    influence = _influence(totals)
    if isinstance(influence, NotEstimable):
        return influence
    return too_skewed(influence) or arm(totals, level)


def paired_difference(metric: Metric, stage: StageTotals, level: float) -> Estimated:
    """Candidate minus incumbent on the same calls, oriented; right for any correlation of the two."""
    found = [compared_arm(totals, level) for totals in (stage.paired, stage.paired_incumbent)]
    if metric.direction == "lower":
        found.reverse()
    better, worse = found
    if isinstance(better, NotEstimable):
        return better
    if isinstance(worse, NotEstimable):
        return worse
    return Estimate(
        value=better.value - worse.value,
        low=better.low - worse.high,
        high=better.high - worse.low,
        calls=better.calls,
        units=better.units,
        method="paired ratios, bound for any correlation",
        level=level,
    )


def part(target: Target, metric: Metric, stage: StageTotals) -> Part | NotEstimable:
    """One stage's part of the test, on the scale of the ratio: distance and errors divided by the mean of z."""
    if target.form == "own":
        return _own_part(target, metric, stage.candidate)
    live = metric.observable == "exposed"
    arms = (stage.candidate, stage.incumbent) if live else (stage.paired, stage.paired_incumbent)
    found = [_compared(totals) for totals in arms]
    refused = [one for one in found if isinstance(one, NotEstimable)]
    if refused:
        return refused[0]
    candidate, incumbent = (one for one in found if isinstance(one, tuple))
    distance = orientation(metric) * (candidate[0] - incumbent[0]) - target.target
    errors = candidate[1], incumbent[1]
    seen = sum(error * error for error in errors) if live else sum(errors) ** 2
    few = distance * distance / min(candidate[2].effective_units, incumbent[2].effective_units)
    calls = candidate[2].calls, incumbent[2].calls
    size = calls[0] * calls[1] / sum(calls) if live else calls[0]
    return Part(size, distance, seen + few, seen)


def _own_part(target: Target, metric: Metric, totals: Totals) -> Part | NotEstimable:
    refused = absent(totals, "calls with a known value") or too_few(totals.units) or _no_denominator(totals)
    if refused:
        return refused
    a, b, level = contrast(target, metric, target.target)
    m, scale = moments(totals, a, b, 0.0), totals.z / totals.n
    if m.spread <= 0.0:
        return NotEstimable(reason="All units have the same ratio, so the spread between them is unknown.")
    influence = moments(totals, 1.0, -totals.y / totals.z, 0.0)
    skewed = too_skewed(m)
    return skewed or Part(
        m.calls, (m.mean - level) / scale, m.variance_at(level) / scale**2, influence.variance / scale**2
    )


def _compared(totals: Totals) -> tuple[float, float, Moments] | NotEstimable:
    """An arm's ratio, its error, and its influence."""
    influence = _influence(totals)
    if isinstance(influence, NotEstimable):
        return influence
    if refused := too_few(totals.units) or too_skewed(influence):
        return refused
    if influence.spread <= 0.0:
        return NotEstimable(reason="All units have the same ratio, so the spread between them is unknown.")
    scale = totals.z / totals.n
    return totals.y / totals.z, math.sqrt(influence.variance) / scale, influence


def _influence(totals: Totals) -> Moments | NotEstimable:
    """The moments of y - R z."""
    refused = absent(totals, "calls with numerator and denominator known") or _no_denominator(totals)
    return refused or moments(totals, 1.0, -totals.y / totals.z, 0.0)


def _no_denominator(totals: Totals) -> NotEstimable | None:
    if totals.z > 0.0:
        return None
    return NotEstimable(
        reason="The denominator is zero in all calls so far, so there is nothing to divide by.",
        calls=round(totals.n),
        units=round(totals.units),
    )
