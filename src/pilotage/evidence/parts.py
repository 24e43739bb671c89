"""One stage's part of the test statistic: how far it lies above the target, and how sure that is. Pure."""

from __future__ import annotations

from msgspec import Struct

from pilotage.evidence.betting import contrast
from pilotage.evidence.compare import absent, binary, effective_calls, effective_pairs, too_skewed
from pilotage.evidence.intervals import tango_variance, two_shares_variance
from pilotage.evidence.measurements import NotEstimable
from pilotage.evidence.moments import Moments, moments
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.values import orientation
from pilotage.playbook.metrics import Metric, Target

UNITS_TO_TEST = 20
_CONSTANT = NotEstimable(reason="All values are equal so far, so the spread between units is unknown.")


class Part(Struct, frozen=True):
    """One stage's estimate of the contrast: weight, distance from the level, variance to test with, and variance
    to count information with (without what few units add to the former). `lean` is for `clusters.bent`.
    """

    weight: float
    distance: float
    variance: float
    seen: float
    lean: float = 0.0


def part(target: Target, metric: Metric, stage: StageTotals) -> Part | NotEstimable:
    """Of a share or a mean."""
    a, b, level = contrast(target, metric, target.target)
    if target.form != "own" and metric.observable == "exposed":
        return _between(metric, stage, (a, b), level)
    totals = stage.candidate if target.form == "own" else stage.paired
    if refused := absent(totals, "calls with a known value") or too_few(totals.units):
        return refused
    if binary(metric) and target.form == "own":
        return _own_share(moments(totals, 1.0, 0.0, metric.shift), metric, target.target)
    m = moments(totals, a, b, metric.shift)
    if binary(metric) and target.form == "difference":
        return _paired_shares(m, level)
    if m.spread <= 0.0:
        return _CONSTANT
    return too_skewed(m) or Part(m.calls, m.mean - level, m.variance_at(level), m.variance)


def _own_share(m: Moments, metric: Metric, share: float) -> Part | NotEstimable:
    """The score test of one proportion."""
    if not 0.0 < share < 1.0:
        return NotEstimable(reason=f"A share cannot be shown to be better than {share:g}.")
    distance = orientation(metric) * (m.mean - share)
    variance = share * (1.0 - share) / effective_calls(m)
    return Part(m.calls, distance, variance + _few(m, distance), variance)


def _paired_shares(m: Moments, level: float) -> Part | NotEstimable:
    """Tango's score test of a paired difference of proportions."""
    b, c, n = effective_pairs(m)
    distance = m.mean - level
    variance = tango_variance(b, c, n, level)
    if variance <= 0.0:
        return _CONSTANT
    return Part(m.calls, distance, variance + _few(m, distance), variance)


def _between(metric: Metric, stage: StageTotals, weights: tuple[float, float], level: float) -> Part | NotEstimable:
    """The contrast between the units of the two arms, which are different and so independent."""
    arms: list[Moments] = []
    for weight, totals in zip(weights, (stage.candidate, stage.incumbent), strict=True):
        if refused := absent(totals, "calls of one arm") or too_few(totals.units):
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
    return Part(size, distance, seen + few, seen)


def _two_shares(
    metric: Metric, stage: StageTotals, weights: tuple[float, float], level: float, seen: float
) -> Part | NotEstimable:
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
    return Part(size, distance, variance + few, seen)


def too_few(units: float) -> NotEstimable | None:
    """The refusal to test while the variance between units rests on next to none."""
    if units >= UNITS_TO_TEST:
        return None
    return NotEstimable(
        reason=f"The variance between {units:.0f} units is not to be trusted; the test begins at {UNITS_TO_TEST}.",
        units=round(units),
    )


def _few(m: Moments, distance: float) -> float:
    """What a variance under the hypothesis adds where units have several calls, as in `Moments.variance_at`."""
    return 0.0 if m.single else distance * distance / m.effective_units
