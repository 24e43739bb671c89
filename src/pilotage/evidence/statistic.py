"""The target's test statistic at one look, and how much information it rests on. Pure.

Oriented so that a large statistic speaks for the candidate. Variances are those under the hypothesis that the
target is just not exceeded (score tests), since estimates of rare or skewed values mislead a Wald test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from pilotage.evidence.betting import contrast
from pilotage.evidence.compare import absent, binary, effective_calls, effective_pairs, too_skewed
from pilotage.evidence.figures import only_stage
from pilotage.evidence.intervals import tango_variance, two_shares_variance
from pilotage.evidence.measurements import NotEstimable
from pilotage.evidence.moments import Moments, moments
from pilotage.evidence.sequential import planned_drift
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.values import orientation
from pilotage.playbook.metrics import Metric, Target

UNITS_TO_TEST = 20
HOURS_PER_WEEK = 168.0
_CONSTANT = NotEstimable(reason="All values are equal so far, so the spread between units is unknown.")


class Statistic(Struct, frozen=True, kw_only=True):
    """`z` is standard normal at the target; `information` is one over the estimate's variance."""

    z: float
    information: float


class _Part(Struct, frozen=True):
    """One stage's estimate of the contrast: weight, distance from the level, variance to test with, and variance
    to count information with (without what few units add to the former).
    """

    weight: float
    distance: float
    variance: float
    seen: float


def effect(target: Target) -> float:
    """What the contrast of `statistic` is expected to exceed its level by: for a share, in units of the metric."""
    ahead = abs(target.expected - target.target)
    return ahead * target.baseline if target.form == "share" else ahead


def planned_information(target: Target, alpha: float, calls: float) -> float | NotEstimable:
    """Full information: what the test needs to reach with the target's power if the candidate is as expected, or
    what `calls` (those the timeline brings) give, if that is more. A test that may run longer misses less.
    """
    ahead = effect(target)
    if ahead <= 0.0:
        return NotEstimable(reason="The expected value is no better than the target, so no test can be planned.")
    return max((planned_drift(alpha, target.power) / ahead) ** 2, calls / variance_per_call(target))


def variance_per_call(target: Target) -> float:
    """The planning variance that one call contributes, clustering included."""
    return target.deviation**2 * target.design_effect


def planned_calls(target: Target, weeks: float, label_window_hours: float = 0.0) -> float:
    """The calls that count in so many weeks: those until the label's window before the end."""
    return target.calls_per_week * max(weeks - label_window_hours / HOURS_PER_WEEK, 0.0)


def statistic(target: Target, metric: Metric, stages: Sequence[StageTotals]) -> Statistic | NotEstimable:
    """How far the estimate lies above the target, in standard errors."""
    if metric.observable == "shadow":
        stage = only_stage(stages)
        if isinstance(stage, NotEstimable):
            return stage
        stages = (stage,)
    found = [_part(target, metric, stage) for stage in stages]
    parts = [part for part in found if isinstance(part, _Part)]
    if not parts:
        reasons = [part for part in found if isinstance(part, NotEstimable)]
        return reasons[0] if reasons else NotEstimable(reason="Nothing has been measured yet.")
    weight = sum(part.weight for part in parts)
    distance = sum(part.weight * part.distance for part in parts) / weight
    # Units come back in later stages, so errors add up as if wholly correlated.
    error = sum(part.weight * math.sqrt(part.variance) for part in parts) / weight
    seen = sum(part.weight * math.sqrt(part.seen) for part in parts) / weight
    return Statistic(z=distance / error, information=1.0 / seen**2)


