"""The target's test statistic at one look, and how much information it rests on. Pure.

Oriented so that a large statistic speaks for the candidate. Variances are those under the hypothesis that the
target is just not exceeded (score tests), since estimates of rare or skewed values mislead a Wald test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from pilotage.evidence import stratified
from pilotage.evidence.clusters import bent, days_of, target_part
from pilotage.evidence.compare import binary, one_armed
from pilotage.evidence.figures import only_stage
from pilotage.evidence.measurements import LeftOut, NotEstimable
from pilotage.evidence.parts import Part, too_few
from pilotage.evidence.sequential import planned_drift
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.stratified import Stratum, strata_of
from pilotage.playbook.metrics import Metric, Target

HOURS_PER_WEEK = 168.0
DAYS_PER_WEEK = 7


class Statistic(Struct, frozen=True, kw_only=True):
    """`z` is standard normal at the target; `precision` is one over the estimate's variance. `information` is what the
    looks' share of it is counted in: the precision, or the number of days where days are clusters. The precision seen
    of few days is chance itself: it would rise until the first bad day, and fall back with it. `left_out` are the
    stages with calls that the test does not rest on.
    """

    z: float
    information: float
    precision: float
    left_out: tuple[LeftOut, ...] = ()


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


def counted_in(target: Target, planned: float) -> float:
    """Full information as the looks count it: itself, or the days in which the planned traffic brings it."""
    if target.cluster == "unit":
        return planned
    return planned * variance_per_call(target) / target.calls_per_week * DAYS_PER_WEEK


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
    elif target.form == "difference" and binary(metric) and (strata := strata_of(metric, stages)) is not None:
        return _over_strata(target, strata, one_armed(stages))
    found = [(stage, target_part(target, metric, stage)) for stage in stages]
    parts = [part for _, part in found if isinstance(part, Part)]
    if not parts:
        reasons = [part for _, part in found if isinstance(part, NotEstimable)]
        return reasons[0] if reasons else NotEstimable(reason="Nothing has been measured yet.")
    weight = sum(part.weight for part in parts)
    distance = sum(part.weight * part.distance for part in parts) / weight
    # Units come back in later stages, so errors add up as if wholly correlated.
    error = sum(part.weight * math.sqrt(part.variance) for part in parts) / weight
    seen = sum(part.weight * math.sqrt(part.seen) for part in parts) / weight
    lean = sum(part.weight * part.lean for part in parts) / weight
    precision = 1.0 / seen**2
    days = days_of(target, stages)
    z = bent(distance / error, lean) if lean else distance / error
    left_out = tuple(
        LeftOut(stage=stage.stage, reason=part.reason)
        for stage, part in found
        if isinstance(part, NotEstimable) and stage.candidate.n + stage.incumbent.n + stage.paired.n > 0
    )
    return Statistic(z=z, information=precision if days is None else days, precision=precision, left_out=left_out)


def _over_strata(target: Target, strata: Sequence[Stratum], left_out: tuple[LeftOut, ...]) -> Statistic | NotEstimable:
    """Of shares in several stages, where no unit has more than one call: see `stratified`."""
    fewest = min(sum(one.first[1] for one in strata), sum(one.second[1] for one in strata))
    if refused := too_few(fewest):
        return refused
    z, seen = stratified.score(strata, target.target), stratified.seen_variance(strata)
    if z is None or seen <= 0.0:
        return NotEstimable(reason="All values are equal so far, so the spread between units is unknown.")
    return Statistic(z=z, information=1.0 / seen, precision=1.0 / seen, left_out=left_out)