def _part(target: Target, metric: Metric, stage: StageTotals) -> _Part | NotEstimable:
    a, b, level = contrast(target, metric, target.target)
    if target.form != "own" and metric.observable == "exposed":
        return _between(metric, stage, (a, b), level)
    totals = stage.candidate if target.form == "own" else stage.paired
    if refused := absent(totals, "calls with a known value") or _too_few(totals.units):
        return refused
    if binary(metric) and target.form == "own":
        return _own_share(moments(totals, 1.0, 0.0, metric.shift), metric, target.target)
    m = moments(totals, a, b, metric.shift)
    if binary(metric) and target.form == "difference":
        return _paired_shares(m, level)
    if m.spread <= 0.0:
        return _CONSTANT
    return too_skewed(m) or _Part(m.calls, m.mean - level, m.variance_at(level), m.variance)


def _own_share(m: Moments, metric: Metric, share: float) -> _Part | NotEstimable:
    """The score test of one proportion."""
    if not 0.0 < share < 1.0:
        return NotEstimable(reason=f"A share cannot be shown to be better than {share:g}.")
    distance = orientation(metric) * (m.mean - share)
    variance = share * (1.0 - share) / effective_calls(m)
    return _Part(m.calls, distance, variance + _few(m, distance), variance)


def _paired_shares(m: Moments, level: float) -> _Part | NotEstimable:
    """Tango's score test of a paired difference of proportions."""
    b, c, n = effective_pairs(m)
    distance = m.mean - level
    variance = tango_variance(b, c, n, level)
    if variance <= 0.0:
        return _CONSTANT
    return _Part(m.calls, distance, variance + _few(m, distance), variance)


def _between(metric: Metric, stage: StageTotals, weights: tuple[float, float], level: float) -> _Part | NotEstimable:
    """The contrast between the units of the two arms, which are different and so independent."""
    arms: list[Moments] = []
    for weight, totals in zip(weights, (stage.candidate, stage.incumbent), strict=True):
        if refused := absent(totals, "calls of one arm") or _too_few(totals.units):
            return refused
        arms.append(moments(totals, weight, 0.0, metric.shift))
    candidate, incumbent = arms
    if not binary(metric) and (skewed := too_skewed(candidate) or too_skewed(incumbent)):
        return skewed
    seen = candidate.variance + incumbent.variance
    if seen <= 0.0:
        return _CONSTANT
    distance = candidate.mean + incumbent.mean - level
    few = distance * distance / min(candidate.effective_units, incumbent.effective_units)
    if binary(metric) and set(weights) == {1.0, -1.0}:
        return _two_shares(metric, stage, weights, level, seen)
    size = candidate.calls * incumbent.calls / (candidate.calls + incumbent.calls)
    return _Part(size, distance, seen + few, seen)


def _two_shares(
    metric: Metric, stage: StageTotals, weights: tuple[float, float], level: float, seen: float
) -> _Part | NotEstimable:
    """The score test of two shares: with the variance that is seen, a share that is high by chance would also look
    sure, and a candidate at its target would go too often.
    """
    candidate, incumbent = (moments(totals, 1.0, 0.0, metric.shift) for totals in (stage.candidate, stage.incumbent))
    shares = [(m.mean, effective_calls(m)) for m in (candidate, incumbent)]
    first, second = shares if weights[0] > 0.0 else shares[::-1]
    variance = two_shares_variance(first, second, level)
    if variance <= 0.0:
        return _CONSTANT
    distance = first[0] - second[0] - level
    few = _few(candidate, distance) + _few(incumbent, distance)
    size = candidate.calls * incumbent.calls / (candidate.calls + incumbent.calls)
    return _Part(size, distance, variance + few, seen)


def _too_few(units: float) -> NotEstimable | None:
    if units >= UNITS_TO_TEST:
        return None
    return NotEstimable(
        reason=f"The variance between {units:.0f} units is not to be trusted; the test begins at {UNITS_TO_TEST}.",
        units=round(units),
    )


def _few(m: Moments, distance: float) -> float:
    """What a variance under the hypothesis adds where units have several calls, as in `Moments.variance_at`."""
    return 0.0 if m.single else distance * distance / m.effective_units
